import {
  Exchange,
  exchangeOn,
  invalidArgument,
  type NodeIncomingMessage,
  NodeRequest,
  type NodeServerResponse,
} from "@acme/session-core/adapter";
import { NestExchangeResponse } from "./nest-exchange-response.js";
import type { FastifyReplyLike, FastifyRequestLike } from "./nest-types.js";

/**
 * The exchange of a request. It hangs on Node's own request, so that Nest's middleware, which sees that, shares it with
 * guards and handlers, which on Fastify see a wrapper.
 *
 * @throws SessionError `INVALID_ARGUMENT` when these are not a request and its response
 */
export function exchangeOfHttp(req: unknown, res: unknown): Exchange {
  const message = rawRequest(req);
  const reply = replyIn(res);
  const raw = rawResponse(reply === undefined ? res : reply.raw);
  const exchange = exchangeOn(
    message,
    () => new Exchange(new NodeRequest(message), new NestExchangeResponse(raw)),
  );
  if (reply !== undefined && exchange.res instanceof NestExchangeResponse) exchange.res.sawReply(reply);
  return exchange;
}

/** @throws SessionError `INVALID_ARGUMENT` when it is no request */
export function rawRequest(req: unknown): NodeIncomingMessage {
  const raw = (req as Partial<FastifyRequestLike> | null | undefined)?.raw ?? req;
  const headers = (raw as Partial<NodeIncomingMessage> | null | undefined)?.headers;
  // A Fetch request has headers as well, and would look like one that carries no session.
  if (typeof headers !== "object" || headers === null || typeof headers.get === "function") {
    throw invalidArgument(
      "the first argument must be the request that Nest handed to your handler: @Req() req",
    );
  }
  return raw as NodeIncomingMessage;
}

/** What Fastify hands out; undefined for Node's own response. */
function replyIn(res: unknown): FastifyReplyLike | undefined {
  const reply = res as Partial<FastifyReplyLike> | null | undefined;
  const isReply = typeof reply?.raw === "object" && typeof reply.serializer === "function";
  return isReply ? (reply as FastifyReplyLike) : undefined;
}

function rawResponse(res: unknown): NodeServerResponse {
  const raw = res as Partial<NodeServerResponse> | null | undefined;
  if (typeof raw !== "object" || typeof raw?.setHeader !== "function") {
    throw invalidArgument(
      "the second argument must be the response that Nest handed to your handler: @Res({ passthrough: true }) res",
    );
  }
  return raw as NodeServerResponse;
}
