import type { SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  assertNoArguments,
  type BoundSession,
  bindSession,
  checkFactoryOptions,
  checkGuardOptions,
  findExchange,
  isNonEmptyText,
  oneOf,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { KoaResponse } from "./koa-response.js";
import type { KoaContext, Middleware, Next } from "./koa-types.js";
import { SessionSlot } from "./session-slot.js";
import { wrap } from "./wrap.js";

export interface KoaSessionOptions extends SessionOptions {
  /** Property of `ctx.state` and `ctx` that `verifySession` puts the session on. Default `session`. */
  property?: string | undefined;
}

/** `verifySession` beside what `getSession` takes. */
export interface KoaVerifyOptions extends VerifySessionOptions {
  /** `"throw"` throws our errors to the middleware outside instead of answering them. Default `"answer"`. */
  onError?: "answer" | "throw" | undefined;
}

/** What its guards take beside what `getSession` takes. */
const OWN = { onError: oneOf("answer", "throw") };

/** A session instance for Koa. Its functions need no `this`: take them out as you like. */
export interface KoaSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<KoaContext, KoaContext, T> {
  /**
   * Serves refresh, sign-out, JWKS and discovery, answers our errors that were thrown inside it, and keeps our cookies
   * through errors and Fetch responses. Mount it outermost, after the CORS middleware.
   */
  middleware(): Middleware;
  /**
   * Lets only requests with a session through, and puts it on `ctx.state` and `ctx`. Our errors are answered here. On
   * the refresh endpoint's path it refreshes.
   */
  verifySession(options?: KoaVerifyOptions): Middleware;
  /** Answers our errors that were thrown inside it; `middleware` does so too. */
  errorHandler(): Middleware;
  /** The session that `verifySession`, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(ctx: KoaContext): SessionOf<T> | undefined;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: KoaSessionOptions = {},
): KoaSession<T> {
  const { property, ...coreOptions } = checkFactoryOptions(options, { property: isNonEmptyText });
  const slot = new SessionSlot(property);
  const { session, adapter } = bindSession<KoaContext, KoaContext, T>(coreOptions, wrap);
  const responseOf = (ctx: KoaContext): KoaResponse => wrap(ctx).res as KoaResponse;

  /** Answers an error of ours. @throws any other one, untouched: Koa's last resort wipes the head, so ours is put back with it */
  async function answer(ctx: KoaContext, error: unknown): Promise<void> {
    if ((await adapter.answerError(wrap(ctx), error)) !== undefined) return;
    responseOf(ctx).restoreWithHead();
    throw error;
  }

  /** Runs what is inside, and sees to it that our headers survive whatever it does. */
  async function around(ctx: KoaContext, next: Next): Promise<void> {
    try {
      await next();
    } catch (error) {
      await answer(ctx, error);
      return;
    }
    (findExchange(ctx.req)?.res as KoaResponse | undefined)?.restore();
  }

  return {
    ...session,

    middleware(...given: unknown[]) {
      assertNoArguments("middleware", given);
      return async (ctx, next) => {
        const exchange = wrap(ctx);
        if (adapter.isEndpoint(exchange)) {
          try {
            if ((await adapter.handleEndpoint(exchange)) !== undefined) return;
          } catch (error) {
            await answer(ctx, error);
            return;
          }
        }
        await around(ctx, next);
      };
    },

    verifySession(given) {
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions(verifyOptions, OWN);
      const onError = verifyOptions?.onError;
      return async (ctx, next) => {
        try {
          slot.assertFree(ctx);
          slot.put(ctx, await adapter.verifySession(wrap(ctx), getOptions));
        } catch (error) {
          if (onError !== "throw") {
            await answer(ctx, error);
            return;
          }
          responseOf(ctx).restoreWithHead();
          throw error;
        }
        await next();
      };
    },

    errorHandler(...given: unknown[]) {
      assertNoArguments("errorHandler", given);
      return around;
    },

    of(ctx) {
      const exchange = findExchange(ctx.req);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}
