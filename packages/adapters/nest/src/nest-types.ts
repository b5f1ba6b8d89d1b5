import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** A request as Express, Fastify or Nest's own middleware hand it out, or the context of a resolver. */
export type NestRequest = NodeIncomingMessage | FastifyRequestLike | GraphqlContext;
/** A response as Express, Fastify or Nest's own middleware hand it out, or the same context again. */
export type NestResponse = NodeServerResponse | FastifyReplyLike | GraphqlContext;

/** What is used of a resolver's context, `@Context()`: Nest's default one has the request, an application's may have more. */
export interface GraphqlContext {
  readonly req: NodeIncomingMessage | FastifyRequestLike | GraphqlSocket;
  readonly res?: NodeServerResponse | FastifyReplyLike | undefined;
  readonly reply?: FastifyReplyLike | undefined;
}

/** A connection of `graphql-ws`, which stands where the request would. */
export interface GraphqlSocket {
  readonly extra: { readonly request: NodeIncomingMessage };
  readonly connectionParams?: { readonly [name: string]: unknown } | undefined;
}

/** What is used of the info that GraphQL hands to a resolver. */
export interface FieldInfo {
  readonly operation: {
    readonly operation: string;
    readonly selectionSet: { readonly selections: readonly { readonly kind: string }[] };
  };
  readonly path: { readonly prev: object | undefined };
}

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
