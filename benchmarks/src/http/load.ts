import { connect } from "node:net";

/** A request ready for the wire. */
export function requestBytes(headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /me HTTP/1.1\r\n${lines.join("")}\r\n`;
}

const STATUS_OK = Buffer.from("HTTP/1.1 200 ");

/**
 * Sends `count` equal requests over `connections` connections that stay open, one at a time on each. It takes less time
 * for a request than any server does: one that has to wait for its load wakes up for each request, which costs it three
 * times as much.
 *
 * @param expected what every body must hold
 * @throws Error at the first answer that is not a 200 with `expected` in it
 */
export async function load(
  port: number,
  request: string,
  count: number,
  connections: number,
  expected: string,
): Promise<void> {
  const bytes = Buffer.from(request, "latin1");
  let left = count;
  /** The answer that was looked into last: the next ones have its length, and its body. */
  let known: { length: number; body: Buffer } | undefined;
  const isKnown = (buffer: Buffer, size: number): boolean =>
    known !== undefined &&
    size === known.length &&
    buffer.compare(STATUS_OK, 0, STATUS_OK.length, 0, STATUS_OK.length) === 0 &&
    buffer.compare(known.body, 0, known.body.length, size - known.body.length, size) === 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let received = "";
      const next = (): void => {
        if (left === 0) {
          socket.end();
          resolve();
        } else {
          left -= 1;
          socket.write(bytes);
        }
      };
      const look = (text: string): void => {
        received += text;
        const body = bodyOf(received);
        const isRefused = received.includes("\r\n") && !received.startsWith("HTTP/1.1 200 ");
        if (isRefused || body?.includes(expected) === false) {
          reject(new Error(`unexpected answer: ${received.split("\r\n", 1)[0]}`));
          socket.destroy();
          return;
        }
        if (body === undefined) return;
        known = { length: received.length, body: Buffer.from(body, "latin1") };
        received = "";
        next();
      };
      const socket = connect({
        port,
        host: "127.0.0.1",
        onread: {
          buffer: Buffer.alloc(65_536),
          callback(size, given) {
            const buffer = given as Buffer;
            if (received === "" && isKnown(buffer, size)) next();
            else look(buffer.toString("latin1", 0, size));
            return true;
          },
        },
      });
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the server closed the connection")));
    });
  await Promise.all(Array.from({ length: connections }, one));
}

/** The body, once all of it is there: its length was announced, or its last chunk is empty. */
function bodyOf(received: string): string | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const body = received.slice(end + 4);
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  const isWhole = length === undefined ? body.endsWith("0\r\n\r\n") : body.length >= Number(length);
  return isWhole ? body : undefined;
}
