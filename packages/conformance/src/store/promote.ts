import assert from "node:assert/strict";
import type { SessionRow } from "@acme/session-core/store";
import {
  assertGone,
  atOnce,
  HOUR_MS,
  hashOf,
  inserted,
  NOW_MS,
  promoted,
  samplePromotion,
} from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const promoteCases: readonly StoreCase[] = [
  {
    id: "promote-changes",
    rows: ["wire ST-3", "sec ST-01"],
    title:
      "a promotion sets current, previous, both secret ids, generation, time and expiry, and nothing else",
    async run({ store, second }) {
      let row = await inserted(store);
      for (const nextSecretId of ["secret-2", "secret-2", "secret-3"]) {
        const promotion = samplePromotion(row, { nextSecretId, nowMs: NOW_MS + row.generation });
        const expected = promoted(row, promotion);
        assert.deepEqual(await store.promoteSession(promotion), expected);
        assert.deepEqual(await second.getSession(row.handle, NOW_MS), expected);
        row = expected;
      }
    },
  },
  {
    id: "promote-lost",
    rows: ["wire ST-3", "sec ST-01"],
    title: "a promotion from any but the current token is undefined and changes nothing",
    async run({ store }) {
      const first = await inserted(store);
      const row = await store.promoteSession(samplePromotion(first));
      assert.ok(row);
      for (const expectedRefreshTokenHash2 of [first.refreshTokenHash2, hashOf("never seen"), ""]) {
        const promotion = samplePromotion(row, { expectedRefreshTokenHash2, nowMs: NOW_MS + 1 });
        assert.equal(await store.promoteSession(promotion), undefined);
        assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
      }
    },
  },
  {
    id: "promote-absolute-cap",
    rows: ["wire ST-3", "sec R-11"],
    title: "no promotion extends a session past its absolute expiry",
    async run({ store }) {
      const absoluteExpiresAtMs = NOW_MS + 2 * HOUR_MS;
      const row = await inserted(store, { absoluteExpiresAtMs });
      const promotion = samplePromotion(row, { expiresAtMs: absoluteExpiresAtMs + 1 });
      const capped = await store.promoteSession(promotion);
      assert.equal(capped?.expiresAtMs, absoluteExpiresAtMs);
      assert.equal(await store.getSession(row.handle, absoluteExpiresAtMs), undefined);
      assert.deepEqual(await store.getSession(row.handle, absoluteExpiresAtMs - 1), capped);
    },
  },
  {
    id: "promote-shorter",
    rows: ["wire ST-3"],
    title: "a promotion may also shorten the expiry, for a lifetime that was configured down",
    async run({ store }) {
      const row = await inserted(store);
      const promotion = samplePromotion(row, { expiresAtMs: row.expiresAtMs - 1 });
      assert.deepEqual(await store.promoteSession(promotion), promoted(row, promotion));
    },
  },
  {
    id: "promote-race",
    rows: ["wire ST-3", "sec ST-01", "sec ST-06"],
    title: "of many promotions to different tokens at once exactly one wins, and its row stays",
    async run({ store, second }) {
      const row = await inserted(store);
      const results = await atOnce(50, [store, second], (index, target) =>
        target.promoteSession(samplePromotion(row, { nextRefreshTokenHash2: hashOf(`child ${index}`) })),
      );
      const winners = results.filter((result) => result !== undefined);
      assert.equal(winners.length, 1);
      assert.equal(winners[0]?.generation, 1);
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), winners[0]);
      assert.deepEqual(await second.getSession(row.handle, NOW_MS), winners[0]);
    },
  },
  {
    id: "promote-race-same-child",
    rows: ["wire ST-3", "sec CC-01"],
    title:
      "of many promotions to the same token at once exactly one counts, and every loser then reads its row",
    async run({ store, second }) {
      const row = await inserted(store);
      const promotion = samplePromotion(row);
      const rows = await atOnce(50, [store, second], async (_, target) => {
        const won = await target.promoteSession(promotion);
        return { won: won !== undefined, row: won ?? (await target.getSession(row.handle, NOW_MS)) };
      });
      assert.equal(rows.filter(({ won }) => won).length, 1);
      for (const result of rows) assert.deepEqual(result.row, promoted(row, promotion));
    },
  },
  {
    id: "promote-by-turns",
    rows: ["wire ST-3"],
    title: "two instances that promote by turns see each other's work at once",
    async run({ store, second }) {
      let row: SessionRow | undefined = await inserted(store);
      for (let turn = 1; turn <= 20; turn += 1) {
        row = await (turn % 2 === 0 ? store : second).promoteSession(samplePromotion(row));
        assert.equal(row?.generation, turn);
      }
    },
  },
  {
    id: "promote-against-delete",
    rows: ["wire ST-3", "wire ST-6", "sec CC-03", "sec R-14"],
    title: "a session deleted while it is promoted stays deleted",
    async run({ store, second }) {
      const rows = await atOnce(10, [store, second], (index, target) =>
        inserted(target, { handle: `h-${index}` }),
      );
      const deleted = await Promise.all(
        rows.map(async (row, index) => {
          const [, handles] = await Promise.all([
            store.promoteSession(samplePromotion(row)),
            (index % 2 === 0 ? second : store).deleteSessions([row.handle], NOW_MS),
            second.promoteSession(samplePromotion(row)),
          ]);
          return handles;
        }),
      );
      assert.deepEqual(
        deleted,
        rows.map(({ handle }) => [handle]),
      );
      for (const row of rows) await assertGone(store, row);
    },
  },
  {
    id: "many-sessions-at-once",
    rows: ["sec ST-05", "sec ST-06"],
    title: "50 sessions refresh at once, keys being read in between, and all finish",
    async run({ store, second }) {
      const rows = await atOnce(50, [store, second], (index, target) =>
        inserted(target, { handle: `h-${index}` }),
      );
      const results = await atOnce(50, [store, second], async (index, target) => {
        const row = await target.getSession(`h-${index}`, NOW_MS);
        const [result] = await Promise.all([
          row && target.promoteSession(samplePromotion(row)),
          target.listSigningKeys(),
        ]);
        return result?.generation;
      });
      assert.deepEqual(
        results,
        rows.map(() => 1),
      );
    },
  },
];
