import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** What is used of LoopBack's `MiddlewareContext` and `RequestContext`, whichever Express types are installed. */
export interface LoopbackContext {
  readonly request: NodeIncomingMessage;
  readonly response: NodeServerResponse;
}

/** What is used of an `InvocationContext`. */
export interface InvocationContextLike {
  // biome-ignore lint/suspicious/noExplicitAny: LoopBack types values by their binding's key
  get(key: string): Promise<any>;
}

// biome-ignore lint/suspicious/noExplicitAny: what a middleware or a method returns, as LoopBack types it
type Result = any;
export type Next = () => Result;
/** For `app.middleware(…)`. */
export type Middleware = (ctx: LoopbackContext, next: Next) => Promise<Result>;
/** For `@intercept(…)` on a method or a class, and for global interceptors. */
export type Interceptor = (invocation: InvocationContextLike, next: Next) => Promise<Result>;
