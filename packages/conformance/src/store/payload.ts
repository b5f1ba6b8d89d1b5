import assert from "node:assert/strict";
import { assertGone, atOnce, inserted, NOW_MS, samplePromotion, withKey } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const payloadCases: readonly StoreCase[] = [
  {
    id: "update-payload",
    rows: ["wire ST-4"],
    title:
      "updateAccessTokenPayload hands over payload and row, replaces the payload alone and returns the row",
    async run({ store, second }) {
      const row = await inserted(store);
      const expected = { ...row, accessTokenPayloadJson: '{"role":"admin","x":true}' };
      const updated = await store.updateAccessTokenPayload(row.handle, NOW_MS, (payload, given) => {
        assert.deepEqual({ payload, given }, { payload: row.accessTokenPayloadJson, given: row });
        return withKey("x")(payload);
      });
      assert.deepEqual(updated, expected);
      assert.deepEqual(await second.getSession(row.handle, NOW_MS), expected);
    },
  },
  {
    id: "update-payload-unchanged",
    rows: ["wire ST-4"],
    title: "an update that changes nothing returns the row as it is",
    async run({ store }) {
      const row = await inserted(store);
      assert.deepEqual(await store.updateAccessTokenPayload(row.handle, NOW_MS, (payload) => payload), row);
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
    },
  },
  {
    id: "update-payload-race",
    rows: ["wire ST-4", "sec S-07", "sec ST-01"],
    title: "of many merges of different keys at once none is lost",
    async run({ store, second }) {
      const row = await inserted(store, { accessTokenPayloadJson: "{}" });
      const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
      const rows = await atOnce(20, [store, second], (index, target) =>
        target.updateAccessTokenPayload(row.handle, NOW_MS, withKey(`key-${index}`)),
      );
      rows.forEach((result, index) => {
        assert.ok(keysOf(result?.accessTokenPayloadJson).includes(`key-${index}`));
      });
      const after = await store.getSession(row.handle, NOW_MS);
      assert.deepEqual(keysOf(after?.accessTokenPayloadJson).sort(), keys.sort());
    },
  },
  {
    id: "update-payload-throws",
    rows: ["wire ST-4"],
    title: "when the merge throws, its error comes through, nothing changes and the store goes on working",
    async run({ store }) {
      const row = await inserted(store);
      const error = new Error("the merge says no");
      const failing = store.updateAccessTokenPayload(row.handle, NOW_MS, () => {
        throw error;
      });
      await assert.rejects(failing, (thrown) => thrown === error);
      assert.deepEqual(await store.getSession(row.handle, NOW_MS), row);
      assert.ok(await store.updateAccessTokenPayload(row.handle, NOW_MS, withKey("x")));
    },
  },
  {
    id: "update-against-delete",
    rows: ["wire ST-4", "wire ST-5", "wire ST-6", "sec S-07", "sec CC-03"],
    title: "a session deleted while its payload or data is written stays deleted",
    async run({ store, second }) {
      const rows = await atOnce(10, [store, second], (index, target) =>
        inserted(target, { handle: `h-${index}` }),
      );
      for (const row of rows) {
        await Promise.all([
          store.updateAccessTokenPayload(row.handle, NOW_MS, withKey("a")),
          second.replaceSessionData(row.handle, NOW_MS, '{"a":1}'),
          second.deleteSessions([row.handle], NOW_MS),
          second.updateAccessTokenPayload(row.handle, NOW_MS, withKey("b")),
          store.replaceSessionData(row.handle, NOW_MS, '{"b":1}'),
        ]);
      }
      for (const row of rows) await assertGone(store, row);
    },
  },
  {
    id: "update-against-promote",
    rows: ["wire ST-3", "wire ST-4", "wire ST-5", "sec CC-03", "sec S-07"],
    title: "promotion, merge and data written at once all survive",
    async run({ store, second }) {
      const row = await inserted(store, { accessTokenPayloadJson: "{}" });
      const [promotedRow] = await Promise.all([
        store.promoteSession(samplePromotion(row)),
        second.updateAccessTokenPayload(row.handle, NOW_MS, withKey("a")),
        store.updateAccessTokenPayload(row.handle, NOW_MS, withKey("b")),
        second.replaceSessionData(row.handle, NOW_MS, '{"data":1}'),
      ]);
      assert.equal(promotedRow?.generation, 1);
      const after = await store.getSession(row.handle, NOW_MS);
      assert.equal(after?.generation, 1);
      assert.equal(after.refreshTokenHash2, promotedRow.refreshTokenHash2);
      assert.deepEqual(keysOf(after.accessTokenPayloadJson).sort(), ["a", "b"]);
      assert.equal(after.sessionDataJson, '{"data":1}');
    },
  },
  {
    id: "replace-data",
    rows: ["wire ST-5"],
    title:
      "replaceSessionData replaces the data, keeps everything else and says whether the session was there",
    async run({ store, second }) {
      const row = await inserted(store);
      assert.equal(await store.replaceSessionData(row.handle, NOW_MS, '{"new":1}'), true);
      assert.equal(
        await store.replaceSessionData(row.handle, NOW_MS, '{"new":1}'),
        true,
        "the same text again",
      );
      assert.deepEqual(await second.getSession(row.handle, NOW_MS), { ...row, sessionDataJson: '{"new":1}' });
    },
  },
];

function keysOf(json: string | undefined): string[] {
  return Object.keys(JSON.parse(json ?? "{}") as object);
}
