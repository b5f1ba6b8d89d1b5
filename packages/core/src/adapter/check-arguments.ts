import { isClaim } from "../claims/check-validators.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { invalidArgument } from "../errors/throwers.js";
import { utf8Length } from "../runtime/encoding.js";
import { checkTenantId } from "../session/create-session.js";
import { MAX_HANDLE_BYTES } from "../store/storable.js";

const UNSTORABLE = /\0|\p{Surrogate}/u;

/**
 * What a caller's mistake is told by: the functions of an instance check what they were given before anything is done,
 * so that no slip reaches a store and looks like an outage.
 */

/** @returns whether any session can have this handle. @throws SessionError `INVALID_ARGUMENT` for what is no text */
export function canBeHandle(handle: unknown): boolean {
  if (typeof handle !== "string") throw invalidArgument("the session handle must be a string");
  return isName(handle, MAX_HANDLE_BYTES);
}

/** A text that a store could keep, of 1 to `maxBytes` bytes. */
export function isName(text: string, maxBytes: number): boolean {
  return text !== "" && text.length <= maxBytes && utf8Length(text) <= maxBytes && !UNSTORABLE.test(text);
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function handlesFrom(handles: unknown): string[] {
  if (!Array.isArray(handles)) throw invalidArgument("the session handles must be a list of strings");
  return handles.filter(canBeHandle);
}

/** @param tenantId undefined for all. @throws SessionError `INVALID_ARGUMENT` */
export function optionalTenant(tenantId: unknown): string | undefined {
  if (tenantId === undefined) return undefined;
  checkTenantId(tenantId);
  return tenantId;
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function contextFrom(userContext: unknown): UserContext {
  if (userContext === undefined) return {};
  checkContext(userContext);
  return userContext;
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkContext(userContext: unknown): asserts userContext is UserContext {
  if (typeof userContext !== "object" || userContext === null || Array.isArray(userContext)) {
    throw invalidArgument("the user context must be an object");
  }
  if (!Object.isExtensible(userContext)) {
    throw invalidArgument("the user context must not be frozen: it carries the request along");
  }
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function claimFrom<T>(claim: SessionClaim<T>): SessionClaim<T> {
  if (!isClaim(claim) || typeof claim.policy !== "object" || typeof claim.addToPayload !== "function") {
    throw invalidArgument("the claim must be one that `defineClaim({ … })` made, or of a class of ours");
  }
  return claim;
}

/**
 * A token as a client presents it, or does not.
 *
 * @returns undefined where there is none
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function tokenFrom(what: string, token: unknown): string | undefined {
  if (token === undefined || token === null || token === "") return undefined;
  if (typeof token !== "string") throw invalidArgument(`the ${what} must be a string`);
  return token;
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkFlag(what: string, flag: unknown): asserts flag is boolean | undefined {
  if (flag !== undefined && typeof flag !== "boolean") {
    throw invalidArgument(`\`${what}\` must be true or false`);
  }
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function optionsFrom<T extends object>(what: string, options: T | undefined): T | undefined {
  if (options === undefined || (typeof options === "object" && options !== null)) return options;
  throw invalidArgument(`${what} must be an object`);
}
