/** Columns of a session in every SQL store, and a row as ours, for the bare driver. */
export const COLUMNS = [
  "handle",
  "tenant_id",
  "user_id",
  "refresh_token_hash2",
  "previous_refresh_token_hash2",
  "secret_id",
  "previous_secret_id",
  "generation",
  "rotated_at_ms",
  "session_data_json",
  "access_token_payload_json",
  "created_at_ms",
  "expires_at_ms",
  "absolute_expires_at_ms",
] as const;

export const FIRST_HASH = "a".repeat(64);
export const PAYLOAD_JSON = '{"iss":"http://localhost:3000/auth"}';
const DAY_MS = 24 * 3_600_000;

/** In the order of the columns. */
export function rawSession(handle: string): (string | number | null)[] {
  const now = Date.now();
  const life = [now, now + 100 * DAY_MS, now + 365 * DAY_MS];
  return [handle, "public", "raw", FIRST_HASH, null, "8characs", null, 0, null, "{}", PAYLOAD_JSON, ...life];
}

/**
 * Rows that a database makes by itself, in bulk, are numbered from 1. Their handles are spread over the whole index, as
 * random ones are; every third row is of another user; every n-th has expired an hour ago.
 */
export const filled = {
  handle: (row: number): string => ((row * 2_654_435_761) % 2 ** 32).toString(16).padStart(32, "0"),
  user: (row: number): string => `user-${Math.floor(row / 3)}`,
  expiredMs: (): number => Date.now() - 3_600_000,
  expiresMs: (): number => Date.now() + 100 * DAY_MS,
  absoluteMs: (): number => Date.now() + 365 * DAY_MS,
};
