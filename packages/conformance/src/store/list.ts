import assert from "node:assert/strict";
import { assertSameTexts, inserted, insertMany, NOW_MS, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const listCases: readonly StoreCase[] = [
  {
    id: "list-by-tenant",
    rows: ["wire ST-7"],
    title: "listSessionHandles lists a user's sessions, in one tenant or in all, and nobody else's",
    async run({ store, second }) {
      await inserted(store, { handle: "a", tenantId: "public" });
      await inserted(store, { handle: "b", tenantId: "other" });
      await inserted(second, { handle: "c", tenantId: "public" });
      await inserted(store, { handle: "d", userId: "user-2" });
      assertSameTexts(await store.listSessionHandles("user-1", undefined, NOW_MS), ["a", "b", "c"]);
      assertSameTexts(await store.listSessionHandles("user-1", "public", NOW_MS), ["a", "c"]);
      assertSameTexts(await second.listSessionHandles("user-1", "other", NOW_MS), ["b"]);
      assert.deepEqual(await store.listSessionHandles("user-1", "third", NOW_MS), []);
      assert.deepEqual(await store.listSessionHandles("user-3", undefined, NOW_MS), []);
    },
  },
  {
    id: "list-after-promote",
    rows: ["wire ST-7"],
    title: "a promoted session is listed once, until its new expiry",
    async run({ store }) {
      const row = await inserted(store);
      await store.promoteSession(samplePromotion(row));
      assert.deepEqual(await store.listSessionHandles(row.userId, undefined, row.expiresAtMs), [row.handle]);
    },
  },
  {
    id: "list-many",
    rows: ["wire ST-7"],
    title: "a user's 500 sessions are listed completely",
    async run({ store, second }) {
      await insertMany(500, [store, second]);
      const handles = await store.listSessionHandles("user-1", undefined, NOW_MS);
      assert.equal(new Set(handles).size, 500);
      assert.equal(handles.length, 500);
    },
  },
];
