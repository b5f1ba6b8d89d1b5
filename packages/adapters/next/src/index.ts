export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export {
  createSession,
  type NextSession,
  type PagesNext,
  type ProxyOptions,
  type RouteHandler,
  type WithSessionOptions,
} from "./create-session.js";
export type { AnyRequest, PagesRequest, PagesResponse, SessionRequest } from "./next-types.js";
export type { ServerSession } from "./server-session.js";
