import { tryRefreshToken } from "../errors/throwers.js";
import { constantTimeEqual } from "../runtime/encoding.js";

/** How cross-site requests are told from the application's own (wire-contract.md 4). */
export type AntiCsrfMode = "NONE" | "VIA_CUSTOM_HEADER" | "VIA_TOKEN";

/** Longer values are a mismatch without being looked at (security rule D-01). */
const MAX_ANTI_CSRF_LENGTH = 256;

/** Whether the presented anti-CSRF token is the expected one, in constant time. */
export function isSameAntiCsrfToken(presented: string | undefined, expected: string): boolean {
  return (
    presented !== undefined &&
    presented.length <= MAX_ANTI_CSRF_LENGTH &&
    constantTimeEqual(presented, expected)
  );
}

/**
 * The check on a request that may change something, in mode VIA_TOKEN.
 *
 * @param claim     `antiCsrfToken` of the verified access token
 * @param presented the request's `anti-csrf` header
 * @throws SessionError `TRY_REFRESH_TOKEN`: a refresh hands out a token that is bound (G-7, G-9, G-10)
 */
export function checkAntiCsrfToken(claim: string | null | undefined, presented: string | undefined): void {
  if (claim === null || claim === undefined) throw tryRefreshToken("the session has no anti-csrf token yet");
  if (!isSameAntiCsrfToken(presented, claim))
    throw tryRefreshToken("the anti-csrf token is missing or wrong");
}
