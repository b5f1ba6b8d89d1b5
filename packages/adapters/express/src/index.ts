export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export {
  createSession,
  type ExpressSession,
  type ExpressSessionOptions,
  type ExpressVerifyOptions,
} from "./create-session.js";
export type { ErrorMiddleware, ExpressRequest, ExpressResponse, Middleware, Next } from "./express-types.js";
export type { SessionRequest } from "./session-request.js";
