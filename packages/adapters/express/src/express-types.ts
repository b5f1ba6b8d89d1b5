import type { NodeIncomingMessage, NodeServerResponse } from "@acme/session-core/adapter";

/** What is used of an Express request: any `IncomingMessage` will do, so connect, polka and plain `node:http` work too. */
export type ExpressRequest = NodeIncomingMessage;
export type ExpressResponse = NodeServerResponse;
export type Next = (error?: unknown) => void;

export type Middleware = (req: ExpressRequest, res: ExpressResponse, next: Next) => void;
/** Express knows an error handler by its four parameters. */
export type ErrorMiddleware = (error: unknown, req: ExpressRequest, res: ExpressResponse, next: Next) => void;
