import type { SessionContainer } from "@acme/session-core";
import type { Request } from "express";

/**
 * An Express request that `verifySession` has seen: `session` is there, or undefined where it is optional. For handlers
 * under `@types/express-session` use `Session.handler` or `Session.of(req)`: that package has given `session` a type of
 * its own to every request.
 */
export type SessionRequest<
  P = Request["params"],
  // biome-ignore lint/suspicious/noExplicitAny: as Express itself types them
  ResBody = any,
  // biome-ignore lint/suspicious/noExplicitAny: as Express itself types them
  ReqBody = any,
  Query = Request["query"],
> = Omit<Request<P, ResBody, ReqBody, Query>, "session"> & { session?: SessionContainer | undefined };
