import { Exchange, exchangeOn, invalidArgument } from "@acme/session-core/adapter";
import { HapiRequest } from "./hapi-request.js";
import { HapiResponse } from "./hapi-response.js";
import type { HapiRequestLike, ToolkitLike } from "./hapi-types.js";
import { assertRegistered } from "./registration.js";

/**
 * The exchange of a request. It hangs on Node's own request, which is the same in extensions, schemes and handlers.
 *
 * @param instance whose plugin has to be on the server
 * @throws SessionError `INVALID_ARGUMENT` when these are not a request and a toolkit, or the plugin is missing
 */
export function wrap(request: HapiRequestLike, h: ToolkitLike, instance: object): Exchange {
  const given = request as Partial<HapiRequestLike> | null | undefined;
  if (typeof given?.raw?.req !== "object" || typeof given.server?.plugins !== "object") {
    throw invalidArgument("the first argument must be the request that hapi handed to your handler");
  }
  const toolkit = h as Partial<ToolkitLike> | null | undefined;
  if (typeof toolkit?.response !== "function" || typeof toolkit.continue !== "symbol") {
    throw invalidArgument(
      "the second argument must be the toolkit that hapi handed to your handler: handler: (request, h) => …",
    );
  }
  assertRegistered(given.server, instance);
  return exchangeOn(
    given.raw.req,
    () => new Exchange(new HapiRequest(request), new HapiResponse(request, h)),
  );
}
