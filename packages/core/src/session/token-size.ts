import { SessionError } from "../errors/session-error.js";
import { utf8Length } from "../runtime/encoding.js";
import { printable } from "../runtime/printable.js";
import type { SigningAlgorithm } from "../store/session-store.js";
import { type AccessTokenPayload, accessTokenHeader } from "../tokens/access-token.js";
import { frontTokenJson } from "../tokens/front-token.js";
import { RESERVED_CLAIMS } from "../tokens/reserved-claims.js";

/** Browsers drop a cookie above this; some front ends count the whole line (RFC 6265bis §5.6). */
const COOKIE_LIMIT_BYTES = 4096;
export const COOKIE_WARNING_BYTES = 3500;

const SIGNATURE_CHARACTERS: Record<SigningAlgorithm, number> = { ES256: 86, EdDSA: 86, RS256: 342 };
/** The header's segment, which is equally long for every algorithm and key, and the two dots. */
const HEADER_CHARACTERS = Math.ceil((accessTokenHeader("ES256", "d-0123456789abcdef").length * 4) / 3) + 2;
const FRONT_COOKIE_NAME_BYTES = "sFrontToken=".length;
const HASH_LENGTH = 64;
const ANTI_CSRF_LENGTH = 22;

/**
 * Size of the largest cookie this payload can lead to: the access token's `Set-Cookie` line, or the cookie in which
 * the browser client keeps the front token. Counted for the longest form the payload can take in this session's life,
 * so that what was accepted once never fails at a refresh.
 */
export function largestCookieBytes(
  payload: AccessTokenPayload,
  algorithm: SigningAlgorithm,
  accessCookieOverheadBytes: number,
): number {
  const longest: AccessTokenPayload = {
    ...payload,
    parentRefreshTokenHash1: "0".repeat(HASH_LENGTH),
    antiCsrfToken: payload.antiCsrfToken ?? "0".repeat(ANTI_CSRF_LENGTH),
  };
  const payloadBytes = jsonBytes(longest);
  const access =
    accessCookieOverheadBytes +
    HEADER_CHARACTERS +
    Math.ceil((payloadBytes * 4) / 3) +
    SIGNATURE_CHARACTERS[algorithm];
  // The front token holds the payload as it is, so it need not be written out again to be counted.
  const frontTokenBytes = payloadBytes + frontTokenBytesBesidePayload(payload);
  const front = FRONT_COOKIE_NAME_BYTES + Math.ceil(frontTokenBytes / 3) * 4;
  return Math.max(access, front);
}

function frontTokenBytesBesidePayload({ sub, exp }: AccessTokenPayload): number {
  const empty = { sub, exp } as AccessTokenPayload;
  return utf8Length(frontTokenJson(empty)) - jsonBytes(empty);
}

function jsonBytes(value: unknown): number {
  return utf8Length(JSON.stringify(value));
}

/** The three biggest claims of the application, biggest first. */
export function largestClaims(payload: AccessTokenPayload): string[] {
  return Object.entries(payload)
    .filter(([key]) => !RESERVED_CLAIMS.has(key))
    .map(([key, value]) => ({ key, bytes: jsonBytes(value) }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 3)
    .map(({ key }) => printable(key));
}

/** @throws SessionError `PAYLOAD_TOO_LARGE` with size, limit and the three biggest claims */
export function assertFits(sizeBytes: number, payload: AccessTokenPayload): void {
  if (sizeBytes <= COOKIE_LIMIT_BYTES) return;
  const claims = largestClaims(payload);
  throw new SessionError({
    type: "PAYLOAD_TOO_LARGE",
    message:
      `the access token would need a cookie of ${sizeBytes} bytes and browsers drop cookies above ` +
      `${COOKIE_LIMIT_BYTES}; keep big values in the session data (the biggest claims: ${claims.join(", ")})`,
    payload: { sizeBytes, limitBytes: COOKIE_LIMIT_BYTES, largestClaims: claims },
  });
}
