import assert from "node:assert/strict";
import { atOnce } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const secretCases: readonly StoreCase[] = [
  {
    id: "secrets-first-candidate",
    rows: ["wire ST-11"],
    title: "the first candidate is kept, later ones are ignored",
    async run({ store, second }) {
      assert.deepEqual(await store.listSecrets(), []);
      const first = { id: "first", secret: "c2VjcmV0" };
      assert.deepEqual(await store.listSecrets(first), [first]);
      assert.deepEqual(await second.listSecrets({ id: "second", secret: "b3RoZXI" }), [first]);
      assert.deepEqual(await store.listSecrets(), [first]);
    },
  },
  {
    id: "secrets-race",
    rows: ["wire ST-11", "sec ST-01"],
    title: "of many candidates at once one wins, and everybody is told the same one",
    async run({ store, second }) {
      const answers = await atOnce(20, [store, second], (index, target) =>
        target.listSecrets({ id: `id-${index}`, secret: `secret-${index}` }),
      );
      const kept = await store.listSecrets();
      assert.equal(kept.length, 1);
      for (const answer of answers) assert.deepEqual(answer, kept);
    },
  },
  {
    id: "secrets-withdrawn",
    rows: ["wire ST-11", "sec K-08"],
    title: "a withdrawn secret never comes back, and another one takes its place",
    async run({ store, second }) {
      // Optional in the contract.
      if (store.withdrawSecret === undefined) return;
      const leaked = { id: "leaked", secret: "c2VjcmV0" };
      await store.listSecrets(leaked);
      assert.equal(await second.withdrawSecret?.("unknown"), false);
      assert.equal(await second.withdrawSecret?.("leaked"), true);
      assert.equal(await store.withdrawSecret("leaked"), false);
      const left = [{ id: "leaked", secret: "" }];
      assert.deepEqual(await store.listSecrets(), left);
      assert.deepEqual(await second.listSecrets(leaked), left);
      const answers = await atOnce(20, [store, second], (index, target) =>
        target.listSecrets({ id: `id-${index}`, secret: `secret-${index}` }),
      );
      const kept = await store.listSecrets(leaked);
      assert.equal(kept.length, 2);
      assert.deepEqual(kept[0], left[0]);
      for (const answer of answers) assert.deepEqual(answer, kept);
    },
  },
  {
    id: "secrets-are-copies",
    rows: ["wire ST-11", "sec CC-07"],
    title: "changing a secret that came out does not change the store",
    async run({ store }) {
      for (const spoil of await store.listSecrets({ id: "first", secret: "c2VjcmV0" })) spoil.secret = "";
      assert.deepEqual(await store.listSecrets(), [{ id: "first", secret: "c2VjcmV0" }]);
    },
  },
];
