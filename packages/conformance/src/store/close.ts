import assert from "node:assert/strict";
import { atOnce, inserted, NOW_MS, sampleKey } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const closeCases: readonly StoreCase[] = [
  {
    id: "close-twice",
    rows: ["sec ST-12"],
    title: "closing again, or twice at once, does nothing more",
    async run({ store }) {
      await inserted(store);
      await Promise.all([store.close(), store.close()]);
      await store.close();
    },
  },
  {
    id: "close-unused",
    rows: ["sec ST-12"],
    title: "a store that was never used can be closed",
    async run({ store }) {
      await store.close();
    },
  },
  {
    id: "closed-is-not-empty",
    rows: ["sec ST-12", "sec O-01"],
    title: "a closed store throws or answers truly; it never says that a session is not there",
    async run({ store }) {
      const row = await inserted(store);
      await store.close();
      const answers = await Promise.allSettled([
        store.getSession(row.handle, NOW_MS),
        store.updateAccessTokenPayload(row.handle, NOW_MS, (payload) => payload),
      ]);
      for (const answer of answers) {
        if (answer.status === "fulfilled") assert.deepEqual(answer.value, row);
      }
    },
  },
  {
    id: "close-waits",
    rows: ["sec ST-12"],
    needs: "secondInstance",
    title: "close waits for what is in flight: what was promised is there, what failed is not",
    async run({ store, second }) {
      const inFlight = atOnce(20, [store, store], (index, target) =>
        inserted(target, { handle: `h-${index}` }).then(
          ({ handle }) => handle,
          () => undefined,
        ),
      );
      await store.close();
      const kept = (await inFlight).filter((handle) => handle !== undefined);
      const listed = await second.listSessionHandles("user-1", undefined, NOW_MS);
      assert.deepEqual(listed.sort(), kept.sort());
    },
  },
  {
    id: "close-one-of-two",
    rows: ["sec ST-12"],
    needs: "secondInstance",
    title: "when one instance closes, the data stays and the other goes on",
    async run({ store, second }) {
      const row = await inserted(store);
      await store.insertSigningKey(sampleKey());
      const secrets = await store.listSecrets({ id: "first", secret: "c2VjcmV0" });
      await store.close();
      assert.deepEqual(await second.getSession(row.handle, NOW_MS), row);
      assert.deepEqual(await second.listSigningKeys(), [sampleKey()]);
      assert.deepEqual(await second.listSecrets(), secrets);
      await inserted(second, { handle: "after" });
    },
  },
];
