import { connect } from "node:net";
import type { ServerKind } from "./server-kind.ts";

const LIMIT_MS = 1_000;

/** PostgreSQL's first message: protocol 3.0, account `postgres`. A server that is not ready answers error 57P03. */
const POSTGRES_HELLO = Buffer.concat([
  Buffer.from([0, 0, 0, 23, 0, 3, 0, 0]),
  Buffer.from("user\0postgres\0\0", "latin1"),
]);

/** Whether a server of this kind answers there: not merely that the port is open. */
export function canConnect(kind: ServerKind, host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(LIMIT_MS, () => done(false));
    socket.once("error", () => done(false));
    socket.once("connect", () => {
      if (kind === "postgres") socket.write(POSTGRES_HELLO);
      if (kind === "redis") socket.write("PING\r\n");
    });
    socket.once("data", (data) => {
      // Whatever it says of the account, it is up.
      if (kind === "postgres") done(/^[RE]/.test(data.toString("latin1")) && !data.includes("57P03"));
      // "LOADING …" is an answer too, but not yet of use.
      else if (kind === "redis") done(/^(\+PONG|-NOAUTH|-DENIED)/.test(data.toString("latin1")));
      // MySQL speaks first: protocol version 10, or an error packet.
      else done(data[4] === 10);
    });
  });
}
