import {
  SessionError,
  type SessionOptions,
  type UserContext,
  type VerifySessionOptions,
} from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  findExchange,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { ErrorHandler, MiddlewareHandler } from "hono";
import type { HonoContext, SessionVariables } from "./hono-types.js";
import { responseOf, wrap } from "./wrap.js";

type Bound<T extends SessionTypes> = BoundSession<HonoContext, HonoContext | undefined, T>;
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

  return {
    ...session,
    createNewSession: (c, user, payload, data, userContext) =>
      session.createNewSession(c, c, user, payload, data, userContext),
    getSession: ((c: HonoContext, getOptions?: VerifySessionOptions, userContext?: UserContext) =>
      session.getSession(c, c, getOptions, userContext)) as HonoSession<T>["getSession"],
    refreshSession: (c, userContext) => session.refreshSession(c, c, userContext),

    middleware: () => async (c, next) => {
      const exchange = wrap(c);
      if (adapter.isEndpoint(exchange)) {
        try {
          const handled = await adapter.handleEndpoint(exchange);
          if (handled !== undefined) return handled.native as Response;
        } catch (error) {
          const response = await answer(c, error);
          if (response === undefined) throw error;
          return response;
        }
      }
      responseOf(c).hasMiddleware = true;
      await next();
      // Hono has answered a thrown error by now: with the application's own handler, or with a bare 500.
      if (SessionError.is(c.error) && c.res.status === 500) {
        const response = await answer(c, c.error);
        if (response !== undefined) c.res = response;
      }
      responseOf(c).applyToContext(c, "middleware");
      return undefined;
    },

    verifySession: (verifyOptions) => async (c, next) => {
      try {
        const found = await adapter.verifySession(wrap(c), verifyOptions);
        c.set("session", found as SessionVariables["session"]);
      } catch (error) {
        const response = await answer(c, error);
        if (response === undefined) throw error;
        return response;
      }
      await next();
      responseOf(c).applyToContext(c, "guard");
      return undefined;
    },

    errorHandler: (fallback) => async (error, c) => {
      const response = await answer(c, error);
      return response ?? fallback(error, c);
    },

    of(c) {
      const exchange = findExchange(c.req.raw);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}
