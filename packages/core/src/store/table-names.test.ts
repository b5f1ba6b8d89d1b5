import { expect, it } from "vitest";
import { namespacedPath } from "../sqlite/database-file.js";
import { isNamespacedPath } from "../sqlite/sqlite-store.js";
import { isNamespace } from "./namespace.js";
import { checkTablePrefix, prefixIn, tableNames } from "./table-names.js";

/** All texts that these pieces make, up to so many of them. */
function made(pieces: readonly string[], count: number): string[] {
  const shorter = count === 1 ? [""] : ["", ...made(pieces, count - 1)];
  return [...new Set(shorter.flatMap((text) => pieces.map((piece) => text + piece)))];
}

/** Of the names of tables and indexes. */
const LONGEST = "role_permissions_by_permission";
const TABLES = Object.values<string>({ ...tableNames((name) => name) });
const NAMESPACES = made(["a", "b", "_", "user", "role", "roles", "A"], 3).filter(isNamespace);
const PREFIXES = [...made(["a", "_", "user", "role"], 3), "x".repeat(28), "x".repeat(32)].filter(
  (prefix) => accepted(() => checkTablePrefix("store", prefix)) !== undefined,
);

function accepted<T>(make: () => T): T | true | undefined {
  try {
    return make() ?? true;
  } catch {
    return undefined;
  }
}

it("no two of all prefixes, namespaces and tables have a name in common, and none is cut", () => {
  expect(NAMESPACES.length).toBeGreaterThan(50);
  expect(PREFIXES.length).toBeGreaterThan(50);
  const owners = new Map<string, string>();
  for (const tablePrefix of PREFIXES) {
    for (const namespace of [undefined, ...NAMESPACES]) {
      const prefix = namespace === undefined ? tablePrefix : accepted(() => prefixIn(namespace, tablePrefix));
      if (typeof prefix !== "string") continue;
      if (prefix.length + LONGEST.length > 63) expect.fail(`${prefix} makes names that PostgreSQL cuts`);
      for (const table of TABLES) {
        const name: string = prefix + table;
        const owner = `${tablePrefix} ${namespace} ${table}`;
        if (owners.has(name)) expect.fail(`${name} is ${owners.get(name)} and ${owner}`);
        owners.set(name, owner);
      }
    }
  }
});

it("a namespace in a namespace is another one", () => {
  const outer = NAMESPACES.filter((name) => name.length < 5);
  const all = outer.flatMap((name) => [
    prefixIn(name, "a_"),
    ...outer.flatMap((inner) => [
      prefixIn(inner, prefixIn(name, "a_")),
      prefixIn(inner, prefixIn(name, "a")),
    ]),
  ]);
  expect(new Set(all).size).toBe(all.length);
});

it.each([
  ["acme__", "`__`"],
  ["acme__users__", "`__`"],
  ["acme_user_", "`user_roles`"],
  ["Acme_", "lower-case"],
  ["x".repeat(33), "32"],
  ['a"', "lower-case"],
])("the prefix %s is refused", (prefix, says) => {
  expect(() => checkTablePrefix("postgresStore", prefix)).toThrow(says);
});

it("what makes names too long is refused, and says how long", () => {
  expect(prefixIn("x".repeat(20), "acme_")).toBe(`acme__${"x".repeat(20)}__`);
  expect(() => prefixIn("abcdef", "x".repeat(22))).toThrow(/"x+___abcdef__".*32 characters, not 33/);
});

it("no two of all files and namespaces are one file", () => {
  const paths = made(["a", ".", "@", "db", "-"], 4).filter(
    (path) => !/^\.+$/.test(path) && !isNamespacedPath(path),
  );
  const files = paths.flatMap((path) => [
    path,
    ...["a", "b", "db"].map((name) => namespacedPath(path, name)),
  ]);
  expect(paths.length).toBeGreaterThan(300);
  expect(new Set(files).size).toBe(files.length);
  expect(files.filter(isNamespacedPath)).toHaveLength(paths.length * 3);
});
