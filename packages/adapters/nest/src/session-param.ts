import type { SessionContainer, VerifySessionOptions } from "@acme/session-core";
import type { Exchange } from "@acme/session-core/adapter";
import { createParamDecorator } from "@nestjs/common";
import { exchangeOf } from "./http-arguments.js";
import { guardingOf } from "./metadata.js";

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
 * @param find the session of an exchange; where no guard has looked for one, it is established as `VerifySession` on the
 *        route and its controller say, and required without them
 */
export function sessionParam(
  find: (
    exchange: Exchange,
    declared: VerifySessionOptions | undefined,
  ) => Promise<SessionContainer | undefined>,
): (part?: SessionPart) => ParameterDecorator {
  return createParamDecorator<SessionPart>(async (part, context) => {
    const session = await find(exchangeOf(context), guardingOf(context));
    return session === undefined || part === undefined ? session : PARTS[part](session);
  });
}
