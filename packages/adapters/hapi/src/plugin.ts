import { SessionError } from "@acme/session-core";
import { type AdapterCore, type Exchange, invalidArgument } from "@acme/session-core/adapter";
import type { Lifecycle, NamedPlugin } from "@hapi/hapi";
import { authScheme, type Verify } from "./auth-scheme.js";
import { endpointRoutes } from "./endpoint-routes.js";
import type { HapiResponse } from "./hapi-response.js";
import type { HapiRequestLike, ToolkitLike } from "./hapi-types.js";
import { noteRegistration, PLUGIN_NAME } from "./registration.js";

/** What the plugin is made of. */
export interface PluginParts {
  adapter: AdapterCore;
  /** What the plugin notes on a server, and `wrap` looks for. */
  instance: object;
  /** Name of the authentication strategy. */
  strategy: string;
  wrap(request: HapiRequestLike, h: ToolkitLike): Exchange;
  verify: Verify;
}

/**
 * Serves our endpoints, brings the scheme and its strategy, and answers our errors, which hapi would make a 500 of.
 */
export function makePlugin({ adapter, instance, strategy, wrap, verify }: PluginParts): NamedPlugin<object> {
  const answer = async (request: HapiRequestLike, h: ToolkitLike, error: unknown): Promise<unknown> => {
    const exchange = wrap(request, h);
    const handled = await adapter.answerError(exchange, error);
    return handled && ((exchange.res as HapiResponse).finished ?? handled.native);
  };

  const onPreResponse: Lifecycle.Method = (request, h) => {
    const { response } = request;
    if (!SessionError.is(response)) return h.continue;
    return answer(request, h, response).then((answered) => (answered ?? h.continue) as Lifecycle.ReturnValue);
  };

  const serveEndpoint: Lifecycle.Method = async (request, h) => {
    const handled = await adapter.handleEndpoint(wrap(request, h));
    return (handled?.native ?? notFound(h)) as Lifecycle.ReturnValue;
  };

  return refusingCalls({
    // hapi skips a name that it knows, where it is told to register it `once`.
    name: strategy === "session" ? PLUGIN_NAME : `${PLUGIN_NAME}:${strategy}`,
    // Two instances may stand on one server; the same one twice is refused below.
    multiple: true,
    register(server) {
      noteRegistration(server, instance, strategy);
      const scheme = strategy === "session" ? "acme-session" : `acme-session-${strategy}`;
      server.auth.scheme(scheme, authScheme(scheme, verify, adapter.guardOptions));
      server.auth.strategy(strategy, scheme);
      server.ext("onPreResponse", onPreResponse);
      server.route(endpointRoutes(server, adapter, serveEndpoint));
    },
  });
}

/**
 * The plugin as a function that says what to write where it is called. To hapi it is a module with a plugin in it, which
 * it takes in every place of a plugin, and whose own `register` it does not look for.
 */
function refusingCalls(plugin: NamedPlugin<object>): NamedPlugin<object> {
  const called: object = Object.assign(
    (): never => {
      throw invalidArgument(
        "Session.plugin is the plugin itself: `await server.register(Session.plugin)`, without a call",
      );
    },
    { plugin },
  );
  return called as NamedPlugin<object>;
}

/** As hapi answers an unknown path. */
function notFound(h: ToolkitLike): unknown {
  const response = h.response(JSON.stringify({ statusCode: 404, error: "Not Found", message: "Not Found" }));
  response.code(404);
  response.type("application/json; charset=utf-8");
  return response;
}
