import { afterAll, describe, expect, it } from "vitest";
import { postgresSchemaSql } from "../src/index.js";
import { freshSchema, missing, sql, stopServer } from "./fixture.js";

afterAll(stopServer);

const LONGEST = "x".repeat(32);

it("every name that a script makes is its own, whatever prefix and namespace, and none is longer than PostgreSQL takes", () => {
  const scripts = [
    { tablePrefix: "a_" },
    { tablePrefix: "a_", namespace: "user" },
    { tablePrefix: "a", namespace: "user" },
    { tablePrefix: "a_", namespace: "a_user" },
    { tablePrefix: "a_a_", namespace: "user" },
    { namespace: "x".repeat(20) },
    { tablePrefix: LONGEST },
  ];
  const names = scripts.flatMap((options) =>
    [...postgresSchemaSql(options).matchAll(/CREATE (?:TABLE|INDEX) IF NOT EXISTS "(\w+)"/g)].map(
      ([, name = ""]) => name,
    ),
  );
  expect(names).toHaveLength(17 * scripts.length);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.length > 63)).toEqual([]);
});

describe.skipIf(missing !== undefined)(`namespaces in PostgreSQL (${missing ?? "real server"})`, () => {
  it("the tables of neighbours stand side by side with all indexes and keys, also where the server shortens a key's name", async () => {
    const fresh = await freshSchema();
    const wanted: [prefix: string, namespaces: string[]][] = [
      ["a_", ["user", "a_user", "roles"]],
      ["a", ["user"]],
      [LONGEST, []],
      [`${"x".repeat(26)}_`, ["a", "b"]],
    ];
    let sets = 0;
    for (const [tablePrefix, namespaces] of wanted) {
      const store = fresh.open({ tablePrefix });
      for (const view of [store, ...namespaces.map((namespace) => store.inNamespace(namespace))]) {
        await view.listSecrets();
        expect(await view.roles.listPermissions("admin")).toBeUndefined();
        sets += 1;
      }
      await store.close();
    }
    const counted = await sql(
      `SELECT relkind::text AS kind, count(*)::int AS count FROM pg_class
       WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'i') GROUP BY relkind ORDER BY relkind`,
      [fresh.schema],
    );
    expect(counted).toEqual([
      { kind: "i", count: 19 * sets },
      { kind: "r", count: 11 * sets },
    ]);
    await fresh.drop();
  });

  it("`migrate: false` finds what the script has made for a namespace", async () => {
    const fresh = await freshSchema();
    const store = fresh.open({ migrate: false });
    const view = store.inNamespace("users");
    await expect(view.listSecrets()).rejects.toThrow("postgresSchemaSql");
    await sql(postgresSchemaSql({ schema: fresh.schema, namespace: "users" }), undefined);
    expect(await view.listSecrets()).toEqual([]);
    await store.close();
    await fresh.drop();
  });
});
