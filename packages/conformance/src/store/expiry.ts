import assert from "node:assert/strict";
import { inserted, NOW_MS, samplePromotion, withKey } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/** The last millisecond of a session that expires at NOW_MS, and the first one after it. */
const LAST_MS = NOW_MS - 1;
const expiring = { expiresAtMs: NOW_MS };

export const expiryCases: readonly StoreCase[] = [
  {
    id: "get-expired",
    rows: ["wire ST-2", "wire ST-12", "sec TM-06"],
    title: "getSession finds a session until the millisecond before it expires",
    async run({ store }) {
      const row = await inserted(store, expiring);
      assert.deepEqual(await store.getSession(row.handle, LAST_MS), row);
      assert.equal(await store.getSession(row.handle, NOW_MS), undefined);
    },
  },
  {
    id: "promote-expired",
    rows: ["wire ST-3", "wire ST-12"],
    title: "promoteSession does not bring an expired session back",
    async run({ store }) {
      const row = await inserted(store, expiring);
      assert.equal(await store.promoteSession(samplePromotion(row)), undefined);
      assert.deepEqual(await store.getSession(row.handle, LAST_MS), row);
      assert.ok(await store.promoteSession(samplePromotion(row, { nowMs: LAST_MS })));
    },
  },
  {
    id: "update-expired",
    rows: ["wire ST-4", "wire ST-12"],
    title: "updateAccessTokenPayload leaves an expired session alone",
    async run({ store }) {
      const row = await inserted(store, expiring);
      assert.equal(await store.updateAccessTokenPayload(row.handle, NOW_MS, withKey("x")), undefined);
      assert.deepEqual(await store.getSession(row.handle, LAST_MS), row);
      assert.ok(await store.updateAccessTokenPayload(row.handle, LAST_MS, withKey("x")));
    },
  },
  {
    id: "replace-data-expired",
    rows: ["wire ST-5", "wire ST-12"],
    title: "replaceSessionData leaves an expired session alone",
    async run({ store }) {
      const row = await inserted(store, expiring);
      assert.equal(await store.replaceSessionData(row.handle, NOW_MS, "{}"), false);
      assert.deepEqual(await store.getSession(row.handle, LAST_MS), row);
      assert.equal(await store.replaceSessionData(row.handle, LAST_MS, "{}"), true);
    },
  },
  {
    id: "delete-expired-handle",
    rows: ["wire ST-6", "wire ST-12"],
    title: "deleteSessions deletes an expired session without reporting it",
    async run({ store }) {
      const dead = await inserted(store, { handle: "dead", ...expiring });
      await inserted(store, { handle: "live", expiresAtMs: NOW_MS + 1 });
      assert.deepEqual(await store.deleteSessions(["dead", "live"], NOW_MS), ["live"]);
      assert.equal(await store.getSession(dead.handle, LAST_MS), undefined);
    },
  },
  {
    id: "list-expired",
    rows: ["wire ST-7", "wire ST-12"],
    title: "listSessionHandles names no expired session",
    async run({ store }) {
      await inserted(store, { handle: "dead", ...expiring });
      await inserted(store, { handle: "live", expiresAtMs: NOW_MS + 1 });
      assert.deepEqual(await store.listSessionHandles("user-1", undefined, NOW_MS), ["live"]);
      assert.deepEqual(await store.listSessionHandles("user-1", "public", NOW_MS), ["live"]);
    },
  },
  {
    id: "delete-user-expired",
    rows: ["wire ST-8", "wire ST-12"],
    title: "deleteSessionsOfUser reports no expired session",
    async run({ store }) {
      await inserted(store, { handle: "dead", ...expiring });
      await inserted(store, { handle: "live", expiresAtMs: NOW_MS + 1 });
      assert.deepEqual(await store.deleteSessionsOfUser("user-1", undefined, NOW_MS), ["live"]);
    },
  },
];
