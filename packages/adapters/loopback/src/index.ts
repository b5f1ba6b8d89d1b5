export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export { createSession, type LoopbackSession } from "./create-session.js";
export type {
  Interceptor,
  InvocationContextLike,
  LoopbackContext,
  Middleware,
  Next,
} from "./loopback-types.js";
export type { SessionContext } from "./session-context.js";
