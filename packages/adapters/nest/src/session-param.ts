import type { SessionContainer } from "@acme/session-core";
import { createParamDecorator, type ExecutionContext } from "@nestjs/common";

/** What of the session a parameter gets; nothing for the session itself. */
export type SessionPart = "userId" | "handle" | "tenantId" | "accessTokenPayload" | undefined;

const PARTS: Record<NonNullable<SessionPart>, (session: SessionContainer) => unknown> = {
  userId: (session) => session.getUserId(),
  handle: (session) => session.getHandle(),
  tenantId: (session) => session.getTenantId(),
  accessTokenPayload: (session) => session.getAccessTokenPayload(),
};

/**
 * Makes the parameter decorator of an instance.
 *
 * @param find the session of a call
 */
export function sessionParam(
  find: (context: ExecutionContext) => Promise<SessionContainer | undefined>,
): (part?: SessionPart) => ParameterDecorator {
  return createParamDecorator<SessionPart>(async (part, context) => {
    const session = await find(context);
    return session === undefined || part === undefined ? session : PARTS[part](session);
  });
}
