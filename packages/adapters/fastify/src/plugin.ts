import { SessionError } from "@acme/session-core";
import { type AdapterCore, findExchange, invalidArgument, invalidOption } from "@acme/session-core/adapter";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { FastifyResponse } from "./fastify-response.js";
import { endpointOf } from "./own-endpoint.js";
import type { SessionSlot } from "./session-slot.js";
import { noteError, takeUnanswered } from "./unanswered-errors.js";
import { wrap } from "./wrap.js";

/**
 * Decorates the request, serves our endpoints, and answers our errors that nobody else did: in the context it is
 * registered in, and those inside.
 */
export function makePlugin(adapter: AdapterCore, slot: SessionSlot): FastifyPluginAsync<{ prefix?: string }> {
  const plugin: FastifyPluginAsync<{ prefix?: string }> = async (app, options) => {
    if (typeof app?.addHook !== "function") {
      throw invalidArgument(
        "Session.plugin is the plugin itself: `await app.register(Session.plugin)`, without a call",
      );
    }
    const { prefix = "" } = options;
    slot.claim(app);
    app.addHook("onError", async (request, reply, error) => {
      if (SessionError.is(error)) noteError(wrap(request, reply), reply, error);
    });
    app.addHook("onSend", (request, reply, payload, done) => {
      const exchange = findExchange(request.raw);
      // Only what Fastify itself makes of an error has a length by now.
      const error = exchange && reply.hasHeader("content-length") ? takeUnanswered(exchange) : undefined;
      if (exchange === undefined || error === undefined) {
        done(null, payload);
        return;
      }
      const response = exchange.res as FastifyResponse;
      response
        .captured(() => adapter.answerError(exchange, error))
        .then(
          (text) => {
            if (text !== undefined) reply.removeHeader("content-length");
            done(null, text ?? payload);
          },
          (failure: Error) => done(failure),
        );
    });
    await app.register(endpoints(adapter, prefix));
  };
  // What fastify-plugin would do: without it, hooks and decorators would end with this function's own context.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@acme/session-fastify",
    [Symbol.for("plugin-meta")]: { name: "@acme/session-fastify", fastify: "5.x" },
  });
}

/**
 * Our endpoints, as real routes that answer in `onRequest`: before the body is looked at, which may be anything, and
 * after the hooks of the application (CORS, rate limits).
 */
function endpoints(adapter: AdapterCore, wantedPrefix: string): FastifyPluginAsync {
  return async (app) => {
    for (const { method, basePath, path } of adapter.endpointRoutes()) {
      const base = belowPrefix(app, wantedPrefix, basePath);
      for (const url of [`${base}${path}`, `${base}/:tenantId${path}`].flatMap((one) => [one, `${one}/`])) {
        app.route({
          method,
          url,
          config: endpointOf(adapter),
          ...(method === "GET" ? { exposeHeadRoute: true } : {}),
          onRequest: async (request, reply) => {
            const exchange = wrap(request, reply);
            try {
              if ((await adapter.handleEndpoint(exchange)) === undefined) reply.callNotFound();
            } catch (error) {
              if ((await adapter.answerError(exchange, error)) === undefined) throw error;
            }
            return reply;
          },
          handler: (_request, reply) => reply.callNotFound(),
        });
      }
    }
  };
}

/**
 * The base path as a route below the context's prefix. The prefix that the plugin itself is registered with moves
 * nothing, as it opens no context: it is only compared.
 *
 * @throws SessionError `INVALID_OPTION` when endpoints and configuration disagree: cookies would be sent elsewhere
 */
function belowPrefix({ prefix }: FastifyInstance, wantedPrefix: string, basePath: string): string {
  const wanted = (prefix + wantedPrefix).replace(/\/$/, "");
  if (basePath === wanted || basePath.startsWith(`${wanted}/`)) return basePath.slice(prefix.length);
  throw invalidOption(
    "appInfo.apiBasePath",
    `is ${basePath}, but Session.plugin is registered below ${wanted}: set apiBasePath to ${wanted}${basePath}, or register the plugin at the root`,
  );
}
