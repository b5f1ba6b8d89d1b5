import { Exchange, exchangeOn, invalidArgument } from "@acme/session-core/adapter";
import { FastifyRequestView } from "./fastify-request.js";
import { FastifyResponse } from "./fastify-response.js";
import type { FastifyReplyLike, FastifyRequestLike } from "./fastify-types.js";

/**
 * The exchange of a request. It hangs on Node's own request, which is the same in hooks, handlers and decorators.
 *
 * @throws SessionError `INVALID_ARGUMENT` when these are not a request and its reply
 */
export function wrap(request: FastifyRequestLike, reply: FastifyReplyLike): Exchange {
  const given = request as Partial<FastifyRequestLike> | null | undefined;
  if (typeof given?.raw !== "object" || typeof given.headers !== "object") {
    throw invalidArgument("the first argument must be the request that Fastify handed to your handler");
  }
  if (typeof (reply as Partial<FastifyReplyLike> | null | undefined)?.serializer !== "function") {
    throw invalidArgument("the second argument must be the reply that Fastify handed to your handler");
  }
  return exchangeOn(
    given.raw,
    () => new Exchange(new FastifyRequestView(request), new FastifyResponse(reply)),
  );
}
