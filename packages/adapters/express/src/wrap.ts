import {
  Exchange,
  exchangeOn,
  invalidArgument,
  NodeRequest,
  type NodeResponse,
} from "@acme/session-core/adapter";
import type { ExpressRequest, ExpressResponse } from "./express-types.js";

/**
 * What makes the exchange of a request, or finds the one that was made.
 *
 * @returns a function that throws SessionError `INVALID_ARGUMENT` when it is not given a request and its response
 */
export function wrapper(
  view: (res: ExpressResponse) => NodeResponse,
): (req: ExpressRequest, res: ExpressResponse) => Exchange {
  return (req, res) => {
    if (typeof req !== "object" || req === null || typeof req.headers !== "object") {
      throw invalidArgument(
        `the first argument must be the request that Express handed to your handler, not ${kind(req)}`,
      );
    }
    if (typeof res !== "object" || res === null || typeof res.setHeader !== "function") {
      throw invalidArgument(
        `the second argument must be the response that Express handed to your handler, not ${kind(res)}`,
      );
    }
    return exchangeOn(req, () => new Exchange(new NodeRequest(req), view(res)));
  };
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? `a ${value.constructor?.name ?? "bare object"}` : `a ${typeof value}`;
}
