import {
  SessionError,
  type SessionOptions,
  type UserContext,
  type VerifySessionOptions,
} from "@acme/session-core";
import {
  assertNoArguments,
  type BoundSession,
  bindSession,
  findExchange,
  invalidArgument,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { Context, ErrorHandler, MiddlewareHandler, Next } from "hono";
import type { HonoResponse } from "./hono-response.js";
import type { HonoContext, SessionVariables } from "./hono-types.js";
import { wrap } from "./wrap.js";

type Bound<T extends SessionTypes> = BoundSession<HonoContext, HonoContext | undefined, T>;
type GuardedContext = Context<{ Variables: SessionVariables }>;
/** `S`, or undefined too where `sessionRequired` is false, or may be false. */
type Found<R extends boolean | undefined, S> = [R] extends [true | undefined] ? S : S | undefined;

/** A session instance for Hono. Where other adapters take a request and a response, this one takes the context. */
export interface HonoSession<T extends SessionTypes = SessionTypes>
  extends Omit<Bound<T>, "createNewSession" | "getSession" | "refreshSession"> {
  createNewSession(
    c: HonoContext,
    user: Parameters<Bound<T>["createNewSession"]>[2],
    accessTokenPayload?: Parameters<Bound<T>["createNewSession"]>[3],
    sessionData?: Parameters<Bound<T>["createNewSession"]>[4],
    userContext?: UserContext,
  ): Promise<SessionOf<T>>;
  getSession<R extends boolean | undefined = true>(
    c: HonoContext,
    options?: VerifySessionOptions & { sessionRequired?: R },
    userContext?: UserContext,
  ): Promise<Found<R, SessionOf<T>>>;
  refreshSession(c: HonoContext, userContext?: UserContext): Promise<SessionOf<T>>;
  /**
   * Serves refresh, sign-out, JWKS and discovery, puts our headers on every response, and answers errors of ours that
   * nobody else answered. Mount it first, after CORS.
   */
  middleware(): MiddlewareHandler;
  /** Lets only requests with a session through, as `c.var.session`. On the refresh endpoint's path it refreshes. */
  verifySession(options?: VerifySessionOptions): MiddlewareHandler<{ Variables: SessionVariables }>;
  /** For `app.onError`: answers errors of ours, and hands others to yours. */
  errorHandler(fallback: ErrorHandler): ErrorHandler;
  /** The session established for this request. */
  of(c: HonoContext): SessionOf<T> | undefined;
}

function isTaken() {
  return invalidArgument(
    "c.var.session belongs to another middleware, which verifySession() leaves alone: ask for ours inside of the handler, with Session.getSession(c), or let that one use another name",
  );
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: SessionOptions = {},
): HonoSession<T> {
  const { session, adapter } = bindSession<HonoContext, HonoContext | undefined, T>(options, wrap);

  async function answer(c: HonoContext, error: unknown): Promise<Response | undefined> {
    return (await adapter.answerError(wrap(c), error))?.native as Response | undefined;
  }

  /** Answers an error of ours. @throws any other one */
  async function answerOrThrow(c: HonoContext, error: unknown): Promise<Response> {
    const answered = await answer(c, error);
    if (answered === undefined) throw error;
    return answered;
  }

  const serve: MiddlewareHandler = async (c, next) => {
    const exchange = wrap(c);
    const response = exchange.res as HonoResponse;
    if (adapter.isEndpoint(exchange)) {
      try {
        const handled = await adapter.handleEndpoint(exchange);
        if (handled !== undefined) return handled.native as Response;
      } catch (error) {
        return answerOrThrow(c, error);
      }
    }
    response.hasMiddleware = true;
    await next();
    // Hono has answered a thrown error by now: with the application's own handler, or with a bare 500.
    if (SessionError.is(c.error) && c.res.status === 500) {
      const answered = await answer(c, c.error);
      if (answered !== undefined) c.res = answered;
    }
    response.applyToContext(c, "middleware");
    return undefined;
  };

  return {
    ...session,
    createNewSession: (c, user, payload, data, userContext) =>
      session.createNewSession(c, c, user, payload, data, userContext),
    getSession: ((c: HonoContext, getOptions?: VerifySessionOptions, userContext?: UserContext) =>
      session.getSession(c, c, getOptions, userContext)) as HonoSession<T>["getSession"],
    refreshSession: (c, userContext) => session.refreshSession(c, c, userContext),

    middleware: (...given: unknown[]) => {
      assertNoArguments("middleware", given);
      return serve;
    },

    verifySession: (verifyOptions) => {
      const getOptions = adapter.guardOptions(verifyOptions);
      const goOn = (c: GuardedContext, next: Next, response: HonoResponse, found: unknown): Promise<void> => {
        const present: unknown = c.get("session");
        if (present !== undefined && present !== null && present !== response.guarded) throw isTaken();
        response.guarded = found;
        c.set("session", found as SessionVariables["session"]);
        return response.hasMiddleware ? next() : next().then(() => response.applyToContext(c, "guard"));
      };
      return (c, next) => {
        let response: HonoResponse;
        let found: ReturnType<typeof adapter.verifySession>;
        try {
          const exchange = wrap(c);
          response = exchange.res as HonoResponse;
          found = adapter.verifySession(exchange, getOptions);
        } catch (error) {
          return answerOrThrow(c, error);
        }
        // What is thrown here is the developer's, and Hono's to answer.
        if (!(found instanceof Promise)) return goOn(c, next, response, found);
        return found.then(
          (session) => goOn(c, next, response, session),
          (error: unknown) => answerOrThrow(c, error),
        );
      };
    },

    errorHandler: (fallback) => {
      if (typeof fallback !== "function") {
        throw invalidArgument(
          "errorHandler takes your error handler: app.onError(Session.errorHandler((error, c) => …))",
        );
      }
      return async (error, c) => {
        const response = await answer(c, error);
        return response ?? fallback(error, c);
      };
    },

    of(c) {
      const exchange = findExchange(c.req.raw);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}
