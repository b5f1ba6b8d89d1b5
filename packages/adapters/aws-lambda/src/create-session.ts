import {
  bindSession,
  checkFactoryOptions,
  checkGuardOptions,
  invalidArgument,
  invalidOption,
  isAnything,
  isBoolean,
  isNonEmptyText,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import {
  type AuthorizerOptions,
  type FindSession,
  policyAuthorizer,
  simpleAuthorizer,
} from "./authorizer.js";
import { Exchanges } from "./exchanges.js";
import { Invocations } from "./invocations.js";
import type { LambdaEvent } from "./lambda-event.js";
import type { LambdaSession, LambdaSessionOptions } from "./lambda-session.js";
import { OneCookie } from "./one-cookie.js";
import { sessionMiddy } from "./session-middy.js";
import { SessionSlot } from "./session-slot.js";
import { streamHandler } from "./stream-handler.js";

const NOT_FOUND = {
  statusCode: 404,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: '{"message":"not found"}',
};

/**
 * Makes a session instance: its state is its own, and two of them never touch each other. It connects to nothing before
 * the first request, so it belongs outside of the handler.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: LambdaSessionOptions = {},
): LambdaSession<T> {
  const { property, stripPrefix, ...coreOptions } = checkFactoryOptions(options, {
    property: isNonEmptyText,
    stripPrefix: isAnything,
  });
  const slot = new SessionSlot(property);
  const rules = {
    stripPrefix: checkedPrefix(stripPrefix),
    get basePath(): string {
      return adapter.endpointRoutes()[0]?.basePath ?? "";
    },
  };
  const exchanges = new Exchanges(rules, new OneCookie(coreOptions.logger));
  const { session, adapter } = bindSession<LambdaEvent, LambdaEvent | undefined, T>(
    coreOptions,
    (event, second) => exchanges.of(event, second),
  );
  const invocations = new Invocations(adapter, exchanges);

  return {
    ...session,

    middleware(handler) {
      if (handler !== undefined) assertHandler(handler, 2);
      return async (event, context) =>
        invocations.around(event, async (exchange) => {
          const served = await invocations.serve(exchange);
          if (served !== undefined) return served;
          return handler === undefined ? NOT_FOUND : handler(event, context as never);
        });
    },

    verifySession(handler, verifyOptions) {
      assertHandler(handler, 2);
      const getOptions = adapter.guardOptions(verifyOptions);
      return async (event, context) =>
        invocations.around(event, async (exchange) => {
          const copy = slot.copyOf(event, await adapter.verifySession(exchange, getOptions));
          exchanges.alias(copy, exchange);
          return handler(copy as never, context as never);
        });
    },

    sessionMiddy: (middyOptions) => sessionMiddy(invocations, slot, middyOptions),

    streamHandler(handler) {
      assertHandler(handler, 3);
      return streamHandler(invocations, handler);
    },

    authorizer: ((given: AuthorizerOptions = {}) => {
      const authorizerOptions = checkGuardOptions(given, AUTHORIZER);
      const getOptions = adapter.guardOptions(authorizerOptions, AUTHORIZER);
      const { enableSimpleResponses } = authorizerOptions;
      const make = enableSimpleResponses ? simpleAuthorizer : policyAuthorizer;
      return make(
        (event) =>
          session.getSession(event, undefined, getOptions) as Promise<unknown> as ReturnType<FindSession>,
      );
    }) as LambdaSession<T>["authorizer"],

    of(event) {
      const exchange = exchanges.find(event);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}

const AUTHORIZER = { enableSimpleResponses: isBoolean };

/** A callback as last parameter would never be called: wrappers wait for the promise. */
function assertHandler(handler: unknown, most: number): void {
  if (typeof handler !== "function") throw invalidArgument("the first argument must be your handler");
  if (handler.length > most) {
    throw invalidArgument(
      "handlers with a callback are not supported; return the result, or a promise of it",
    );
  }
}

function checkedPrefix(prefix: string | undefined): string | undefined {
  if (prefix === undefined) return undefined;
  if (typeof prefix !== "string" || !/^(\/[^/?#]+)+$/.test(prefix)) {
    throw invalidOption("stripPrefix", "must be a path without a slash at its end, e.g. /v1");
  }
  return prefix;
}
