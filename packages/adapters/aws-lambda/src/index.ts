export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export type {
  AuthorizerContext,
  AuthorizerEvent,
  AuthorizerOptions,
  PolicyAnswer,
  PolicyAuthorizer,
  SimpleAnswer,
  SimpleAuthorizer,
} from "./authorizer.js";
export { createSession } from "./create-session.js";
export type { LambdaEvent, SessionEvent } from "./lambda-event.js";
export type { LambdaResult } from "./lambda-result.js";
export type {
  LambdaHandler,
  LambdaSession,
  LambdaSessionOptions,
  WithSession,
  WrappedHandler,
} from "./lambda-session.js";
export type { MiddyOptions, MiddyRequest, SessionMiddleware } from "./session-middy.js";
export type { Respond, StreamHandler, StreamHead, StreamingHandler } from "./stream-handler.js";
