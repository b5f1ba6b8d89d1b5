import assert from "node:assert/strict";
import { atOnce, inserted, NOW_MS } from "./samples.js";
import type { StoreCase } from "./store-case.js";

export const emptiedCases: readonly StoreCase[] = [
  {
    id: "emptied-under-way",
    rows: [],
    needs: "deleteAll",
    title:
      "where everything was deleted under an open store, sessions, roles and clean-up go on, and no version comes twice",
    async run({ store, second, deleteAll }) {
      assert.ok(deleteAll, "the test says how to delete everything");
      const versions = new Set<number>();
      for (const changed of [store, second, store]) {
        const { roles } = changed;
        await inserted(changed, { handle: "h" });
        if (roles !== undefined) {
          assert.equal(await roles.unassignRole("public", "u", "admin"), "unknown-role");
          assert.equal(await roles.grantPermissions("admin", ["p"]), true);
          for (const [user, given] of [
            ["u", store],
            ["v", second],
          ] as const) {
            assert.equal(await given.roles?.assignRole("public", user, "admin"), "assigned");
            const { version, permissions } = await roles.readAuthorization("public", user);
            assert.deepEqual(permissions, ["p"]);
            assert.ok(Number.isSafeInteger(version) && version > 0, `a version: ${version}`);
            assert.equal(versions.has(version), false, "a version of before was given again");
            versions.add(version);
          }
        }
        if (changed.claimCleanUp !== undefined) {
          const asked = await atOnce(8, [store, second], async (_, target) =>
            target.claimCleanUp?.(NOW_MS, 1_000),
          );
          assert.deepEqual(
            asked.filter((since) => since !== undefined),
            [Number.POSITIVE_INFINITY],
            "one is told to clean up",
          );
        }
        await deleteAll();
        assert.equal(await changed.getSession("h", NOW_MS), undefined);
      }
      // Many at once, all of which find nothing.
      await atOnce(8, [store, second], async (index, target) => {
        await target.roles?.grantPermissions(`role-${index}`, ["p"]);
      });
      assert.equal((await store.roles?.listRoles({ limit: 100 }))?.length ?? 8, 8);
    },
  },
];
