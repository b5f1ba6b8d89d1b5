import { Exchange, exchangeOn, invalidArgument, WebRequest } from "@acme/session-core/adapter";
import { HonoResponse } from "./hono-response.js";
import type { HonoContext } from "./hono-types.js";

/**
 * The exchange of a context; the same for every context of one request.
 *
 * @throws SessionError `INVALID_ARGUMENT` when this is not a Hono context
 */
export function wrap(c: HonoContext): Exchange {
  const request: Request | undefined = typeof c === "object" && c !== null ? c.req?.raw : undefined;
  if (typeof request?.headers?.get !== "function") {
    throw invalidArgument("the first argument must be the context `c` that Hono handed to your handler");
  }
  return exchangeOn(request, () => new Exchange(new WebRequest(request), new HonoResponse(request)));
}
