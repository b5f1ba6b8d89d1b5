export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export { createSession, type NestSession, type VerifyingGuard } from "./create-session.js";
export { PublicAccess } from "./metadata.js";
export type {
  FastifyReplyLike,
  FastifyRequestLike,
  GraphqlContext,
  GraphqlSocket,
  Middleware,
  NestRequest,
  NestResponse,
  Next,
} from "./nest-types.js";
export { sessionErrorIn } from "./session-error-in.js";
export { AnsweredSessionError, SessionExceptionFilter } from "./session-exception-filter.js";
export { SessionGuard } from "./session-guard.js";
export {
  SessionModule,
  type SessionModuleAsyncOptions,
  type SessionModuleOptions,
  type SessionOptionsFactory,
} from "./session-module.js";
export type { SessionPart } from "./session-param.js";
export { InjectSession, SESSION } from "./tokens.js";
export { VerifySession } from "./verify-session.js";
