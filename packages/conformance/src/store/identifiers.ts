import assert from "node:assert/strict";
import type { SessionStore } from "@acme/session-core/store";
import { hashOf, inserted, NOW_MS, samplePromotion, sampleSession } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/** Texts that a collation, a trim, a normalisation, a pattern or a sloppy query takes for one another. */
const CONFUSABLE: readonly string[] = [
  "user",
  "User",
  "USER",
  "user ",
  " user",
  "user\t",
  "user\n",
  "caf\u00e9",
  "cafe\u0301",
  "cafe",
  "stra\u00dfe",
  "strasse",
  "i",
  "\u0131",
  "\u0130",
  "I",
  "a\u200bb",
  "ab",
  "\ud83d\ude00",
  "\ud83d\ude01",
  "\ufffd",
  "1",
  "01",
  "1.0",
  "1e0",
  "+1",
  "null",
  "undefined",
  "true",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "%",
  "_",
  "*",
  "?",
  "a%b",
  "a_b",
  "user:1",
  "user:*",
  "{user}",
  "a/b",
  "a\\b",
  'a"b',
  "a'b",
  "a`b",
  "'; DROP TABLE sessions; --",
  "$1",
  "?1",
  ":a",
  "@a",
  "\u0001",
  "\u007f",
  "\u2028",
  "\uffff",
];

export const identifierCases: readonly StoreCase[] = [
  {
    id: "user-ids-exact",
    rows: ["sec ST-07", "sec ST-11", "wire ST-7", "wire ST-8"],
    title: "user ids are compared byte for byte: case, accents, blanks, patterns, quotes",
    async run({ store, second }) {
      for (const [index, userId] of CONFUSABLE.entries())
        await inserted(store, { handle: `h-${index}`, userId });
      for (const [index, userId] of CONFUSABLE.entries()) {
        assert.equal((await store.getSession(`h-${index}`, NOW_MS))?.userId, userId);
        assert.deepEqual(await second.listSessionHandles(userId, undefined, NOW_MS), [`h-${index}`], userId);
      }
      for (const [index, userId] of CONFUSABLE.entries()) {
        assert.deepEqual(await store.deleteSessionsOfUser(userId, undefined, NOW_MS), [`h-${index}`], userId);
      }
    },
  },
  {
    id: "handles-exact",
    rows: ["sec ST-07", "sec ST-11", "wire ST-6"],
    title: "handles are compared byte for byte",
    async run({ store, second }) {
      for (const handle of CONFUSABLE) await inserted(store, { handle });
      for (const handle of CONFUSABLE)
        assert.equal((await second.getSession(handle, NOW_MS))?.handle, handle);
      for (const handle of CONFUSABLE)
        assert.deepEqual(await store.deleteSessions([handle], NOW_MS), [handle]);
    },
  },
  {
    id: "tenants-exact",
    rows: ["sec ST-07", "wire ST-7", "wire ST-8"],
    title: "tenant ids are compared byte for byte",
    async run({ store, second }) {
      for (const [index, tenantId] of CONFUSABLE.entries())
        await inserted(store, { handle: `h-${index}`, tenantId });
      for (const [index, tenantId] of CONFUSABLE.entries()) {
        assert.deepEqual(
          await second.listSessionHandles("user-1", tenantId, NOW_MS),
          [`h-${index}`],
          tenantId,
        );
      }
      for (const [index, tenantId] of CONFUSABLE.entries()) {
        assert.deepEqual(
          await store.deleteSessionsOfUser("user-1", tenantId, NOW_MS),
          [`h-${index}`],
          tenantId,
        );
      }
    },
  },
  {
    id: "hashes-and-secret-ids-exact",
    rows: ["sec ST-07", "wire ST-3"],
    title: "hashes and secret ids are compared and kept byte for byte",
    async run({ store }) {
      const row = await inserted(store, { refreshTokenHash2: hashOf("jjj"), secretId: "Secret " });
      const upper = row.refreshTokenHash2.toUpperCase();
      assert.notEqual(upper, row.refreshTokenHash2);
      assert.equal(
        await store.promoteSession(samplePromotion(row, { expectedRefreshTokenHash2: upper })),
        undefined,
      );
      const result = await store.promoteSession(samplePromotion(row, { nextSecretId: "secret " }));
      assert.equal(result?.previousSecretId, "Secret ");
      assert.equal(result.secretId, "secret ");
    },
  },
  {
    id: "longest-ids",
    rows: ["sec ST-07"],
    title: "user ids of 256 bytes and handles of 128 bytes are told apart by their last byte",
    async run({ store }) {
      const users = ["0", "1"].map((end) => `${"\ud83d\ude00".repeat(63)}abc${end}`);
      const handles = ["0", "1"].map((end) => "h".repeat(127) + end);
      for (const [index, userId] of users.entries()) {
        assert.equal(Buffer.byteLength(userId), 256);
        await inserted(store, { handle: handles[index] ?? "", userId });
      }
      for (const [index, userId] of users.entries()) {
        assert.deepEqual(await store.listSessionHandles(userId, undefined, NOW_MS), [handles[index]]);
        assert.equal((await store.getSession(handles[index] ?? "", NOW_MS))?.userId, userId);
      }
    },
  },
  {
    id: "too-long-ids",
    rows: ["sec ST-07"],
    title: "ids beyond the limits are refused or kept whole, never cut",
    async run({ store }) {
      for (const length of [257, 300, 1024, 10_000]) {
        const id = "x".repeat(length);
        await refusedOrExact(store, { handle: `h-${length}`, userId: `${id}a` }, `${id}b`);
        await refusedOrExact(store, { handle: `${id}a`, userId: `u-${length}` });
        assert.equal(await nothingOrRefused(store.getSession(`${id}b`, NOW_MS)), undefined);
      }
    },
  },
  {
    id: "unstorable-ids",
    rows: ["sec P-05", "sec ST-07"],
    title: "ids with U+0000 or half a surrogate pair are refused or kept whole, never changed",
    async run({ store }) {
      for (const [userId, other] of [
        ["a\0b", "a"],
        ["a\0b", "a\0c"],
        ["a\ud800", "a\ufffd"],
        ["\udc00", "\ud800"],
      ]) {
        await refusedOrExact(store, { handle: "h", userId: userId ?? "" }, other);
      }
    },
  },
];

/**
 * Inserts a session and removes it again. Either the insert throws and leaves nothing, or the row comes back as it was
 * and is not found under `otherUserId`.
 */
async function refusedOrExact(
  store: SessionStore,
  ids: { handle: string; userId: string },
  otherUserId?: string,
): Promise<void> {
  const row = sampleSession(ids);
  const refused = await store.insertSession(row).then(
    () => false,
    () => true,
  );
  const kept = await nothingOrRefused(store.getSession(row.handle, NOW_MS));
  assert.deepEqual(kept, refused ? undefined : row);
  if (otherUserId !== undefined) {
    const others = await nothingOrRefused(store.listSessionHandles(otherUserId, undefined, NOW_MS));
    assert.deepEqual(others ?? [], []);
  }
  if (!refused) assert.deepEqual(await store.deleteSessions([row.handle], NOW_MS), [row.handle]);
}

/** A store may also refuse to look for what it would refuse to keep. */
function nothingOrRefused<T>(result: Promise<T>): Promise<T | undefined> {
  return result.catch(() => undefined);
}
