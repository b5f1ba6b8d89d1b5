import {
  Exchange,
  exchangeOn,
  findExchange,
  invalidArgument,
  NodeRequest,
  NodeResponse,
  WebRequest,
} from "@acme/session-core/adapter";
import type { AnyRequest, PagesRequest, PagesResponse } from "./next-types.js";
import { RouteResponse } from "./route-response.js";

/**
 * The exchange of a request of either router.
 *
 * @throws SessionError `INVALID_ARGUMENT` when it is neither
 */
export function wrap(req: AnyRequest, res: PagesResponse | undefined): Exchange {
  if (isWebRequest(req))
    return exchangeOn(req, () => new Exchange(new WebRequest(req), new RouteResponse(req)));
  if (typeof req !== "object" || req === null || typeof req.headers !== "object") {
    throw invalidArgument(
      "the first argument must be the request that Next handed to your API route, route handler or proxy",
    );
  }
  return exchangeOn(req, () => {
    if (typeof res?.setHeader !== "function") {
      throw invalidArgument("the second argument must be the response that Next handed to your API route");
    }
    return new Exchange(new NodeRequest<PagesRequest>(req), new NodeResponse(res));
  });
}

/** The exchange of a request that was wrapped before. */
export function known(req: AnyRequest): Exchange | undefined {
  return findExchange(req);
}

/** Whether this is a Fetch request; no global class is asked, since Next brings its own. */
function isWebRequest(req: AnyRequest): req is Request {
  return typeof (req as Request | undefined)?.headers?.get === "function";
}
