import type { Interceptor } from "@loopback/core";
import type { Middleware, MiddlewareContext, RequestContext, RestApplication } from "@loopback/rest";
import { type Request, type Response, Router } from "express";
import { createSession, MemoryStore, type SessionContext } from "../src/index.js";

const Session = createSession<{ payload: { plan: string } }>({ store: new MemoryStore() });

/** LB-08: LoopBack brings the types of Express 4; here those of Express 5 stand beside them. */
// @ts-expect-error this router is of another Express
export const other: Parameters<RestApplication["mountExpressRouter"]>[1] = Router();

/** LB-08: contexts over either fit, and so do middleware and interceptors. */
export async function plans(
  middlewareContext: MiddlewareContext,
  requestContext: RequestContext,
  sessionContext: SessionContext,
  request: Request,
  response: Response,
): Promise<string[]> {
  const contexts = [middlewareContext, requestContext, sessionContext, { request, response }];
  const sessions = await Promise.all(contexts.map((ctx) => Session.getSession(ctx, ctx)));
  await Session.createNewSession(middlewareContext, middlewareContext, "user-1", { plan: "pro" });
  return sessions.map((session) => session.getAccessTokenPayload().plan);
}
export const middleware: Middleware = Session.middleware();
export const interceptor: Interceptor = Session.verifySession({ checkDatabase: true });

/** The session is there, unless it is optional. */
export const userOf = (ctx: SessionContext): string | undefined => ctx.session?.getUserId();
export async function optional(ctx: MiddlewareContext): Promise<string | undefined> {
  const session = await Session.getSession(ctx, ctx, { sessionRequired: false });
  // @ts-expect-error it may be undefined
  session.getUserId();
  return session?.getUserId();
}
