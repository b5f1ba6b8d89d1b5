import { type AnySessionError, SessionError, type VerifySessionOptions } from "@acme/session-core";
import { checkGuardOptions, isFunction } from "@acme/session-core/adapter";
import type { LambdaExchange } from "./exchanges.js";
import type { Invocations } from "./invocations.js";
import type { SessionEvent } from "./lambda-event.js";
import type { SessionSlot } from "./session-slot.js";

/** `sessionMiddy` beside what `getSession` takes. */
export interface MiddyOptions extends VerifySessionOptions {
  /** Answers our errors, where it returns something; tokens that the error clears are cleared all the same. */
  onError?: ((error: AnySessionError) => unknown) | undefined;
}

/** The part of middy's request that is used here. */
export interface MiddyRequest<E = SessionEvent> {
  event: E;
  response?: unknown;
  error?: unknown;
}

/** A middleware of middy 6 and 7. */
export interface SessionMiddleware {
  before(request: MiddyRequest): Promise<unknown>;
  after(request: MiddyRequest): void;
  onError(request: MiddyRequest): Promise<void>;
}

const OWN = { onError: isFunction };

/**
 * Guards a middy handler. `before` answers early where there is no session, which skips everybody's `after`. As middy
 * runs `after` and `onError` backwards, those of the first middleware see what the others have made of the response.
 */
export function sessionMiddy(
  invocations: Invocations,
  slot: SessionSlot,
  given: MiddyOptions = {},
): SessionMiddleware {
  const options = checkGuardOptions(given, OWN);
  const getOptions = invocations.adapter.guardOptions(options, OWN);
  const { onError } = options;
  const { running } = invocations;
  const owned = new WeakSet<MiddyRequest>();

  /** The application's answer or ours; undefined when the error is not ours. */
  async function answer(exchange: LambdaExchange, error: unknown): Promise<unknown> {
    const ours = await invocations.answer(exchange, error);
    return ours === undefined || !SessionError.is(error) ? ours : (onError?.(error) ?? ours);
  }

  /** Two of us in one chain share the exchange; the first one, whose `after` runs last, ends it. */
  function end(request: MiddyRequest, { res }: LambdaExchange): void {
    if (owned.has(request) && res.opener === "middy") res.close();
  }

  return {
    async before(request) {
      let exchange = running.get(request);
      if (exchange === undefined) {
        ({ exchange } = invocations.exchanges.enter(request.event, "middy"));
        running.set(request, exchange);
        owned.add(request);
      }
      let early: unknown;
      try {
        early = await invocations.serve(exchange);
        if (early === undefined) {
          const session = await invocations.adapter.verifySession(exchange, getOptions);
          request.event = slot.copyOf(request.event, session);
          invocations.exchanges.alias(request.event, exchange);
          return undefined;
        }
      } catch (error) {
        early = await answer(exchange, error);
        if (early === undefined) throw error;
      }
      const result = exchange.res.onto(early);
      end(request, exchange);
      return result;
    },

    after(request) {
      const exchange = running.get(request);
      if (exchange === undefined) return;
      request.response = exchange.res.onto(request.response);
      end(request, exchange);
    },

    async onError(request) {
      const exchange = running.get(request);
      if (exchange === undefined) return;
      const value = (await answer(exchange, request.error)) ?? request.response;
      if (value !== undefined) request.response = exchange.res.onto(value);
      end(request, exchange);
    },
  };
}
