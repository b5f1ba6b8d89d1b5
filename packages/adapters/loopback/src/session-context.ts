import type { SessionContainer } from "@acme/session-core";
import type { MiddlewareContext } from "@loopback/rest";

/** A context that `verifySession` has seen: `session` is there, or undefined where it is optional. */
export type SessionContext = MiddlewareContext & { session?: SessionContainer | undefined };
