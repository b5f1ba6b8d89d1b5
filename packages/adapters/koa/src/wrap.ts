import { Exchange, exchangeOn, invalidArgument } from "@acme/session-core/adapter";
import { KoaRequest } from "./koa-request.js";
import { KoaResponse } from "./koa-response.js";
import type { KoaContext } from "./koa-types.js";

/**
 * The exchange of a context. Koa hands out one object for both directions, so `getSession(ctx, ctx)` names it twice.
 *
 * @throws SessionError `INVALID_ARGUMENT` when this is not a Koa context
 */
export function wrap(ctx: KoaContext): Exchange {
  const given = ctx as Partial<KoaContext> | null | undefined;
  if (typeof given?.req !== "object" || typeof given.res?.setHeader !== "function") {
    throw invalidArgument("the arguments must be the context that Koa handed to your middleware: (ctx, ctx)");
  }
  return exchangeOn(given.req, () => new Exchange(new KoaRequest(ctx), new KoaResponse(ctx)));
}
