export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export {
  createSession,
  type FastifySession,
  type FastifySessionOptions,
  type FastifyVerifyOptions,
  type RawHead,
} from "./create-session.js";
export type { ErrorHandler, FastifyReplyLike, FastifyRequestLike, GuardHook } from "./fastify-types.js";
export type { SessionRequest } from "./session-request.js";
