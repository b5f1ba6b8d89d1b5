import { expect, it } from "vitest";
import { freshPath, liveSession } from "../../test/sqlite/fixture.js";
import { sqliteStore } from "./sqlite-store.js";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const LATER_TABLES = [
  "role_parents",
  "role_permissions",
  "user_roles",
  "role_users",
  "role_clock",
  "roles",
  "clean_up",
];

it("a file from before there were roles gets their tables, and keeps its sessions", async () => {
  const path = freshPath();
  const first = sqliteStore({ path });
  const session = liveSession();
  await first.insertSession(session);
  await first.close();
  const database = new DatabaseSync(path);
  for (const table of LATER_TABLES) database.exec(`DROP TABLE ${table}`);
  database.exec("PRAGMA user_version = 1001");
  database.close();

  const store = sqliteStore({ path });
  expect(await store.getSession("h", Date.now())).toEqual(session);
  expect(await store.roles.grantPermissions("admin", ["edit"])).toBe(true);
  expect(await store.roles.assignRole("public", "u", "admin")).toBe("assigned");
  await store.close();
  const again = sqliteStore({ path });
  expect((await again.roles.readAuthorization("public", "u")).permissions).toEqual(["edit"]);
  await again.close();
});

it("a change of roles that fails half-way leaves nothing behind", async () => {
  const path = freshPath();
  const store = sqliteStore({ path });
  await store.roles.grantPermissions("admin", ["edit"]);
  await store.roles.assignRole("public", "u", "admin");
  const before = await store.roles.readAuthorization("public", "u");
  const database = new DatabaseSync(path);
  database.exec("CREATE TRIGGER broken BEFORE DELETE ON roles BEGIN SELECT RAISE(ABORT, 'half-way'); END");
  await expect(store.roles.deleteRole("admin")).rejects.toThrow();
  expect(await store.roles.readAuthorization("public", "u")).toEqual(before);
  database.exec("DROP TRIGGER broken");
  database.close();
  expect(await store.roles.deleteRole("admin")).toBe(true);
  await store.close();
});

it("texts that SQLite would not give back as they are, are refused", async () => {
  const store = sqliteStore({ path: freshPath() });
  for (const text of ["a\0b", "\ud800"]) {
    await expect(async () => store.roles.grantPermissions(text, [])).rejects.toThrow(TypeError);
    await expect(async () => store.roles.grantPermissions("r", [text])).rejects.toThrow(TypeError);
    await expect(async () => store.roles.readAuthorization("public", text)).rejects.toThrow(TypeError);
  }
  await store.close();
});

it("finds who and what a question is about by index", async () => {
  const path = freshPath();
  await sqliteStore({ path }).close();
  const { READ_VERSION, READ_AUTHORIZATION, LIST_AFFECTED_USERS, TOUCH_HEIRS } = await import(
    "./role-statements.js"
  );
  const database = new DatabaseSync(path);
  for (const statement of [READ_VERSION, READ_AUTHORIZATION, LIST_AFFECTED_USERS, TOUCH_HEIRS]) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${statement}`).all() as { detail: string }[];
    const scans = plan
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN (?!effective|heirs|CONSTANT)/.test(detail));
    expect(scans).toEqual([]);
  }
  database.close();
});
