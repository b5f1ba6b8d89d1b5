import { Exchange, exchangeOn, invalidArgument, WebRequest } from "@acme/session-core/adapter";
import { FetchResponse } from "./fetch-response.js";

/**
 * The exchange of a request.
 *
 * @param headers of the response to come, where the host has them already
 * @throws SessionError `INVALID_ARGUMENT` when this is not a Fetch `Request`; no global class is asked, since hosts
 *         bring their own
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
  (exchange.res as FetchResponse).writeTo(headers);
  return exchange;
}
