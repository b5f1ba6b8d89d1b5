import type { SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { ErrorMiddleware, ExpressRequest, ExpressResponse, Middleware, Next } from "./express-types.js";
import { SessionSlot } from "./session-slot.js";
import { wrap } from "./wrap.js";

export interface ExpressSessionOptions extends SessionOptions {
  /** Property of the request that `verifySession` puts the session on. Default `session`. */
  property?: string | undefined;
}

/** `verifySession` beside what `getSession` takes. */
export interface ExpressVerifyOptions extends VerifySessionOptions {
  /** `"next"` hands our errors to `next(err)` instead of answering them. Default `"answer"`. */
  onError?: "answer" | "next" | undefined;
}

/** A session instance for Express. */
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
  /** The session that `verifySession` or `getSession` established for this request. */
  of(req: ExpressRequest): SessionOf<T> | undefined;
  /** A guarded handler whose session is typed, without augmenting the request. */
  handler<Req extends ExpressRequest, Res extends ExpressResponse>(
    handle: (req: Req, res: Res, session: SessionOf<T>) => unknown,
    options?: ExpressVerifyOptions,
  ): (req: Req, res: Res, next: Next) => void;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: ExpressSessionOptions = {},
): ExpressSession<T> {
  const { property, ...coreOptions } = options;
  const slot = new SessionSlot(property);
  const { session, adapter } = bindSession<ExpressRequest, ExpressResponse, T>(coreOptions, wrap);

  /** Runs a step; our errors are answered, everything else goes to `next`, which is called outside of any try. */
  function run(
    req: ExpressRequest,
    res: ExpressResponse,
    next: Next,
    step: () => Promise<"handled" | "go on">,
    onError: "answer" | "next" = "answer",
  ): void {
    step()
      .catch(async (error: unknown) => {
        if (onError === "answer" && (await adapter.answerError(wrap(req, res), error)) !== undefined)
          return "handled";
        return { error };
      })
      .then(
        (outcome) => {
          if (outcome === "go on") next();
          else if (typeof outcome === "object") next(outcome.error);
        },
        (error: unknown) => next(error),
      );
  }

  return {
    ...session,

    middleware: () => (req, res, next) =>
      run(req, res, next, async () =>
        (await adapter.handleEndpoint(wrap(req, res))) === undefined ? "go on" : "handled",
      ),

    verifySession(verifyOptions) {
      const { onError, ...getOptions } = verifyOptions ?? {};
      return (req, res, next) =>
        run(
          req,
          res,
          next,
          async () => {
            slot.assertFree(req);
            slot.put(req, await adapter.verifySession(wrap(req, res), getOptions));
            return "go on";
          },
          onError,
        );
    },

    errorHandler: () => (error, req, res, next) => {
      adapter.answerError(wrap(req, res), error).then(
        (handled) => {
          if (handled === undefined) next(error);
        },
        (failure: unknown) => next(failure),
      );
    },

    of: (req) => adapter.current(wrap(req)) as SessionOf<T> | undefined,

    handler(handle, verifyOptions) {
      const { onError, ...getOptions } = verifyOptions ?? {};
      return (req, res, next) =>
        run(
          req,
          res,
          next,
          async () => {
            const found = await adapter.verifySession(wrap(req, res), {
              ...getOptions,
              sessionRequired: true,
            });
            await handle(req, res, found as unknown as SessionOf<T>);
            return "handled";
          },
          onError,
        );
    },
  };
}
