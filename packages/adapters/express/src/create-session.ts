import { SessionError, type SessionOptions, type VerifySessionOptions } from "@acme/session-core";
import {
  assertNoArguments,
  type BoundSession,
  bindSession,
  type CheckedOptions,
  checkFactoryOptions,
  checkGuardOptions,
  findExchange,
  invalidArgument,
  isBoolean,
  isNonEmptyText,
  oneOf,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { Request, RequestHandler, Response } from "express";
import type { ErrorMiddleware, ExpressRequest, ExpressResponse, Middleware, Next } from "./express-types.js";
import { passOn } from "./pass-on.js";
import { SessionSlot } from "./session-slot.js";
import { lostCookieWarning } from "./watched-response.js";
import { wrapper } from "./wrap.js";

export interface ExpressSessionOptions extends SessionOptions {
  /** Property of the request that `verifySession` puts the session on. Default `session`. */
  property?: string | undefined;
  /**
   * Warn, once per process, when `res.writeHead` or a bare `res.setHeader("Set-Cookie", …)` throws our cookies away.
   * Default true; never in production.
   */
  warnOnLostCookies?: boolean | undefined;
}

/** `verifySession` beside what `getSession` takes. */
export interface ExpressVerifyOptions extends VerifySessionOptions {
  /** `"next"` hands our errors to `next(err)` instead of answering them. Default `"answer"`. */
  onError?: "answer" | "next" | undefined;
}

/** What its guards take beside what `getSession` takes. */
const OWN = { onError: oneOf("answer", "next") };

/** A session instance for Express. Its functions need no `this`: take them out as you like. */
export interface ExpressSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<ExpressRequest, ExpressResponse, T> {
  /** Serves refresh, sign-out, JWKS and discovery; every other request goes on. Mount it without a path. */
  middleware(): Middleware;
  /**
   * Lets only requests with a session through, and puts it on the request. Our errors are answered here; others go to
   * `next(err)`. On the refresh endpoint's path it refreshes.
   */
  verifySession(options?: ExpressVerifyOptions): Middleware;
  /** Answers our errors that a handler threw. Mount it after the routes, before your own error handler. */
  errorHandler(): ErrorMiddleware;
  /** The session that `verifySession`, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(req: ExpressRequest): SessionOf<T> | undefined;
  /**
   * A guarded handler whose session is typed, without augmenting the request. What it throws, or rejects with, goes the
   * way of `verifySession`'s errors, on Express 4 too. `sessionRequired` is always true here.
   */
  handler<
    P = Request["params"],
    // biome-ignore lint/suspicious/noExplicitAny: as Express itself types them
    ResBody = any,
    // biome-ignore lint/suspicious/noExplicitAny: as Express itself types them
    ReqBody = any,
    Query = Request["query"],
  >(
    handle: (
      req: Request<P, ResBody, ReqBody, Query>,
      res: Response<ResBody>,
      session: SessionOf<T>,
    ) => unknown,
    options?: ExpressVerifyOptions,
  ): RequestHandler<P, ResBody, ReqBody, Query>;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: ExpressSessionOptions = {},
): ExpressSession<T> {
  const { property, warnOnLostCookies, ...coreOptions } = checkFactoryOptions(options, {
    property: isNonEmptyText,
    warnOnLostCookies: isBoolean,
  });
  const slot = new SessionSlot(property);
  const wrap = wrapper(lostCookieWarning(warnOnLostCookies, coreOptions.logger));
  const { session, adapter } = bindSession<ExpressRequest, ExpressResponse, T>(coreOptions, wrap);

  /** Answers an error of ours, or passes any other on. Never throws. */
  function answer(error: unknown, req: ExpressRequest, res: ExpressResponse, next: Next): void {
    try {
      adapter.answerError(wrap(req, res), error).then(
        (handled) => {
          if (handled === undefined) passOn(next, error);
        },
        (failure: unknown) => passOn(next, failure),
      );
    } catch (failure) {
      passOn(next, failure);
    }
  }

  function failing(onError: ExpressVerifyOptions["onError"]): typeof answer {
    return onError === "next" ? (error, _req, _res, next) => passOn(next, error) : answer;
  }

  const serveEndpoints: Middleware = (req, res, next) => {
    let pending: ReturnType<typeof adapter.handleEndpoint> | undefined;
    try {
      const exchange = wrap(req, res);
      if (adapter.isEndpoint(exchange)) pending = adapter.handleEndpoint(exchange);
    } catch (error) {
      answer(error, req, res, next);
      return;
    }
    if (pending === undefined) {
      next();
      return;
    }
    pending.then(
      (handled) => {
        if (handled === undefined) passOn(next);
      },
      (error: unknown) => answer(error, req, res, next),
    );
  };

  return {
    ...session,

    middleware(...given: unknown[]) {
      assertNoArguments("middleware", given);
      return serveEndpoints;
    },

    verifySession(given) {
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions(verifyOptions, OWN);
      const fail = failing(verifyOptions?.onError);
      return (req, res, next) => {
        let session: ReturnType<typeof adapter.verifySession>;
        try {
          const exchange = wrap(req, res);
          slot.assertFree(req, adapter.current(exchange));
          session = adapter.verifySession(exchange, getOptions);
          if (!(session instanceof Promise)) slot.put(req, session);
        } catch (error) {
          fail(error, req, res, next);
          return;
        }
        if (!(session instanceof Promise)) {
          next();
          return;
        }
        session.then(
          (found) => {
            slot.put(req, found);
            passOn(next);
          },
          (error: unknown) => fail(error, req, res, next),
        );
      };
    },

    errorHandler(...given: unknown[]) {
      assertNoArguments("errorHandler", given);
      return (error, req, res, next) => answer(error, req, res, next);
    },

    of(req) {
      const exchange = findExchange(req);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },

    handler(handle, given) {
      if (typeof handle !== "function")
        throw invalidArgument("handler takes your handler: (req, res, session) => …");
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions({ ...verifyOptions, sessionRequired: true }, OWN);
      const fail = failing(verifyOptions?.onError);
      return (req, res, next) => {
        guarded(req, res, getOptions)
          .then((found) => handle(req, res, found))
          .catch((error: unknown) => fail(error, req, res, next));
      };
    },
  };

  async function guarded(
    req: ExpressRequest,
    res: ExpressResponse,
    getOptions: CheckedOptions | undefined,
  ): Promise<SessionOf<T>> {
    const found = await adapter.verifySession(wrap(req, res), getOptions);
    if (found !== undefined) return found as SessionOf<T>;
    // Only an override of `verifySession` can end here.
    throw new SessionError({
      type: "UNAUTHORISED",
      message: "the request carries no session",
      payload: { clearTokens: false },
    });
  }
}
