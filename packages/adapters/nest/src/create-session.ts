import type { SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  type AdapterCore,
  assertNoArguments,
  type BoundSession,
  bindSession,
  type CheckedOptions,
  type Exchange,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import { type ArgumentsHost, type CanActivate, type ExecutionContext, Logger } from "@nestjs/common";
import { type Call, callOf, isCall } from "./calls.js";
import { askForRefresh, graphqlError } from "./graphql-error.js";
import { Guarded } from "./guarded.js";
import { guardingOf } from "./metadata.js";
import type { Middleware, NestRequest, NestResponse } from "./nest-types.js";
import { sessionErrorIn } from "./session-error-in.js";
import { type Found, type SessionPart, sessionParam } from "./session-param.js";
import { wrap, wrapped } from "./wrap.js";

/** Where an instance keeps what `SessionModule` mounts: no part of its type, so that two copies of it are one. */
const ADAPTER = Symbol.for("acme.session.nest.adapter");

/** What `SessionModule` mounts of an instance. */
export function adapterOf(session: NestSession): AdapterCore {
  return (session as NestSession & { readonly [ADAPTER]: AdapterCore })[ADAPTER];
}

/** Whether `createSession` made this, be it that of another copy of this package. */
export function isSession(value: unknown): value is NestSession {
  return typeof value === "function" && ADAPTER in value;
}

/** A guard that was made with options of its own. */
export interface VerifyingGuard extends CanActivate {
  /** No promise where there is nothing to wait for; what it throws is always a promise's. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean>;
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
  /**
   * Answers an error of ours inside a filter of the application. In GraphQL it throws what the field's error will be.
   *
   * @returns false for any other one, and for messages between services, which the filter has to answer
   */
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

  const guardedIn = (exchange: Exchange): Guarded => exchange.memoFor(adapter, () => new Guarded());

  /** By the object they were given in: guards of one route that share it decide once. */
  const checkedOptions = new WeakMap<VerifySessionOptions, CheckedOptions | undefined>();

  function checked(given: VerifySessionOptions | undefined): CheckedOptions | undefined {
    if (given === undefined) return undefined;
    let options = checkedOptions.get(given);
    if (options === undefined) {
      options = adapter.guardOptions(given);
      checkedOptions.set(given, options);
    }
    return options;
  }

  function verify(context: ExecutionContext, call: Call, options: CheckedOptions | undefined): Found {
    const { exchange, field } = call;
    const present = options && adapter.current(exchange);
    if (
      options !== undefined &&
      present !== undefined &&
      guardedIn(exchange).hasBy(field?.info ?? exchange, context.getHandler(), options)
    ) {
      return present;
    }
    try {
      const found = adapter.verifySession(exchange, options);
      if (found instanceof Promise) {
        return found.then(
          (session) => decided(context, call, options, session),
          (error: unknown) => refuse(call, error),
        );
      }
      return decided(context, call, options, found);
    } catch (error) {
      return refuse(call, error);
    }
  }

  function decided<S>(
    context: ExecutionContext,
    { exchange, field }: Call,
    options: CheckedOptions | undefined,
    session: S,
  ): S {
    guardedIn(exchange).add(field?.info ?? exchange, context.getHandler(), options);
    return session;
  }

  /** Nest asks no filter for fields of objects. */
  async function refuse(call: Call, error: unknown): Promise<never> {
    throw call.field === undefined ? error : ((await told(call, error)) ?? error);
  }

  /** An error of ours as GraphQL tells it; undefined for any other one. The response is told too. */
  async function told(call: Call, thrown: unknown): Promise<Error | undefined> {
    const error = sessionErrorIn(thrown);
    const answer = error && (await adapter.prepareAnswer(call.exchange, error));
    if (error === undefined || answer === undefined) return undefined;
    if (error.type === "TRY_REFRESH_TOKEN") askForRefresh(call, answer.status);
    return graphqlError(error, answer);
  }

  /**
   * The session of a call. Where a guard of ours has decided, a missing one is an answer; else it is looked for as
   * `VerifySession` on the route and its controller says, and required without it. What a guard of another field found
   * proves nothing for this one.
   */
  function find(context: ExecutionContext): Found {
    const call = callOf(context);
    const { exchange, field } = call;
    const present = adapter.current(exchange);
    if (guardedIn(exchange).has(field?.info ?? exchange, context.getHandler())) return present;
    const declared = guardingOf(context.getHandler(), context.getClass());
    const isFree = field === undefined && (declared === undefined || Object.keys(declared).length === 0);
    return present !== undefined && isFree ? present : verify(context, call, checked(declared));
  }

  return Object.assign(sessionParam(find), session, {
    [ADAPTER]: adapter,

    verifySession(verifyOptions?: VerifySessionOptions) {
      const getOptions = checked(verifyOptions);
      return {
        canActivate(context: ExecutionContext): boolean | Promise<boolean> {
          let call: Call;
          try {
            call = callOf(context);
          } catch (error) {
            return Promise.reject(error);
          }
          const found = verify(context, call, getOptions);
          return found instanceof Promise ? found.then(() => true) : true;
        },
      };
    },

    middleware(...given: unknown[]): Middleware {
      assertNoArguments("middleware", given);
      return (req, res, next) => {
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
      };
    },

    async answerError(error: unknown, host: ArgumentsHost): Promise<boolean> {
      if (!isCall(host)) return false;
      const call = callOf(host);
      if (call.field === undefined) return answered(adapter, call.exchange, sessionErrorIn(error));
      const own = await told(call, error);
      if (own !== undefined) throw own;
      return false;
    },

    of(req: NestRequest): SessionOf<T> | undefined {
      const exchange = wrapped(req);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  });
}

/**
 * Answers an error of ours. Nest waits for no filter: what an error handler of the application throws would leave the
 * client without an answer, and end the process. So it is answered and logged here as Nest does with any error.
 *
 * @returns false for an error that is not ours to answer
 */
async function answered(adapter: AdapterCore, exchange: Exchange, error: unknown): Promise<boolean> {
  try {
    return (await adapter.answerError(exchange, error)) !== undefined;
  } catch (failure) {
    new Logger("ExceptionsHandler").error(failure);
    exchange.res.setStatus(500);
    exchange.res.finish({
      contentType: "application/json; charset=utf-8",
      text: '{"statusCode":500,"message":"Internal server error"}',
    });
    return true;
  }
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
