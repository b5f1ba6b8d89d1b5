import { connect } from "node:net";

/** A request ready for the wire. */
export function requestBytes(headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET /me HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/**
 * Sends `count` equal requests over `connections` connections that stay open, one at a time on each.
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
  let left = count;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      let received = "";
      const next = (): void => {
        if (left === 0) {
          socket.end();
          resolve();
        } else {
          left -= 1;
          socket.write(request);
        }
      };
      socket.setEncoding("latin1");
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the server closed the connection")));
      socket.on("data", (chunk: string) => {
        received += chunk;
        const body = bodyOf(received);
        const isRefused = received.includes("\r\n") && !received.startsWith("HTTP/1.1 200 ");
        if (isRefused || body?.includes(expected) === false) {
          reject(new Error(`unexpected answer: ${received.split("\r\n", 1)[0]}`));
          socket.destroy();
          return;
        }
        if (body === undefined) return;
        received = "";
        next();
      });
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
