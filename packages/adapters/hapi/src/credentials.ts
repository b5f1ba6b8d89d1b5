import type { SessionContainer } from "@acme/session-core";
import type { AuthenticationData } from "@hapi/hapi";

/** Where the roles of a session stand in its payload. */
const ROLES_CLAIM = "st-role";

/** What a session is to hapi: its user, and the roles as scopes, so that `auth.access.scope` works on them. */
export function credentialsOf(session: SessionContainer): AuthenticationData {
  const claim = (session.getAccessTokenPayload() as Record<string, unknown>)[ROLES_CLAIM];
  const roles = (claim as { v?: unknown } | null | undefined)?.v;
  const scope = Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [];
  return {
    credentials: { user: { id: session.getUserId() }, scope },
    artifacts: { sessionHandle: session.getHandle() },
  };
}
