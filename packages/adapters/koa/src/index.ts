export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export {
  createSession,
  type KoaSession,
  type KoaSessionOptions,
  type KoaVerifyOptions,
} from "./create-session.js";
export type { KoaContext, Middleware, Next } from "./koa-types.js";
export type { SessionContext, WithSession } from "./session-context.js";
