import type { SessionContainer } from "@acme/session-core";
import { type AdapterCore, oneOf } from "@acme/session-core/adapter";
import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import { assertCalled } from "./assert-called.js";

/** A session, or none where it is optional; no promise where there is nothing to wait for. */
export type Found = ReturnType<AdapterCore["verifySession"]>;

/** What of the session a parameter gets; nothing for the session itself. */
export type SessionPart = "userId" | "handle" | "tenantId" | "accessTokenPayload" | undefined;

const PARTS: Record<NonNullable<SessionPart>, (session: SessionContainer) => unknown> = {
  userId: (session) => session.getUserId(),
  handle: (session) => session.getHandle(),
  tenantId: (session) => session.getTenantId(),
  accessTokenPayload: (session) => session.getAccessTokenPayload(),
};

/** On what Nest calls for a parameter: whether it is ours, be it of another copy of this package. */
const READS_SESSION = Symbol.for("acme.session.nest.param");

/** Whether this makes the value of a parameter with `@Session()`. */
export function isSessionParam(factory: unknown): boolean {
  return typeof factory === "function" && READS_SESSION in factory;
}

const isPart = oneOf(...Object.keys(PARTS));

/**
 * Makes the parameter decorator of an instance.
 *
 * @param find the session of a call
 */
export function sessionParam(
  find: (context: ExecutionContext) => Found,
): (part?: SessionPart) => ParameterDecorator {
  const read = (part: SessionPart, context: ExecutionContext) => {
    const found = find(context);
    return found instanceof Promise ? found.then((session) => partOf(session, part)) : partOf(found, part);
  };
  const decorate = createParamDecorator<SessionPart>(Object.assign(read, { [READS_SESSION]: true }));
  return (...given) => {
    const [part] = given;
    if (typeof part === "string") isPart(part, "Session");
    // Pipes may follow the part, or stand in its place; a class, a name and an index are what a decorator is given.
    else if (typeof (given as unknown[])[2] === "number") assertCalled("Session", given);
    return decorate(...given);
  };
}

function partOf(session: SessionContainer | undefined, part: SessionPart): unknown {
  return session === undefined || part === undefined ? session : PARTS[part](session);
}
