import { Exchange, exchangeOn, invalidArgument, NodeRequest, NodeResponse } from "@acme/session-core/adapter";
import type { LoopbackContext } from "./loopback-types.js";

/**
 * The exchange of a request. LoopBack hands out one context for both directions, so `getSession(ctx, ctx)` names it
 * twice; what was injected into a controller and what middleware sees are the same request.
 *
 * @throws SessionError `INVALID_ARGUMENT` when this is no such context
 */
export function wrap(ctx: LoopbackContext): Exchange {
  const given = ctx as Partial<LoopbackContext> | null | undefined;
  if (typeof given?.request?.headers !== "object" || typeof given.response?.setHeader !== "function") {
    throw invalidArgument(
      "the arguments must be the context of the request: @inject(RestBindings.Http.CONTEXT) ctx, then (ctx, ctx)",
    );
  }
  const { request, response } = given;
  return exchangeOn(request, () => new Exchange(new NodeRequest(request), new NodeResponse(response)));
}
