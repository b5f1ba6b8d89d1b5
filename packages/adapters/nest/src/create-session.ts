import type { SessionContainer, SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  type AdapterCore,
  type BoundSession,
  bindSession,
  type Exchange,
  findExchange,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { ArgumentsHost, CanActivate, ExecutionContext } from "@nestjs/common";
import { exchangeOf } from "./http-arguments.js";
import type { Middleware, NestRequest, NestResponse } from "./nest-types.js";
import { sessionErrorIn } from "./session-error-in.js";
import { type SessionPart, sessionParam } from "./session-param.js";
import { rawRequest, wrap } from "./wrap.js";

/** Where an instance keeps what `SessionModule` mounts: no part of its type, so that two copies of it are one. */
const ADAPTER = Symbol.for("acme.session.nest.adapter");

/** What `SessionModule` mounts of an instance. */
export function adapterOf(session: NestSession): AdapterCore {
  return (session as unknown as Record<symbol, AdapterCore>)[ADAPTER] as AdapterCore;
}

/** A guard that was made with options of its own. */
export interface VerifyingGuard extends CanActivate {
  canActivate(context: ExecutionContext): Promise<boolean>;
}

/**
 * A session instance for Nest, on Express and on Fastify. It is its own parameter decorator too: `@Session() session`,
 * `@Session("userId") userId`. Its functions need no `this`: take them out as you like.
 */
export interface NestSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<NestRequest, NestResponse, T> {
  /**
   * Parameter decorator: the session that the guard established, undefined where it is optional and there is none. On a
   * route without a guard, a session is required.
   */
  (part?: SessionPart): ParameterDecorator;
  /** A guard with options of its own: `@UseGuards(Session.verifySession({ checkDatabase: true }))`. Throws our errors. */
  verifySession(options?: VerifySessionOptions): VerifyingGuard;
  /**
   * `app.use(Session.middleware())` in `main.ts`: serves our endpoints before Express parses bodies. `SessionModule` does
   * all the rest.
   */
  middleware(): Middleware;
  /** Answers an error of ours inside a filter of the application. @returns false for any other one, which the filter has to answer */
  answerError(error: unknown, host: ArgumentsHost): Promise<boolean>;
  /** The session that a guard, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(req: NestRequest): SessionOf<T> | undefined;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: SessionOptions = {},
): NestSession<T> {
  const { session, adapter } = bindSession<NestRequest, NestResponse, T>(options, wrap);
  /** Where a guard of ours has decided, a missing session is an answer. */
  const guarded = new WeakSet<Exchange>();

  async function verify(exchange: Exchange, verifyOptions?: VerifySessionOptions) {
    const found = await adapter.verifySession(exchange, verifyOptions);
    guarded.add(exchange);
    return found;
  }

  async function find(
    exchange: Exchange,
    declared: VerifySessionOptions | undefined,
  ): Promise<SessionContainer | undefined> {
    return adapter.current(exchange) ?? (guarded.has(exchange) ? undefined : verify(exchange, declared));
  }

  return Object.assign(sessionParam(find), session, {
    [ADAPTER]: adapter,

    verifySession: (verifyOptions?: VerifySessionOptions) => ({
      async canActivate(context: ExecutionContext): Promise<boolean> {
        await verify(exchangeOf(context), verifyOptions);
        return true;
      },
    }),

    middleware: (): Middleware => (req, res, next) => {
      let exchange: Exchange;
      try {
        exchange = wrap(req, res);
        if (!adapter.isEndpoint(exchange)) {
          next();
          return;
        }
      } catch (error) {
        next(error);
        return;
      }
      serve(adapter, exchange).then((isServed) => {
        if (!isServed) next();
      }, next);
    },

    answerError: async (error: unknown, host: ArgumentsHost): Promise<boolean> =>
      (await adapter.answerError(exchangeOf(host), sessionErrorIn(error))) !== undefined,

    of(req: NestRequest): SessionOf<T> | undefined {
      const exchange = findExchange(rawRequest(req));
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  });
}

/**
 * Serves one of our endpoints, errors included.
 *
 * @returns false when the endpoint has been switched off
 */
export async function serve(adapter: AdapterCore, exchange: Exchange): Promise<boolean> {
  try {
    return (await adapter.handleEndpoint(exchange)) !== undefined;
  } catch (error) {
    if ((await adapter.answerError(exchange, error)) === undefined) throw error;
    return true;
  }
}
