import type { NodeIncomingMessage } from "@acme/session-core/adapter";

/** What is used of a Fastify request: the same whatever its route's types and type provider. */
export interface FastifyRequestLike extends NodeIncomingMessage {
  readonly raw: object;
  readonly originalUrl: string;
  readonly routeOptions?: { readonly config?: object | undefined } | undefined;
}

/** What is used of a Fastify reply. */
export interface FastifyReplyLike {
  readonly raw: { readonly headersSent: boolean; readonly destroyed?: boolean | undefined };
  readonly sent: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types header values by name
  header(name: any, value?: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types header names
  getHeader(name: any): number | string | string[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types header names
  getHeaders(): any;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types header names
  removeHeader(name: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types status codes by route
  code(status: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types payloads by route
  serializer(serialize: (payload: any) => string): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: Fastify types payloads by route
  send(payload?: any): unknown;
}

/**
 * A hook for `onRequest`, `preValidation` or `preHandler`, and a step for `@fastify/auth`. Without `done` it promises, so
 * that a hook of your own can await it; with it, it may call it at once instead.
 */
export interface GuardHook {
  (request: FastifyRequestLike, reply: FastifyReplyLike): Promise<unknown>;
  (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void): unknown;
}
/** For use inside `setErrorHandler`. */
export type ErrorHandler = (
  error: unknown,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
) => Promise<unknown>;
