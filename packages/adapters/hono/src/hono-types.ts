import type { SessionContainer } from "@acme/session-core";

/** Variables of a route behind `verifySession()`: `new Hono<{ Variables: SessionVariables }>()`. */
export interface SessionVariables {
  session: SessionContainer;
}

/** What is used of a Hono context; one of any environment will do. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  get res(): Response;
  set res(response: Response | undefined);
}
