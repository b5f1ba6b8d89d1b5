import type { SessionOptions, VerifySessionOptions } from "@acme/session-core";
import type { BoundSession, SessionOf, SessionTypes } from "@acme/session-core/adapter";
import type { AuthorizerOptions, PolicyAuthorizer, SimpleAuthorizer } from "./authorizer.js";
import type { LambdaEvent } from "./lambda-event.js";
import type { LambdaResult } from "./lambda-result.js";
import type { MiddyOptions, SessionMiddleware } from "./session-middy.js";
import type { StreamHandler, StreamingHandler } from "./stream-handler.js";

export interface LambdaSessionOptions extends SessionOptions {
  /** Property of the event that `verifySession` puts the session on. Default `session`. */
  property?: string | undefined;
  /**
   * Path in front of every request's in the event that `apiBasePath` does not have, e.g. the key of an API mapping:
   * `/v1`. Default none; the stage of an HTTP API is left out without being named.
   */
  stripPrefix?: string | undefined;
}

/** A handler, without the callback that Node.js 24 no longer has. Its result is anything that API Gateway takes. */
export type LambdaHandler<E extends LambdaEvent = LambdaEvent, C = unknown> = (
  event: E,
  context: C,
) => unknown;

/** What a wrapper makes of a handler: two parameters, and always a whole result. */
export type WrappedHandler<E extends LambdaEvent = LambdaEvent, C = unknown> = (
  event: E,
  context?: C,
) => Promise<LambdaResult>;

/** What `verifySession` adds to the event: the session, or perhaps none where `sessionRequired` may be false. */
export interface WithSession<R extends boolean | undefined, S> {
  readonly session: [R] extends [true | undefined] ? S : S | undefined;
}

/**
 * A session instance for functions behind API Gateway, function URLs, load balancers, VPC Lattice and Netlify. Where other
 * adapters take a request and a response, this one takes the event, twice. Its functions need no `this`.
 */
export interface LambdaSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<LambdaEvent, LambdaEvent | undefined, T> {
  /**
   * Stands around a handler: serves refresh, sign-out, JWKS and discovery, answers our errors that the handler throws,
   * and puts our headers and cookies on its result. Others are thrown on, the same object. Without a handler every
   * other path is a 404.
   */
  middleware<E extends LambdaEvent = LambdaEvent, C = unknown>(
    handler?: LambdaHandler<E, C>,
  ): WrappedHandler<E, C>;
  /**
   * The same around a handler that runs with a session only, which it finds on the event. On the refresh endpoint's path
   * it refreshes.
   */
  verifySession<E extends LambdaEvent = LambdaEvent, C = unknown, R extends boolean | undefined = true>(
    handler: LambdaHandler<E & WithSession<R, SessionOf<T>>, C>,
    options?: VerifySessionOptions & { sessionRequired?: R },
  ): WrappedHandler<E, C>;
  /** `verifySession` and `middleware` for middy. Use it first: middlewares that were used before it do not get our cookies. */
  sessionMiddy(options?: MiddyOptions): SessionMiddleware;
  /**
   * `middleware` for `awslambda.streamifyResponse`. The handler gets `respond` in place of the stream: it sends the head,
   * with our headers and cookies in it, and returns the stream of the body.
   */
  streamHandler<E extends LambdaEvent = LambdaEvent, C = unknown>(
    handler: StreamingHandler<E, C>,
  ): StreamHandler<E, C>;
  /**
   * The function of a Lambda authorizer: TOKEN or REQUEST of a REST API, payload format 1.0 or 2.0 of an HTTP API. It lets
   * requests with a session through and hands its claims on; 401 without one, 403 when claims are refused. It reads, and
   * changes nothing. API Gateway remembers the answer: see the guide before you let it.
   */
  authorizer(options: AuthorizerOptions & { enableSimpleResponses: true }): SimpleAuthorizer;
  authorizer(options?: AuthorizerOptions & { enableSimpleResponses?: false | undefined }): PolicyAuthorizer;
  /** The session established for this invocation. */
  of(event: LambdaEvent): SessionOf<T> | undefined;
}
