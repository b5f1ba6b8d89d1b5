import type { SessionContainer } from "@acme/session-core";
import type { DefaultContext, DefaultState, ParameterizedContext } from "koa";

/** What `verifySession` adds to a context and its state. */
export interface WithSession {
  session?: SessionContainer | undefined;
}

/** A Koa context that `verifySession` has seen: `session` is there, or undefined where it is optional. */
export type SessionContext<State = DefaultState, Context = DefaultContext> = ParameterizedContext<
  State & WithSession,
  Context & WithSession
>;
