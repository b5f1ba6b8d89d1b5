/** Door of `@acme/servers`: real databases for tests. */
export { type FoundServer, findServer } from "./find-server.ts";
export {
  type PrivateServer,
  reasonAgainst,
  startPrivateServer,
  startReplica,
  startSentinel,
} from "./private-server.ts";
export type { ServerKind } from "./server-kind.ts";
export { TcpProxy } from "./tcp-proxy.ts";
