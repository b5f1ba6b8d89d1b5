import assert from "node:assert/strict";
import type { SessionRow, SessionStore } from "@acme/session-core/store";
import { assertSameTexts, inserted, insertMany, NOW_MS, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const scanCases: readonly StoreCase[] = [
  {
    id: "scan-all",
    rows: ["sec S-04"],
    title: "scanSessions, where the store has it, meets every row as it is kept, live or not, page by page",
    async run({ store, second }) {
      const rows = [
        await inserted(store, { handle: "a" }),
        await inserted(second, { handle: "b", userId: "user-2", tenantId: "t2" }),
        await inserted(store, { handle: "c", expiresAtMs: NOW_MS - 1 }),
      ];
      if (store.scanSessions === undefined) return;
      const met = new Map<string, unknown>();
      await scan(second, 2, async (row) => void met.set(row.handle, row));
      assert.deepEqual(
        rows.map(({ handle }) => met.get(handle)),
        rows,
      );
      assert.equal(met.size, rows.length);
    },
  },
  {
    id: "scan-while-deleting",
    rows: ["sec S-04"],
    title:
      "scanSessions misses no row that is there all the while, although others are deleted, added and changed",
    async run({ store, second }) {
      await insertMany(60, [store, second]);
      if (store.scanSessions === undefined) return;
      const met = new Set<string>();
      let added = 0;
      await scan(store, 7, async (row) => {
        met.add(row.handle);
        const number = Number(row.handle.slice(2));
        // Every second one goes as soon as it is met; every third is used; and somebody else signs in.
        if (number % 2 === 0) await second.deleteSessions([row.handle], NOW_MS);
        else if (number % 3 === 0) await second.promoteSession(samplePromotion(row));
        if (added < 20) await inserted(second, { handle: `new-${added++}`, userId: "user-2" });
      });
      const first = [...met].filter((handle) => handle.startsWith("h-"));
      assertSameTexts(
        first,
        Array.from({ length: 60 }, (_, index) => `h-${index}`),
      );
      assert.equal((await store.listSessionHandles("user-1", undefined, NOW_MS)).length, 30);
    },
  },
];

async function scan(
  store: SessionStore,
  limit: number,
  visit: (row: SessionRow) => Promise<void>,
): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await store.scanSessions?.(cursor, limit);
    for (const row of page?.rows ?? []) await visit(row);
    cursor = page?.next;
  } while (cursor !== undefined);
}
