import { SessionError } from "../errors/session-error.js";
import type { SessionRow } from "./session-store.js";

/** Limits in bytes of UTF-8, the same in every store (security.md ST-07). */
export const MAX_HANDLE_BYTES = 128;
export const MAX_USER_ID_BYTES = 256;
/** Tenants, roles, permissions, key ids. */
export const MAX_NAME_BYTES = 256;

const encoder = new TextEncoder();

/**
 * Lets through what every database gives back unchanged. U+0000 is refused by some; half a surrogate pair becomes
 * U+FFFD on the way, so that two different ids could become one. JSON text never has either.
 *
 * @throws TypeError
 */
export function storableText<T extends string | null>(value: T): T {
  if (typeof value === "string" && /[\0\ud800-\udfff]/u.test(value)) {
    throw new TypeError("a text with U+0000 or half a surrogate pair cannot be stored");
  }
  return value;
}

/**
 * An identifier within its limit, before any query is made of it: a database may cut what is too long.
 *
 * @throws TypeError
 */
export function storableId(what: string, value: string, maxBytes: number): string {
  storableText(value);
  if (value.length > maxBytes || encoder.encode(value).length > maxBytes) {
    throw new TypeError(`a ${what} has at most ${maxBytes} bytes`);
  }
  return value;
}

/** Checks every text of a row. @throws TypeError */
export function storableSession(row: SessionRow): SessionRow {
  storableId("handle", row.handle, MAX_HANDLE_BYTES);
  storableId("user id", row.userId, MAX_USER_ID_BYTES);
  storableId("tenant id", row.tenantId, MAX_NAME_BYTES);
  for (const text of [
    row.refreshTokenHash2,
    row.secretId,
    row.previousRefreshTokenHash2,
    row.previousSecretId,
  ]) {
    if (text !== null) storableId("hash or secret id", text, MAX_NAME_BYTES);
  }
  storableText(row.sessionDataJson);
  storableText(row.accessTokenPayloadJson);
  return row;
}

/**
 * For a database that takes no statement of this size. The caller is told so (500): trying again would not help.
 *
 * @param setting of the database that says how much it takes
 */
export function tooLargeToStore(sizeBytes: number, limitBytes: number, setting: string): Error {
  return new SessionError({
    type: "PAYLOAD_TOO_LARGE",
    message: `the session takes ${sizeBytes} bytes and the database no more than ${limitBytes}: keep less in it, or raise ${setting}`,
    payload: { sizeBytes, limitBytes, largestClaims: [] },
  });
}
