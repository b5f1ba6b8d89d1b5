import assert from "node:assert/strict";
import type { SessionRow } from "@acme/session-core/store";
import { inserted, NOW_MS, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/** A row without one of these is no row; the others are null at first. */
const REQUIRED = [
  "handle",
  "tenantId",
  "userId",
  "refreshTokenHash2",
  "secretId",
  "generation",
  "sessionDataJson",
  "accessTokenPayloadJson",
  "createdAtMs",
  "expiresAtMs",
  "absoluteExpiresAtMs",
] as const satisfies readonly (keyof SessionRow)[];

export const damageCases: readonly StoreCase[] = [
  {
    id: "damaged-row",
    rows: ["sec O-01"],
    needs: "damage",
    title:
      "a session that lost a field is an error to whoever reads it, never none; nothing of it is written, and it can be revoked",
    async run({ store, damage }) {
      assert.ok(damage, "the test says how to damage a row");
      for (const field of REQUIRED) {
        const row = await inserted(store, { handle: `without-${field}` });
        await damage(row.handle, field);
        let hasApplied = false;
        for (const read of [
          () => store.getSession(row.handle, NOW_MS),
          () => store.promoteSession(samplePromotion(row)),
          () => store.replaceSessionData(row.handle, NOW_MS, "{}"),
          () =>
            store.updateAccessTokenPayload(row.handle, NOW_MS, () => {
              hasApplied = true;
              return "{}";
            }),
        ]) {
          await assert.rejects(read(), (error: Error) => error.message.includes(field), `without ${field}`);
        }
        assert.equal(hasApplied, false, "nothing is made of a row that is not whole");
        await store.deleteSessions([row.handle], NOW_MS);
        assert.equal(await store.getSession(row.handle, NOW_MS), undefined);
      }
    },
  },
  {
    id: "damaged-row-of-user",
    rows: ["sec S-07"],
    needs: "damage",
    title: "revoking all sessions of a user removes those that lost a field, too",
    async run({ store, damage }) {
      assert.ok(damage, "the test says how to damage a row");
      for (const field of REQUIRED) {
        const rows = [
          await inserted(store, { handle: `${field}-1` }),
          await inserted(store, { handle: `${field}-2` }),
        ];
        await damage(`${field}-1`, field);
        await store.deleteSessionsOfUser("user-1", "public", NOW_MS);
        for (const { handle } of rows) assert.equal(await store.getSession(handle, NOW_MS), undefined, field);
      }
    },
  },
];
