import { randomBytes } from "node:crypto";
import type { Promotion, SessionRow } from "@acme/session-core/store";

export const HOUR_MS = 3_600_000;

/** A session of `user-1` that has just begun, with a handle of its own: for a server, which goes by its own clock. */
export function liveSession(fields: Partial<SessionRow> = {}): SessionRow {
  const nowMs = Date.now();
  return {
    handle: randomBytes(16).toString("hex"),
    tenantId: "public",
    userId: "user-1",
    refreshTokenHash2: "a".repeat(64),
    previousRefreshTokenHash2: null,
    secretId: "secret-1",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: nowMs,
    expiresAtMs: nowMs + HOUR_MS,
    absoluteExpiresAtMs: nowMs + 100 * HOUR_MS,
    ...fields,
  };
}

/** The promotion of a `liveSession`, as asked for by a caller whose clock says `nowMs`. */
export function livePromotion(row: SessionRow, nowMs = Date.now()): Promotion {
  return {
    handle: row.handle,
    expectedRefreshTokenHash2: row.refreshTokenHash2,
    nextRefreshTokenHash2: "b".repeat(64),
    nextSecretId: "secret-1",
    nowMs,
    expiresAtMs: nowMs + HOUR_MS,
  };
}
