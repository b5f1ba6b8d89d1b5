import { Exchange, exchangeOn, invalidArgument, WebRequest } from "@acme/session-core/adapter";
import { FetchResponse } from "./fetch-response.js";

/** Whose response headers these are. */
const owners = new WeakMap<Headers, Exchange>();

/**
 * The exchange of a request.
 *
 * @param headers of the response to come, where the host has them already
 * @throws SessionError `INVALID_ARGUMENT` when this is not a Fetch `Request` (no global class is asked, since hosts
 *         bring their own), or the headers are another request's
 */
export function wrap(request: Request, headers?: Headers | undefined): Exchange {
  if (typeof request !== "object" || request === null || typeof request.headers?.get !== "function") {
    throw invalidArgument("the first argument must be the Request that your handler was given");
  }
  const exchange = exchangeOn(
    request,
    () => new Exchange(new WebRequest(request), new FetchResponse(request)),
  );
  if (headers === undefined || headers === null) return exchange;
  if (typeof headers.getSetCookie !== "function") {
    throw invalidArgument("the second argument must be the Headers of the response, or undefined");
  }
  const owner = owners.get(headers);
  if (owner === undefined) owners.set(headers, exchange);
  else if (owner !== exchange) {
    throw invalidArgument(
      "these Headers were handed in for another Request before, and one visitor's cookies would go to the other: make new ones for each (`new Headers()`), and give all calls of one request the same Request",
    );
  }
  (exchange.res as FetchResponse).writeTo(headers);
  return exchange;
}
