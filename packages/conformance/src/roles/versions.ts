import assert from "node:assert/strict";
import type { RoleStore } from "@acme/session-core/store";
import type { RoleCase } from "./role-case.js";

/** Runs a change and tells whether the version of a user grew; it must never shrink. */
async function grows(store: RoleStore, change: () => Promise<unknown>, user = "u"): Promise<boolean> {
  const before = await store.readAuthorizationVersion("public", user);
  await change();
  const after = await store.readAuthorizationVersion("public", user);
  assert.ok(after >= before, `the version went back from ${before} to ${after}`);
  assert.equal((await store.readAuthorization("public", user)).version, after);
  return after > before;
}

export const versionCases: readonly RoleCase[] = [
  {
    id: "version-grows",
    title: "the version of a user grows with every change that concerns him, and never shrinks",
    async run({ store, second }) {
      assert.equal(await store.readAuthorizationVersion("public", "u"), 0);
      for (const role of ["a", "b", "c"]) await store.grantPermissions(role, [role]);
      const changes: [string, () => Promise<unknown>][] = [
        ["assign", () => store.assignRole("public", "u", "a")],
        ["grant", () => second.grantPermissions("a", ["x"])],
        ["revoke", () => store.revokePermissions("a", ["x"])],
        ["inherit", () => store.setParents("a", ["b"])],
        ["grant to a parent", () => store.grantPermissions("b", ["y"])],
        ["revoke all of a parent", () => second.revokePermissions("b", "all")],
        ["grandparent", () => store.setParents("b", ["c"])],
        ["grant to a grandparent", () => store.grantPermissions("c", ["z"])],
        ["disinherit", () => store.setParents("a", [])],
        ["inherit again", () => store.setParents("a", ["b"])],
        ["delete a grandparent", () => store.deleteRole("c")],
        ["assign another", () => store.assignRole("public", "u", "b")],
        ["unassign", () => second.unassignRole("public", "u", "a")],
        ["delete", () => store.deleteRole("b")],
        ["assign once more", () => store.assignRole("public", "u", "a")],
        ["unassign all", () => store.unassignAll("u", undefined)],
      ];
      for (const [name, change] of changes) assert.ok(await grows(store, change), name);
    },
  },
  {
    id: "version-stays",
    title: "the version of a user stays when nothing changes for him",
    async run({ store }) {
      for (const role of ["a", "b"]) await store.grantPermissions(role, ["p"]);
      await store.assignRole("public", "u", "a");
      const changes: [string, () => Promise<unknown>][] = [
        ["the role again", () => store.assignRole("public", "u", "a")],
        ["the permission again", () => store.grantPermissions("a", ["p"])],
        ["a permission it lacks", () => store.revokePermissions("a", ["q"])],
        ["another role", () => store.grantPermissions("b", ["q"])],
        ["another user", () => store.assignRole("public", "v", "a")],
        ["another tenant", () => store.assignRole("other", "u", "b")],
        ["a role he lacks", () => store.unassignRole("public", "u", "b")],
      ];
      for (const [name, change] of changes) assert.equal(await grows(store, change), false, name);
    },
  },
];
