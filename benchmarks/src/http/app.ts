import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One server with one route, `GET /me`, that answers `{"id":"user-1"}`. */
export interface HttpApp {
  name: string;
  /** The app of the same framework that asks nobody who the user is. */
  unguarded: string;
  /** What has to be done before it is started, for all apps of its framework; takes up to a minute. */
  build?(): void;
  /** Starts it on a free port. @returns the port, and headers of a request that is let through */
  start(): Promise<{ port: number; headers: Record<string, string> }>;
}

/** Starts a server of `node:http` on a free port of this machine. */
export async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
