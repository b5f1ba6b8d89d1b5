import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** What is used of a hapi request: the same whatever its route's references. */
export interface HapiRequestLike {
  readonly raw: { readonly req: NodeIncomingMessage; readonly res: NodeServerResponse };
  readonly server: { readonly plugins: object };
}

/** What is used of the response toolkit. */
export interface ToolkitLike {
  readonly continue: symbol;
  response(value?: string): HapiResponseLike;
}

/** What is used of a response object. */
export interface HapiResponseLike {
  code(status: number): unknown;
  type(contentType: string): unknown;
}
