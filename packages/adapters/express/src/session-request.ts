import type { SessionContainer } from "@acme/session-core";
import type { Request } from "express";

/** An Express request that `verifySession` let through; `session` is undefined where it is optional. */
export type SessionRequest<
  P = Request["params"],
  ResBody = unknown,
  ReqBody = unknown,
  Query = Request["query"],
> = Omit<Request<P, ResBody, ReqBody, Query>, "session"> & { session?: SessionContainer };
