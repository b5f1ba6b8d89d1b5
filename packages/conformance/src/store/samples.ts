import assert from "node:assert/strict";
import type { Promotion, SessionRow, SessionStore, SigningKeyRow } from "@acme/session-core/store";

/** The suite's "now": in the year 2103, so that every time in every case lies beyond 32-bit seconds (security.md TM-06). */
export const NOW_MS = 4_200_000_000_000;
export const HOUR_MS = 3_600_000;

/** Stands for a hash: 64 hexadecimal digits that tell `text` apart. */
export function hashOf(text: string): string {
  return Buffer.from(text).toString("hex").padEnd(64, "0").slice(0, 64);
}

/** A live session of `user-1` in tenant `public`. */
export function sampleSession(fields: Partial<SessionRow> = {}): SessionRow {
  return {
    handle: "6f1c2a34-0d6e-4d8b-9a51-3c2f7e9b8a10",
    tenantId: "public",
    userId: "user-1",
    refreshTokenHash2: hashOf("first"),
    previousRefreshTokenHash2: null,
    secretId: "secret-1",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: '{"cart":["a","b"]}',
    accessTokenPayloadJson: '{"role":"admin"}',
    createdAtMs: NOW_MS - HOUR_MS,
    expiresAtMs: NOW_MS + HOUR_MS,
    absoluteExpiresAtMs: NOW_MS + 100 * HOUR_MS,
    ...fields,
  };
}

/** The promotion of `row` to its next refresh token. */
export function samplePromotion(row: SessionRow, fields: Partial<Promotion> = {}): Promotion {
  return {
    handle: row.handle,
    expectedRefreshTokenHash2: row.refreshTokenHash2,
    nextRefreshTokenHash2: hashOf(`next ${row.generation + 1}`),
    nextSecretId: "secret-2",
    nowMs: NOW_MS,
    expiresAtMs: NOW_MS + 2 * HOUR_MS,
    ...fields,
  };
}

/** What the contract says becomes of `row` by `promotion`. */
export function promoted(row: SessionRow, promotion: Promotion): SessionRow {
  return {
    ...row,
    refreshTokenHash2: promotion.nextRefreshTokenHash2,
    previousRefreshTokenHash2: row.refreshTokenHash2,
    secretId: promotion.nextSecretId,
    previousSecretId: row.secretId,
    generation: row.generation + 1,
    rotatedAtMs: promotion.nowMs,
    expiresAtMs: Math.min(promotion.expiresAtMs, row.absoluteExpiresAtMs),
  };
}

export function sampleKey(fields: Partial<SigningKeyRow> = {}): SigningKeyRow {
  return {
    kid: "d-1",
    family: "dynamic",
    algorithm: "ES256",
    sequence: 1,
    createdAtMs: NOW_MS,
    publicJwkJson: '{"kty":"EC","crv":"P-256","x":"x","y":"y"}',
    privateJwkJson: '{"kty":"EC","crv":"P-256","x":"x","y":"y","d":"d"}',
    ...fields,
  };
}

/** Puts a session in, and gives the row. */
export async function inserted(store: SessionStore, fields: Partial<SessionRow> = {}): Promise<SessionRow> {
  const row = sampleSession(fields);
  await store.insertSession(row);
  return row;
}

/** The payload of `row` with one more key, as a merge does it. */
export function withKey(key: string): (payloadJson: string) => string {
  return (payloadJson) => JSON.stringify({ ...(JSON.parse(payloadJson) as object), [key]: true });
}

/** `make(0) … make(count - 1)`, all under way at once, by turns on the two stores. */
export function atOnce<T>(
  count: number,
  stores: readonly [SessionStore, SessionStore],
  make: (index: number, store: SessionStore) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => make(index, stores[index % 2 === 0 ? 0 : 1])),
  );
}

/** Puts `count` live sessions of `user-1` in, with handles `h-0`, `h-1` …: a hundred at a time, as many as a pool bears. */
export async function insertMany(
  count: number,
  stores: readonly [SessionStore, SessionStore],
): Promise<void> {
  for (let start = 0; start < count; start += 100) {
    await atOnce(Math.min(100, count - start), stores, (index, target) =>
      inserted(target, { handle: `h-${start + index}` }),
    );
  }
}

/** Asserts that two lists hold the same texts, the order not counting. */
export function assertSameTexts(actual: readonly string[], expected: readonly string[]): void {
  assert.deepEqual([...actual].sort(), [...expected].sort());
}

/** Asserts that no operation finds the session any more. */
export async function assertGone(store: SessionStore, row: SessionRow): Promise<void> {
  assert.equal(await store.getSession(row.handle, NOW_MS), undefined, "getSession");
  assert.equal(await store.promoteSession(samplePromotion(row)), undefined, "promoteSession");
  assert.equal(await store.updateAccessTokenPayload(row.handle, NOW_MS, withKey("x")), undefined, "update");
  assert.equal(await store.replaceSessionData(row.handle, NOW_MS, "{}"), false, "replaceSessionData");
  assert.deepEqual(await store.deleteSessions([row.handle], NOW_MS), [], "deleteSessions");
  const handles = await store.listSessionHandles(row.userId, undefined, NOW_MS);
  assert.equal(handles.includes(row.handle), false, "listSessionHandles");
}
