import assert from "node:assert/strict";
import { atOnce, hashOf, inserted, NOW_MS, samplePromotion, sampleSession, withKey } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const createAndReadCases: readonly StoreCase[] = [
  {
    id: "insert-then-get",
    rows: ["wire ST-1", "wire ST-2", "sec ST-08"],
    title: "a session comes back field by field, numbers as numbers, nulls as nulls",
    async run({ store, second }) {
      const row = await inserted(store);
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
      assert.deepEqual(await second.getSession(row.handle, NOW_MS), row);
    },
  },
  {
    id: "insert-every-field",
    rows: ["wire ST-1", "wire ST-2"],
    title: "a row with a past (moved from another store) is kept as it is",
    async run({ store }) {
      const row = await inserted(store, {
        previousRefreshTokenHash2: hashOf("zeroth"),
        previousSecretId: "secret-0",
        generation: 41,
        rotatedAtMs: NOW_MS - 5,
      });
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
    },
  },
  {
    id: "insert-duplicate",
    rows: ["wire ST-1", "sec ST-01"],
    title: "a second session with the same handle is refused and changes nothing",
    async run({ store, second }) {
      const row = await inserted(store);
      await assert.rejects(second.insertSession(sampleSession({ userId: "user-2" })));
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
      assert.deepEqual(await store.listSessionHandles("user-2", undefined, NOW_MS), []);
    },
  },
  {
    id: "insert-race",
    rows: ["wire ST-1", "sec ST-01"],
    title: "of many inserts of one handle at once exactly one succeeds",
    async run({ store, second }) {
      const results = await atOnce(20, [store, second], (index, target) =>
        target.insertSession(sampleSession({ userId: `user-${index}` })).then(
          () => `user-${index}`,
          () => undefined,
        ),
      );
      const winners = results.filter((userId) => userId !== undefined);
      assert.equal(winners.length, 1);
      assert.equal((await store.getSession(sampleSession().handle, NOW_MS))?.userId, winners[0]);
    },
  },
  {
    id: "get-unknown",
    rows: ["wire ST-2"],
    title: "an unknown handle is undefined, and asking for it makes nothing",
    async run({ store }) {
      await inserted(store);
      assert.equal(await store.getSession("unknown", NOW_MS), undefined);
      assert.equal(await store.updateAccessTokenPayload("unknown", NOW_MS, withKey("x")), undefined);
      assert.equal(await store.replaceSessionData("unknown", NOW_MS, "{}"), false);
      assert.equal(
        await store.promoteSession(samplePromotion(sampleSession({ handle: "unknown" }))),
        undefined,
      );
      assert.equal(await store.getSession("unknown", NOW_MS), undefined);
    },
  },
  {
    id: "rows-are-copies",
    rows: ["wire ST-2", "sec CC-07"],
    title: "changing a row that went in or came out does not change the store",
    async run({ store }) {
      const put = sampleSession();
      const original = { ...put };
      await store.insertSession(put);
      put.userId = "changed";
      for (const spoil of [
        await store.getSession(original.handle, NOW_MS),
        await store.updateAccessTokenPayload(original.handle, NOW_MS, (payload) => payload),
      ]) {
        assert.deepEqual(spoil, original);
        if (spoil) spoil.userId = "changed";
        assert.deepEqual(await store.getSession(original.handle, NOW_MS), original);
      }
      const promotedRow = await store.promoteSession(samplePromotion(original));
      assert.ok(promotedRow);
      const after = { ...promotedRow };
      promotedRow.generation = 99;
      assert.deepEqual(await store.getSession(original.handle, NOW_MS), after);
    },
  },
];
