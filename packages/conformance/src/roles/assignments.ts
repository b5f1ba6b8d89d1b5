import assert from "node:assert/strict";
import type { RoleCase } from "./role-case.js";

export const assignmentCases: readonly RoleCase[] = [
  {
    id: "assign",
    title: "a role is assigned once per user and tenant, and only there",
    async run({ store, second }) {
      await store.grantPermissions("admin", ["p"]);
      assert.equal(await store.assignRole("t1", "u", "admin"), "assigned");
      assert.equal(await second.assignRole("t1", "u", "admin"), "had-it");
      assert.deepEqual(await second.listRolesOfUser("t1", "u"), ["admin"]);
      assert.deepEqual(await store.listRolesOfUser("t2", "u"), []);
      assert.deepEqual(await store.listRolesOfUser("t1", "v"), []);
      assert.equal(await store.unassignRole("t2", "u", "admin"), "lacked-it");
      assert.equal(await store.unassignRole("t1", "u", "admin"), "unassigned");
      assert.equal(await store.unassignRole("t1", "u", "admin"), "lacked-it");
      assert.deepEqual(await second.listRolesOfUser("t1", "u"), []);
    },
  },
  {
    id: "assign-race",
    title: "of many assignments at once exactly one is the first, and so is one removal",
    async run({ store, second }) {
      await store.grantPermissions("admin", []);
      const all = (run: (target: typeof store) => Promise<string>) =>
        Promise.all(Array.from({ length: 20 }, (_, index) => run(index % 2 === 0 ? store : second)));
      const assigned = await all((target) => target.assignRole("public", "u", "admin"));
      assert.equal(assigned.filter((result) => result === "assigned").length, 1);
      const removed = await all((target) => target.unassignRole("public", "u", "admin"));
      assert.equal(removed.filter((result) => result === "unassigned").length, 1);
    },
  },
  {
    id: "users-by-page",
    title: "users of a role come page by page, of one tenant",
    async run({ store }) {
      await store.grantPermissions("member", []);
      const users = Array.from({ length: 25 }, (_, index) => `u-${String(index).padStart(2, "0")}`);
      await Promise.all(users.map((user) => store.assignRole("public", user, "member")));
      await store.assignRole("other", "stranger", "member");
      assert.deepEqual(await store.listUsersWithRole("public", "member", { limit: 10 }), users.slice(0, 10));
      const rest = await store.listUsersWithRole("public", "member", { after: "u-09", limit: 100 });
      assert.deepEqual(rest, users.slice(10));
      assert.deepEqual(await store.listUsersWithRole("nobody", "member", { limit: 10 }), []);
    },
  },
  {
    id: "delete-role",
    title: "a deleted role is gone with its permissions, its edges and its assignments in all tenants",
    async run({ store, second }) {
      for (const role of ["gone", "heir", "parent"]) await store.grantPermissions(role, [role]);
      await store.setParents("heir", ["gone"]);
      await store.setParents("gone", ["parent"]);
      await store.assignRole("t1", "u", "gone");
      await store.assignRole("t2", "u", "gone");
      await store.assignRole("t1", "u", "heir");
      assert.equal(await store.deleteRole("gone"), true);
      assert.equal(await second.deleteRole("gone"), false);
      for (const tenant of ["t1", "t2"]) {
        const { roles, effectiveRoles } = await second.readAuthorization(tenant, "u");
        assert.deepEqual(roles, tenant === "t1" ? ["heir"] : []);
        assert.deepEqual(effectiveRoles, roles);
      }
      assert.deepEqual(await store.listRolesWithPermission("gone"), []);
      assert.deepEqual(await store.listParents("heir"), []);
      // A new role of that name starts from nothing.
      await store.grantPermissions("gone", []);
      assert.deepEqual(await store.listPermissions("gone"), []);
      assert.deepEqual(await store.listParents("gone"), []);
      assert.deepEqual(await store.listUsersWithRole("t1", "gone", { limit: 10 }), []);
    },
  },
  {
    id: "no-orphan",
    title: "roles that are assigned while they are deleted leave no assignment behind (claims.md O-28)",
    async run({ store, second }) {
      for (let round = 0; round < 10; round++) {
        await store.grantPermissions("fleeting", ["p"]);
        await Promise.all([
          store.assignRole("public", `u-${round}`, "fleeting"),
          second.deleteRole("fleeting"),
          second.assignRole("public", `v-${round}`, "fleeting"),
        ]);
        for (const user of [`u-${round}`, `v-${round}`]) {
          const { roles, permissions } = await store.readAuthorization("public", user);
          assert.deepEqual([roles, permissions], [[], []]);
        }
      }
    },
  },
  {
    id: "unassign-all",
    title: "unassignAll takes a user's roles in one tenant or in all, and nobody else's",
    async run({ store }) {
      for (const role of ["a", "b"]) await store.grantPermissions(role, []);
      for (const tenant of ["t1", "t2"]) {
        for (const role of ["a", "b"]) await store.assignRole(tenant, "u", role);
      }
      await store.assignRole("t1", "v", "a");
      assert.equal(await store.unassignAll("u", "t1"), 2);
      assert.deepEqual(await store.listRolesOfUser("t2", "u"), ["a", "b"]);
      assert.equal(await store.unassignAll("u", undefined), 2);
      assert.equal(await store.unassignAll("u", undefined), 0);
      assert.deepEqual(await store.listRolesOfUser("t1", "v"), ["a"]);
    },
  },
  {
    id: "affected",
    title: "those concerned by a role are the users who have it or inherit it, by tenant, page by page",
    async run({ store }) {
      for (const role of ["base", "heir", "other"]) await store.grantPermissions(role, []);
      await store.setParents("heir", ["base"]);
      await store.assignRole("t1", "a", "base");
      await store.assignRole("t1", "b", "heir");
      await store.assignRole("t1", "b", "base");
      await store.assignRole("t1", "only-heir", "heir");
      await store.assignRole("t2", "c", "heir");
      await store.assignRole("t3", "d", "other");
      assert.deepEqual(await store.listTenantsWithRole("base"), ["t1", "t2"]);
      assert.deepEqual(await store.listAffectedUsers("t1", "base", { limit: 10 }), ["a", "b", "only-heir"]);
      assert.deepEqual(await store.listAffectedUsers("t1", "base", { after: "a", limit: 1 }), ["b"]);
      assert.deepEqual(await store.listAffectedUsers("t1", "heir", { limit: 10 }), ["b", "only-heir"]);
      assert.deepEqual(await store.listAffectedUsers("t1", "unknown", { limit: 10 }), []);
      assert.deepEqual(await store.listTenantsWithRole("unknown"), []);
    },
  },
];
