import assert from "node:assert/strict";
import type { RoleCase } from "./role-case.js";

export const definitionCases: readonly RoleCase[] = [
  {
    id: "grant-adds",
    title: "grantPermissions makes a role once, adds what it lacks and takes nothing away",
    async run({ store, second }) {
      assert.equal(await store.grantPermissions("editor", ["write", "read"]), true);
      assert.equal(await second.grantPermissions("editor", ["read", "delete"]), false);
      assert.deepEqual(await store.listPermissions("editor"), ["delete", "read", "write"]);
      assert.equal(await store.grantPermissions("empty", []), true);
      assert.deepEqual(await store.listPermissions("empty"), []);
    },
  },
  {
    id: "unknown-role",
    title: "an unknown role is told from a role without permissions, parents or users",
    async run({ store }) {
      assert.equal(await store.listPermissions("nobody"), undefined);
      assert.equal(await store.listParents("nobody"), undefined);
      assert.equal(await store.listUsersWithRole("public", "nobody", { limit: 10 }), undefined);
      assert.equal(await store.revokePermissions("nobody", ["read"]), false);
      assert.equal(await store.revokePermissions("nobody", "all"), false);
      assert.equal(await store.deleteRole("nobody"), false);
      assert.equal(await store.setParents("nobody", []), "unknown-role");
      assert.equal(await store.assignRole("public", "u", "nobody"), "unknown-role");
      assert.equal(await store.unassignRole("public", "u", "nobody"), "unknown-role");
      assert.deepEqual(await store.listRolesOfUser("public", "u"), []);
      assert.deepEqual(await store.listRolesWithPermission("read"), []);
    },
  },
  {
    id: "revoke-some",
    title: "revokePermissions takes exactly what is named, and nothing for an empty list",
    async run({ store }) {
      await store.grantPermissions("editor", ["a", "b", "c"]);
      assert.equal(await store.revokePermissions("editor", []), true);
      assert.deepEqual(await store.listPermissions("editor"), ["a", "b", "c"]);
      assert.equal(await store.revokePermissions("editor", ["b", "never had"]), true);
      assert.deepEqual(await store.listPermissions("editor"), ["a", "c"]);
      assert.equal(await store.revokePermissions("editor", "all"), true);
      assert.deepEqual(await store.listPermissions("editor"), []);
    },
  },
  {
    id: "lists-in-order",
    title: "lists are in the order of code points, page by page, without gaps or repeats",
    async run({ store, second }) {
      const names = ["é", "z", "Z", "a", "\u{1f600}", "\uffee", "aa", " ", "%", "_"];
      for (const name of names) await store.grantPermissions(name, ["p"]);
      const ordered = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await store.listRoles({ limit: 100 }), ordered);
      assert.deepEqual(await store.listRolesWithPermission("p"), ordered);
      const paged: string[] = [];
      for (let page = await second.listRoles({ limit: 3 }); page.length > 0; ) {
        assert.ok(page.length <= 3);
        paged.push(...page);
        page = await second.listRoles({ after: page.at(-1), limit: 3 });
      }
      assert.deepEqual(paged, ordered);
    },
  },
  {
    id: "exact-texts",
    title: "names are compared byte for byte",
    async run({ store }) {
      for (const name of ["Admin", "admin", "admin ", "ádmin", "a%", "'; DROP TABLE roles; --"]) {
        await store.grantPermissions(name, [name]);
        assert.equal(await store.assignRole("public", name, name), "assigned");
        assert.deepEqual(await store.listRolesOfUser("public", name), [name]);
        assert.deepEqual(await store.listPermissions(name), [name]);
        assert.deepEqual(await store.listRolesWithPermission(name), [name]);
      }
    },
  },
  {
    id: "parents",
    title: "a role grants what its parents grant, and theirs; a cycle is refused and changes nothing",
    async run({ store }) {
      for (const role of ["reader", "writer", "admin"]) await store.grantPermissions(role, [`${role}:p`]);
      assert.equal(await store.setParents("writer", ["reader"]), "ok");
      assert.equal(await store.setParents("admin", ["writer", "writer"]), "ok");
      assert.deepEqual(await store.listParents("admin"), ["writer"]);
      assert.equal(await store.setParents("reader", ["admin"]), "cycle");
      assert.equal(await store.setParents("reader", ["reader"]), "cycle");
      assert.equal(await store.setParents("reader", ["unknown"]), "unknown-role");
      assert.deepEqual(await store.listParents("reader"), []);
      await store.assignRole("public", "u", "admin");
      const { roles, effectiveRoles, permissions } = await store.readAuthorization("public", "u");
      assert.deepEqual(roles, ["admin"]);
      assert.deepEqual(effectiveRoles, ["admin", "reader", "writer"]);
      assert.deepEqual(permissions, ["admin:p", "reader:p", "writer:p"]);
      assert.equal(await store.setParents("admin", []), "ok");
      assert.deepEqual((await store.readAuthorization("public", "u")).permissions, ["admin:p"]);
    },
  },
];
