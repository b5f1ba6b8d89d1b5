import {
  BufferedResponse,
  Exchange,
  exchangeOn,
  invalidArgument,
  type NodeIncomingMessage,
  NodeRequest,
} from "@acme/session-core/adapter";
import { exchangeOfHttp, rawRequest } from "./http-exchange.js";
import type { FastifyReplyLike, GraphqlContext, GraphqlSocket } from "./nest-types.js";

/** Where our hook on Fastify leaves the reply: Nest's default context has only the request. */
const REPLY = Symbol.for("acme.session.nest.reply");

const OVER_SOCKET =
  "this operation came over a WebSocket, which takes no cookies; change the session in one that is sent as a request";
const NOT_NAMED =
  "the GraphQL context names no response; make it with one: context: ({ req, res }) => ({ req, res, … })";

/** What is used of Fastify to find a reply again. */
export interface FastifyHooks {
  hasRequestDecorator(name: symbol): boolean;
  decorateRequest(name: symbol, value: null): unknown;
  addHook(
    name: "onRequest",
    hook: (request: object, reply: FastifyReplyLike, done: () => void) => void,
  ): unknown;
}

/** Lets resolvers on Fastify write to a response that their context does not name. */
export function rememberReplies(app: FastifyHooks): void {
  if (app.hasRequestDecorator(REPLY)) return;
  // Declared before it is set: requests keep one shape.
  app.decorateRequest(REPLY, null);
  app.addHook("onRequest", (request, reply, done) => {
    (request as { [REPLY]: FastifyReplyLike })[REPLY] = reply;
    done();
  });
}

export function isGraphqlContext(value: unknown): value is GraphqlContext {
  const context = value as Partial<Record<"req" | "raw" | "headers", unknown>> | null | undefined;
  const hasRequest = typeof context?.req === "object" && context.req !== null;
  return hasRequest && context.raw === undefined && context.headers === undefined;
}

/**
 * The exchange behind a resolver's context: of the HTTP request, which all fields of all its operations share, or of one
 * operation over a WebSocket. Without a response, a session is only read.
 *
 * @throws SessionError `INVALID_ARGUMENT` when the context has no request
 */
export function exchangeOfContext(context: GraphqlContext): Exchange {
  const socket = socketOf(context);
  if (socket !== undefined) return readOnly(context, overSocket(socket), OVER_SOCKET);
  const { req, res, reply } = context;
  const { res: responseOfExpress, [REPLY]: replyOfFastify } = req as {
    res?: unknown;
    [REPLY]?: unknown;
  };
  const response = res ?? reply ?? responseOfExpress ?? replyOfFastify ?? undefined;
  if (response !== undefined) return exchangeOfHttp(req, response);
  const message = rawRequest(req);
  return readOnly(message, message, NOT_NAMED);
}

/** What the exchange of a context hangs on. */
export function carrierOfContext(context: GraphqlContext): object {
  return socketOf(context) === undefined ? rawRequest(context.req) : context;
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkedContext(context: unknown): GraphqlContext {
  if (isGraphqlContext(context)) return context;
  throw invalidArgument(
    "the GraphQL context has no request: leave it to Nest, or make it with the request as `req`: context: ({ req, res }) => ({ req, res, … })",
  );
}

/** The WebSocket that an operation came over, also where the context names the request that opened it. */
function socketOf({ req }: GraphqlContext): GraphqlSocket | undefined {
  if (typeof (req as Partial<GraphqlSocket>).extra?.request === "object") return req as GraphqlSocket;
  const request = rawRequest(req);
  const isUpgrade = request.method === "GET" && /^websocket$/i.test(String(request.headers.upgrade));
  return isUpgrade ? { extra: { request } } : undefined;
}

/**
 * What an operation over a WebSocket says of itself. A page of any origin may open one and send what it likes: of that,
 * only secrets count, and the cookies stand the checks of a request that changes something.
 */
function overSocket({ extra, connectionParams }: GraphqlSocket): NodeIncomingMessage {
  const { url, headers } = extra.request;
  const secrets = Object.entries(connectionParams ?? {}).flatMap(([name, value]) => {
    const key = name.toLowerCase();
    const isSecret = typeof value === "string" && (key === "authorization" || key === "anti-csrf");
    return isSecret ? [[key, value] as const] : [];
  });
  return { method: "POST", url, headers: { ...headers, ...Object.fromEntries(secrets) } };
}

function readOnly(carrier: object, message: NodeIncomingMessage, reason: string): Exchange {
  return exchangeOn(carrier, () => new Exchange(new NodeRequest(message), new NoResponse(reason)));
}

/** There is none, or none that anybody has told us of. */
class NoResponse extends BufferedResponse<undefined> {
  readonly native = undefined;
  readonly committed = false;
  readonly #reason: string;

  constructor(reason: string) {
    super();
    this.#reason = reason;
  }

  override get isReadOnly(): boolean {
    return true;
  }

  override get readOnlyReason(): string {
    return this.#reason;
  }

  finish(): undefined {
    return undefined;
  }
}
