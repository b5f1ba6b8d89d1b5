import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** A request as Express, Fastify or Nest's own middleware hand it out. */
export type NestRequest = NodeIncomingMessage | FastifyRequestLike;
/** A response as Express, Fastify or Nest's own middleware hand it out. */
export type NestResponse = NodeServerResponse | FastifyReplyLike;

/** What is used of a Fastify request, whatever its route's types. */
export interface FastifyRequestLike {
  readonly raw: NodeIncomingMessage;
}

/** What is used of a Fastify reply. */
export interface FastifyReplyLike {
  readonly raw: NodeServerResponse;
  readonly sent: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types header values by name
  header(name: any, value?: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types status codes by route
  code(status: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types payloads by route
  serializer(serialize: (payload: any) => string): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types payloads by route
  send(payload?: any): unknown;
}

export type Next = (error?: unknown) => void;
/** For `app.use()` in `main.ts`: both platforms hand Node's own objects to it. */
export type Middleware = (req: NodeIncomingMessage, res: NodeServerResponse, next: Next) => void;
