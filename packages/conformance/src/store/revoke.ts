import assert from "node:assert/strict";
import { assertGone, assertSameTexts, atOnce, inserted, insertMany, NOW_MS } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const revokeCases: readonly StoreCase[] = [
  {
    id: "delete-sessions",
    rows: ["wire ST-6", "sec ST-01"],
    title:
      "deleteSessions reports the handles that were there, once each, and they are gone for every operation",
    async run({ store, second }) {
      const a = await inserted(store, { handle: "a" });
      const b = await inserted(store, { handle: "b" });
      const c = await inserted(store, { handle: "c" });
      assertSameTexts(await store.deleteSessions(["a", "unknown", "b", "a"], NOW_MS), ["a", "b"]);
      for (const row of [a, b]) {
        await assertGone(store, row);
        await assertGone(second, row);
      }
      assert.deepEqual(await store.getSession("c", NOW_MS), c);
      assert.deepEqual(await store.deleteSessions(["a"], NOW_MS), []);
      assert.deepEqual(await store.deleteSessions([], NOW_MS), []);
    },
  },
  {
    id: "delete-race",
    rows: ["wire ST-6", "sec ST-01"],
    title: "of many deletions of one session at once exactly one reports it",
    async run({ store, second }) {
      const row = await inserted(store);
      const reports = await atOnce(20, [store, second], (_, target) =>
        target.deleteSessions([row.handle], NOW_MS),
      );
      assert.deepEqual(reports.flat(), [row.handle]);
    },
  },
  {
    id: "delete-many",
    rows: ["wire ST-6"],
    title: "2 000 sessions are deleted in one call",
    async run({ store, second }) {
      const handles = Array.from({ length: 2000 }, (_, index) => `h-${index}`);
      await insertMany(2000, [store, second]);
      assertSameTexts(await store.deleteSessions(handles, NOW_MS), handles);
      assert.deepEqual(await store.listSessionHandles("user-1", undefined, NOW_MS), []);
    },
  },
  {
    id: "delete-user",
    rows: ["wire ST-8", "sec ST-01"],
    title: "deleteSessionsOfUser deletes a user's sessions, in one tenant or in all, and nobody else's",
    async run({ store, second }) {
      const a = await inserted(store, { handle: "a", tenantId: "public" });
      const b = await inserted(store, { handle: "b", tenantId: "other" });
      const c = await inserted(store, { handle: "c", tenantId: "public" });
      const foreign = await inserted(store, { handle: "d", userId: "user-2" });
      assert.deepEqual(await store.deleteSessionsOfUser("user-1", "other", NOW_MS), ["b"]);
      await assertGone(second, b);
      assertSameTexts(await store.deleteSessionsOfUser("user-1", undefined, NOW_MS), ["a", "c"]);
      await assertGone(second, a);
      await assertGone(second, c);
      assert.deepEqual(await store.deleteSessionsOfUser("user-1", undefined, NOW_MS), []);
      assert.deepEqual(await store.getSession("d", NOW_MS), foreign);
    },
  },
  {
    id: "delete-user-race",
    rows: ["wire ST-8", "sec CC-03"],
    title: "a session inserted while its user's are deleted is either reported and gone, or there",
    async run({ store, second }) {
      const early = await atOnce(5, [store, second], (index, target) =>
        inserted(target, { handle: `early-${index}` }),
      );
      const handles = Array.from({ length: 10 }, (_, index) => `late-${index}`);
      const half = atOnce(5, [store, second], (index, target) =>
        inserted(target, { handle: `late-${index}` }),
      );
      const deleted = second.deleteSessionsOfUser("user-1", undefined, NOW_MS);
      const rest = atOnce(5, [store, second], (index, target) =>
        inserted(target, { handle: `late-${index + 5}` }),
      );
      await Promise.all([half, rest]);
      const reported = await deleted;
      for (const { handle } of early) assert.ok(reported.includes(handle));
      const left = await store.listSessionHandles("user-1", undefined, NOW_MS);
      assertSameTexts([...left, ...reported.filter((handle) => handle.startsWith("late"))], handles);
      for (const handle of left) assert.ok(await store.getSession(handle, NOW_MS));
      for (const handle of reported) assert.equal(await store.getSession(handle, NOW_MS), undefined);
    },
  },
];
