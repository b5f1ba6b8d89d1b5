import type { SessionContainer } from "@acme/session-core";
import type { Context } from "hono";

/** Variables of a route behind `verifySession()`: `new Hono<{ Variables: SessionVariables }>()`. */
export interface SessionVariables {
  session: SessionContainer;
}

/** Any Hono context; our functions need nothing of its environment. */
// biome-ignore lint/suspicious/noExplicitAny: Hono's own type of a context of any environment
export type HonoContext = Context<any, any, any>;
