import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** What is used of a Koa context: the same in Koa 2 and 3, with any state and any extension. */
export interface KoaContext extends NodeIncomingMessage {
  readonly req: object;
  readonly res: NodeServerResponse;
  readonly originalUrl: string;
  status: number;
  body: unknown;
  /** False where Koa is told to send nothing. */
  respond?: boolean | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: Koa types its state so
  state: any;
}

export type Next = () => Promise<unknown>;
/** Generic, so that a router takes the types of its context from the application's handlers and not from ours. */
export type Middleware = <Context extends KoaContext>(ctx: Context, next: Next) => Promise<void>;
