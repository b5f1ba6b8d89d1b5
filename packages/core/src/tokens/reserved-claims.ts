import { SessionError } from "../errors/session-error.js";
import type { JsonObject } from "../runtime/json.js";

/**
 * Claims that belong to the token itself: an application can neither set, change nor remove them (wire-contract.md
 * 2.1.3). `nbf` is among them since it would change when the token verifies; `iss`, `aud` and `jti` are not.
 */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  "sub",
  "iat",
  "exp",
  "sessionHandle",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "antiCsrfToken",
  "rsub",
  "tId",
  "stt",
  "nbf",
]);

/** A copy without reserved claims: what is left when an old token's payload is handed in for a new session. */
export function withoutReservedClaims(payload: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(payload).filter(([key]) => !RESERVED_CLAIMS.has(key)));
}

/**
 * A merge patch without its reserved claims. `null` for one is ignored, since clients that null every key they see
 * exist in the field.
 *
 * @throws SessionError `RESERVED_CLAIM_NAME` for any other value
 */
export function checkedPatch(patch: JsonObject): JsonObject {
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && RESERVED_CLAIMS.has(key)) {
      throw new SessionError({
        type: "RESERVED_CLAIM_NAME",
        message: `the claim \`${key}\` belongs to the access token and cannot be changed; choose another name`,
        payload: { key },
      });
    }
  }
  return withoutReservedClaims(patch);
}

/** `{...payload, ...patch}`, then without the top-level keys that the patch sets to null. Nested nulls are data. */
export function mergePayload(payload: JsonObject, patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries({ ...payload, ...patch }).filter(([key]) => patch[key] !== null));
}
