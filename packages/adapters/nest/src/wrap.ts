import { type Exchange, findExchange } from "@acme/session-core/adapter";
import { carrierOfContext, exchangeOfContext, isGraphqlContext } from "./graphql-context.js";
import { exchangeOfHttp, rawRequest } from "./http-exchange.js";
import type { NestRequest, NestResponse } from "./nest-types.js";

/**
 * The exchange of a request and its response, or of a GraphQL context that stands in both places.
 *
 * @throws SessionError `INVALID_ARGUMENT` when it is neither
 */
export function wrap(req: NestRequest, res: NestResponse): Exchange {
  const both: unknown = req;
  return both === res && isGraphqlContext(both) ? exchangeOfContext(both) : exchangeOfHttp(req, res);
}

/** The exchange that {@link wrap} has made, if it has. */
export function wrapped(req: NestRequest): Exchange | undefined {
  return findExchange(isGraphqlContext(req) ? carrierOfContext(req) : rawRequest(req));
}
