import { Exchange, exchangeOn, invalidArgument, NodeRequest, NodeResponse } from "@acme/session-core/adapter";
import type { ExpressRequest, ExpressResponse } from "./express-types.js";

/**
 * The exchange of a request. The response may be left out: Express keeps it on the request.
 *
 * @throws SessionError `INVALID_ARGUMENT` when these are not a request and its response
 */
export function wrap(req: ExpressRequest, res?: ExpressResponse): Exchange {
  if (typeof req !== "object" || req === null || typeof req.headers !== "object") {
    throw invalidArgument("the first argument must be the request that Express handed to your handler");
  }
  const response = res ?? (req as { res?: ExpressResponse }).res;
  return exchangeOn(req, () => {
    if (typeof response !== "object" || response === null || typeof response.setHeader !== "function") {
      throw invalidArgument("the second argument must be the response that Express handed to your handler");
    }
    return new Exchange(new NodeRequest(req), new NodeResponse(response));
  });
}
