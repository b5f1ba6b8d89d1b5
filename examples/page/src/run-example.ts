import { once } from "node:events";
import type { Server } from "node:net";

/** Where to listen. */
export interface Place {
  port: number;
  host: string;
}

/** What listens: a server of `node:http`, whatever the framework put around it. */
export type ExampleServer = Server & { closeAllConnections?(): void };

/**
 * Runs an example until Ctrl-C: `PORT` and `HOST` say where, default port 3000 of this machine only, because anybody can
 * sign in as anybody here.
 *
 * @param session closed at the end
 */
export async function runExample(
  listen: (place: Place) => ExampleServer | Promise<ExampleServer>,
  session: { close(): Promise<void> },
): Promise<void> {
  const place = { port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? "127.0.0.1" };
  const server = await listening(listen, place);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : place.port;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      server.close();
      server.closeAllConnections?.();
      await session.close();
      process.exit(0);
    });
  }
  console.log(`Open http://localhost:${port}  (Ctrl-C ends it)`);
}

async function listening(
  listen: (place: Place) => ExampleServer | Promise<ExampleServer>,
  place: Place,
): Promise<ExampleServer> {
  try {
    const server = await listen(place);
    if (!server.listening) await once(server, "listening");
    return server;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const cause =
      code === "EADDRINUSE" ? `port ${place.port} is taken; choose another: PORT=3001 npm start` : message;
    console.error(`The demo cannot listen: ${cause}`);
    process.exit(1);
  }
}
