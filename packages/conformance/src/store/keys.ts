import assert from "node:assert/strict";
import { atOnce, NOW_MS, sampleKey } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const keyCases: readonly StoreCase[] = [
  {
    id: "keys-insert-and-list",
    rows: ["wire ST-10", "sec ST-08"],
    title: "signing keys come back field by field, on every instance",
    async run({ store, second }) {
      assert.deepEqual(await store.listSigningKeys(), []);
      const key = sampleKey();
      assert.equal(await store.insertSigningKey(key), true);
      assert.deepEqual(await store.listSigningKeys(), [key]);
      assert.deepEqual(await second.listSigningKeys(), [key]);
    },
  },
  {
    id: "keys-slot-taken",
    rows: ["wire ST-10", "sec ST-01"],
    title: "a slot of (family, algorithm, sequence) is filled once; each of the three makes another slot",
    async run({ store, second }) {
      const first = sampleKey();
      await store.insertSigningKey(first);
      assert.equal(
        await second.insertSigningKey(sampleKey({ kid: "d-late", createdAtMs: NOW_MS + 1 })),
        false,
      );
      assert.deepEqual(await store.listSigningKeys(), [first]);
      assert.equal(await store.insertSigningKey(sampleKey({ kid: "d-2", sequence: 2 })), true);
      assert.equal(await store.insertSigningKey(sampleKey({ kid: "d-3", algorithm: "RS256" })), true);
      assert.equal(await store.insertSigningKey(sampleKey({ kid: "s-1", family: "static" })), true);
      assert.equal((await second.listSigningKeys()).length, 4);
    },
  },
  {
    id: "keys-slot-race",
    rows: ["wire ST-10", "sec ST-01"],
    title: "of many processes that fill one slot at once exactly one does",
    async run({ store, second }) {
      const results = await atOnce(20, [store, second], (index, target) =>
        target.insertSigningKey(sampleKey({ kid: `d-${index}` })),
      );
      assert.equal(results.filter(Boolean).length, 1);
      const keys = await store.listSigningKeys();
      assert.deepEqual(
        keys.map(({ kid }) => kid),
        [`d-${results.indexOf(true)}`],
      );
    },
  },
  {
    id: "keys-delete",
    rows: ["wire ST-10"],
    title: "deleteSigningKeys deletes the named keys and ignores unknown ones",
    async run({ store, second }) {
      await store.insertSigningKey(sampleKey());
      const other = sampleKey({ kid: "d-2", sequence: 2 });
      await store.insertSigningKey(other);
      await store.deleteSigningKeys([]);
      await store.deleteSigningKeys(["unknown", "d-1"]);
      assert.deepEqual(await second.listSigningKeys(), [other]);
    },
  },
  {
    id: "keys-are-copies",
    rows: ["wire ST-10", "sec CC-07"],
    title: "changing a key that came out does not change the store",
    async run({ store }) {
      const key = sampleKey();
      await store.insertSigningKey({ ...key });
      for (const spoil of await store.listSigningKeys()) spoil.privateJwkJson = "{}";
      assert.deepEqual(await store.listSigningKeys(), [key]);
    },
  },
];
