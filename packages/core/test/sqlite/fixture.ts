import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SessionRow } from "../../src/store/session-store.js";

/** A path in a directory of its own that is removed after the test. */
export function freshPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "session-sqlite-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "sessions.db");
}

export const HOUR_MS = 3_600_000;

/** A session that lives for an hour from now. */
export function liveSession(fields: Partial<SessionRow> = {}): SessionRow {
  const nowMs = Date.now();
  return {
    handle: "h",
    tenantId: "public",
    userId: "user",
    refreshTokenHash2: "hash-0",
    previousRefreshTokenHash2: null,
    secretId: "secret",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: nowMs,
    expiresAtMs: nowMs + HOUR_MS,
    absoluteExpiresAtMs: nowMs + 2 * HOUR_MS,
    ...fields,
  };
}
