import assert from "node:assert/strict";
import { inserted, NOW_MS, promoted, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const cleanupCases: readonly StoreCase[] = [
  {
    id: "delete-expired-batches",
    rows: ["wire ST-9", "sec ST-10"],
    title: "deleteExpiredSessions deletes at most so many, only expired ones, and says how many",
    async run({ store, second }) {
      for (let index = 0; index < 5; index += 1) {
        await inserted(store, { handle: `dead-${index}`, expiresAtMs: NOW_MS - index });
        await inserted(store, { handle: `live-${index}`, expiresAtMs: NOW_MS + 1 + index });
      }
      assert.equal(await store.deleteExpiredSessions(NOW_MS, 2), 2);
      assert.equal(await second.deleteExpiredSessions(NOW_MS, 2), 2);
      assert.equal(await store.deleteExpiredSessions(NOW_MS, 2), 1);
      assert.equal(await store.deleteExpiredSessions(NOW_MS, 2), 0);
      assert.equal((await store.listSessionHandles("user-1", undefined, NOW_MS)).length, 5);
      assert.equal((await store.listSessionHandles("user-1", undefined, NOW_MS - 10)).length, 5);
    },
  },
  {
    id: "delete-expired-against-promote",
    rows: ["wire ST-9", "sec ST-10", "sec CC-03"],
    title: "a session that is extended while expired ones are deleted is either extended or gone",
    async run({ store, second }) {
      for (let index = 0; index < 20; index += 1) {
        const row = await inserted(store, { handle: `h-${index}`, expiresAtMs: NOW_MS });
        const promotion = samplePromotion(row, { nowMs: NOW_MS - 1 });
        const promote = (): Promise<unknown> => store.promoteSession(promotion);
        const clean = (): Promise<unknown> => second.deleteExpiredSessions(NOW_MS, 100);
        const [result, count] =
          index % 2 === 0
            ? await Promise.all([promote(), clean()])
            : (await Promise.all([clean(), promote()])).reverse();
        const after = await store.getSession(row.handle, NOW_MS);
        assert.deepEqual(after, result === undefined ? undefined : promoted(row, promotion));
        assert.equal(count, result === undefined ? 1 : 0);
      }
    },
  },
];
