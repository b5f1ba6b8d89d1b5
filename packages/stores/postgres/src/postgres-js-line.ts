import { Socket } from "node:net";
import type { Place } from "./calling-off.js";
import type { PostgresJsSql } from "./postgres-js-database.js";

/** Options as the driver has worked them out: what it tells one that makes its sockets. */
export interface PostgresJsOptions {
  readonly host?: readonly string[];
  readonly port?: readonly number[];
  readonly path?: string | false | undefined;
  readonly ssl?: unknown;
  readonly sslnegotiation?: string | null;
  readonly socket?: ((options: PostgresJsOptions) => Socket | Promise<Socket>) | undefined;
}

/** A `sql` with one connection of our own. */
export interface Line {
  readonly sql: PostgresJsSql;
  /** Whether an answer is waited for. While there is none the connection does not keep the process alive. */
  wait(isWaiting: boolean): void;
  /** Where its connection leads to, while there is one. */
  where(): Place | undefined;
}

/**
 * The driver keeps its sockets to itself, so it is given them: it has no way to let a script end whose work is done, and
 * begins TLS also where the server has just said that it speaks none.
 *
 * @param given by whom else sockets are made: by the application, for its own `sql`
 */
export function openLine(
  open: (socket: PostgresJsOptions["socket"]) => PostgresJsSql,
  given?: PostgresJsOptions["socket"],
): Line {
  let socket: Socket | undefined;
  let path: string | false | undefined;
  let isAwaited = true;
  let attempts = 0;
  const make = (options: PostgresJsOptions): Socket => {
    const made = new Socket();
    if (typeof options.path === "string") made.connect(options.path);
    else {
      const { host = [], port = [] } = options;
      const turn = attempts % Math.max(1, port.length);
      attempts += 1;
      const there = { host: host[turn] ?? "localhost", port: port[turn] ?? 5432 };
      // The driver names it in its errors, and asks for a certificate of that name.
      made.connect(there);
      Object.assign(made, there);
    }
    if (options.ssl && options.ssl !== "prefer" && options.sslnegotiation !== "direct") {
      made.once("data", ([said]: Buffer) => {
        // As `pg` says it.
        if (said === NO_TLS) made.destroy(new Error("The server does not support SSL connections"));
      });
    }
    // The driver would connect again at once, and again, for as long as somebody answers and hangs up.
    let hasHeard = false;
    made.once("data", () => {
      hasHeard = true;
    });
    made.once("end", () => {
      if (!hasHeard) made.destroy(new Error("Connection terminated unexpectedly"));
    });
    return made;
  };
  const sql = open(async (options) => {
    socket = await (given ?? make)(options);
    if (!isAwaited) socket.unref();
    path = options.path;
    return socket;
  });
  return {
    sql,
    wait(isWaiting) {
      isAwaited = isWaiting;
      if (isWaiting) socket?.ref();
      else socket?.unref();
    },
    where() {
      if (typeof path === "string") return { path };
      const { remoteAddress: host, remotePort: port } = socket ?? {};
      return host === undefined || port === undefined ? undefined : { host, port };
    },
  };
}

/** `N`, where the server was asked for TLS. */
const NO_TLS = 78;
