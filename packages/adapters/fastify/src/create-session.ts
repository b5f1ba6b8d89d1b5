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
import type { FastifyPluginAsync } from "fastify";
import type { ErrorHandler, FastifyReplyLike, FastifyRequestLike, GuardHook } from "./fastify-types.js";
import { isOwnEndpoint } from "./own-endpoint.js";
import { makePlugin } from "./plugin.js";
import { SessionSlot } from "./session-slot.js";
import { wrap } from "./wrap.js";

export interface FastifySessionOptions extends SessionOptions {
  /** Property of the request that `verifySession` puts the session on. Default `session`. */
  property?: string | undefined;
}

/** `verifySession` beside what `getSession` takes. */
export interface FastifyVerifyOptions extends VerifySessionOptions {
  /** `"throw"` throws our errors instead of answering them, as `@fastify/auth` wants it. Default `"answer"`. */
  onError?: "answer" | "throw" | undefined;
}

/** What its guards take beside what `getSession` takes. */
const OWN = { onError: oneOf("answer", "throw") };

/** What a raw response needs for {@link FastifySession.applyTo}. */
export interface RawHead {
  setHeader(name: string, value: number | string | readonly string[]): unknown;
}

/** A session instance for Fastify. Its functions need no `this`: take them out as you like. */
export interface FastifySession<T extends SessionTypes = SessionTypes>
  extends BoundSession<FastifyRequestLike, FastifyReplyLike, T> {
  /**
   * `await app.register(Session.plugin)`: serves refresh, sign-out, JWKS and discovery, and answers our errors that no
   * error handler of the application answered. For the context it is registered in, and those inside.
   */
  readonly plugin: FastifyPluginAsync<{ prefix?: string }>;
  /**
   * A hook that lets only requests with a session through, and puts it on the request. Our endpoints it leaves alone; on a
   * route of the application at the refresh endpoint's path it refreshes.
   */
  verifySession(options?: FastifyVerifyOptions): GuardHook;
  /** Answers our errors inside an error handler of the application; throws all others again. */
  errorHandler(): ErrorHandler;
  /** The session that `verifySession`, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(request: FastifyRequestLike): SessionOf<T> | undefined;
  /** After `reply.hijack()`: puts every header of the reply, our cookies included, on the raw response. */
  applyTo(raw: RawHead, request: FastifyRequestLike): void;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: FastifySessionOptions = {},
): FastifySession<T> {
  const { property, ...coreOptions } = checkFactoryOptions(options, { property: isNonEmptyText });
  const slot = new SessionSlot(property);
  const { session, adapter } = bindSession<FastifyRequestLike, FastifyReplyLike, T>(coreOptions, wrap);

  /** Answers an error of ours. @throws any other one */
  async function answer(error: unknown, request: FastifyRequestLike, reply: FastifyReplyLike) {
    if ((await adapter.answerError(wrap(request, reply), error)) === undefined) throw error;
    // A hook that has answered and does not say so would let the handler run.
    return reply;
  }

  return {
    ...session,

    plugin: makePlugin(adapter, slot),

    verifySession(given) {
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions(verifyOptions, OWN);
      const fail: ErrorHandler =
        verifyOptions?.onError === "throw"
          ? async (error) => {
              throw error;
            }
          : answer;
      // A hook that promises costs Fastify more than our check does, so it promises only where there is something to wait for.
      function guard(request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown>;
      function guard(request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void): unknown;
      function guard(request: FastifyRequestLike, reply: FastifyReplyLike, done?: () => void): unknown {
        let session: ReturnType<typeof adapter.verifySession>;
        try {
          slot.assertFree(request);
          // They decide for themselves: keys are public, and no claim keeps a user from signing out.
          session = isOwnEndpoint(request, adapter)
            ? undefined
            : adapter.verifySession(wrap(request, reply), getOptions);
          if (!(session instanceof Promise)) slot.put(request, session);
        } catch (error) {
          return fail(error, request, reply);
        }
        if (session instanceof Promise) {
          return session.then(
            (found) => slot.put(request, found),
            (error: unknown) => fail(error, request, reply),
          );
        }
        if (done === undefined) return Promise.resolve();
        done();
        return undefined;
      }
      return guard;
    },

    errorHandler(...given: unknown[]) {
      assertNoArguments("errorHandler", given);
      return answer;
    },

    of(request) {
      const exchange = findExchange(request.raw);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },

    applyTo(raw, request) {
      const reply = findExchange(request.raw)?.res.native as FastifyReplyLike | undefined;
      const headers = (reply?.getHeaders() ?? {}) as Record<string, number | string | string[] | undefined>;
      for (const [name, value] of Object.entries(headers))
        if (value !== undefined) raw.setHeader(name, value);
    },
  };
}
