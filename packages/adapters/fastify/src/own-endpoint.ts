import type { AdapterCore } from "@acme/session-core/adapter";
import type { FastifyRequestLike } from "./fastify-types.js";

const ADAPTER = Symbol("acme.session.endpoint");

/** The mark of a route that is one of our endpoints, for its `config`. */
export const endpointOf = (adapter: AdapterCore): object => ({ [ADAPTER]: adapter });

/**
 * Whether Fastify has routed the request to an endpoint of this instance. The path alone would not tell: without the
 * plugin, or with another one's wildcard, something else may stand there.
 */
export function isOwnEndpoint(request: FastifyRequestLike, adapter: AdapterCore): boolean {
  const config = request.routeOptions?.config;
  return config !== undefined && Reflect.get(config, ADAPTER) === adapter;
}
