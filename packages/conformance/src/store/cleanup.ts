import assert from "node:assert/strict";
import { atOnce, inserted, NOW_MS, promoted, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/** Clocks of processes that ask at once may differ by so much. */
const SLACK_MS = 60_000;
const INTERVAL_MS = 12 * 3_600_000;

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
  {
    id: "clean-up-claimed-once",
    rows: ["wire ST-9", "sec ST-01"],
    title:
      "of many processes that ask at once whether it is time to clean up one is told so, once per interval",
    async run({ store, second }) {
      // Optional: a store that expires rows by itself needs no mark.
      if (store.claimCleanUp === undefined) return;
      const ask = (): Promise<(number | undefined)[]> =>
        // Their clocks differ a little, and the first one served need not be the first one of the day.
        atOnce(20, [store, second], async (index, target) =>
          target.claimCleanUp?.(NOW_MS - 7 * index, INTERVAL_MS),
        );
      const first = (await ask()).filter((since) => since !== undefined);
      assert.deepEqual(first, [Number.POSITIVE_INFINITY]);
      assert.ok((await ask()).every((since) => since === undefined));
    },
  },
  {
    id: "clean-up-interval",
    rows: ["wire ST-9", "sec TM-02"],
    title: "it is time to clean up an interval after the last one, and when that seems to lie ahead",
    async run({ store, second }) {
      if (store.claimCleanUp === undefined) return;
      await store.claimCleanUp(NOW_MS, INTERVAL_MS);
      // Time passes by the store's own clock, where it has one.
      const waitMs = 30;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const sinceMs = await second.claimCleanUp?.(NOW_MS + waitMs, waitMs / 2);
      assert.ok(sinceMs !== undefined && sinceMs >= waitMs / 2 && sinceMs < INTERVAL_MS, String(sinceMs));
      assert.equal(await store.claimCleanUp(NOW_MS + waitMs, INTERVAL_MS), undefined);
      if (store.clock !== "server") {
        assert.equal(await store.claimCleanUp(NOW_MS - 2 * SLACK_MS, INTERVAL_MS), Number.POSITIVE_INFINITY);
      }
    },
  },
];
