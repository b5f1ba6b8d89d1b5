import type { SessionContainer, SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  assertNoArguments,
  type BoundSession,
  bindSession,
  findExchange,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { Interceptor, LoopbackContext, Middleware } from "./loopback-types.js";
import { permissiveCorsWarning } from "./permissive-cors.js";
import { wrap } from "./wrap.js";

/** Key of `RestBindings.Http.CONTEXT`. */
const HTTP_CONTEXT = "rest.http.request.context";

/** A session instance for LoopBack 4. Its functions need no `this`: take them out as you like. */
export interface LoopbackSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<LoopbackContext, LoopbackContext, T> {
  /** `app.middleware(Session.middleware())`: serves our endpoints, and answers our errors that controllers threw. */
  middleware(): Middleware;
  /**
   * `@intercept(Session.verifySession())`: lets only requests with a session through, and puts it on the context. Our
   * errors are answered here. On the refresh endpoint's path it refreshes.
   */
  verifySession(options?: VerifySessionOptions): Interceptor;
  /**
   * Serves our endpoints in an action-based sequence that invokes no middleware.
   *
   * @returns whether the request was ours, and is answered
   */
  sequenceAction(ctx: LoopbackContext): Promise<boolean>;
  /** Answers an error of ours in such a sequence. @returns false for any other one, which is to be rejected as ever */
  answerError(ctx: LoopbackContext, error: unknown): Promise<boolean>;
  /** The session that `verifySession`, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(ctx: LoopbackContext): SessionOf<T> | undefined;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: SessionOptions = {},
): LoopbackSession<T> {
  const { session, adapter } = bindSession<LoopbackContext, LoopbackContext, T>(options, wrap);
  const warnOfPermissiveCors = permissiveCorsWarning(options.logger);

  const answerError = async (ctx: LoopbackContext, error: unknown): Promise<boolean> =>
    (await adapter.answerError(wrap(ctx), error)) !== undefined;

  async function sequenceAction(ctx: LoopbackContext): Promise<boolean> {
    const exchange = wrap(ctx);
    if (!adapter.isEndpoint(exchange)) return false;
    try {
      return (await adapter.handleEndpoint(exchange)) !== undefined;
    } catch (error) {
      if (await answerError(ctx, error)) return true;
      throw error;
    }
  }

  return {
    ...session,
    answerError,
    sequenceAction,

    middleware(...given: unknown[]) {
      assertNoArguments("middleware", given);
      return async (ctx, next) => {
        warnOfPermissiveCors(ctx);
        if (await sequenceAction(ctx)) return ctx.response;
        try {
          return await next();
        } catch (error) {
          // LoopBack takes a response that is returned for one that is sent.
          if (await answerError(ctx, error)) return ctx.response;
          throw error;
        }
      };
    },

    verifySession(verifyOptions) {
      const getOptions = adapter.guardOptions(verifyOptions);
      return async (invocation, next) => {
        const ctx = (await invocation.get(HTTP_CONTEXT)) as LoopbackContext;
        try {
          const found = await adapter.verifySession(wrap(ctx), getOptions);
          (ctx as { session?: SessionContainer | undefined }).session = found;
        } catch (error) {
          if (await answerError(ctx, error)) return ctx.response;
          throw error;
        }
        return next();
      };
    },

    of(ctx) {
      const exchange = findExchange(ctx.request);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}
