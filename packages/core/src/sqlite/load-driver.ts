import { invalidOption } from "../errors/throwers.js";
import type { SqliteDatabase, SqliteDriver, SqliteDriverName } from "./driver.js";

type Open = (path: string) => SqliteDatabase;
type DatabaseClass = new (path: string, options?: object) => SqliteDatabase;

/**
 * The SQLite of this runtime: `bun:sqlite` on Bun, `node:sqlite` on Node ≥ 22.13 and Deno, else the application's own
 * `better-sqlite3` (design.md decision 15).
 *
 * @param only look for this driver and no other
 * @throws SessionError `INVALID_OPTION` when there is none, saying what to install
 */
export function loadDriver(only?: SqliteDriverName): SqliteDriver {
  const names: readonly SqliteDriverName[] = only ? [only] : ["bun:sqlite", "node:sqlite", "better-sqlite3"];
  const reasons: string[] = [];
  for (const name of names) {
    const found = FINDERS[name]();
    if (typeof found === "function") return { name, open: found };
    reasons.push(`${name}: ${found}`);
  }
  throw invalidOption(
    "store",
    `this runtime (${runtimeName()}) has no usable SQLite (${reasons.join("; ")}). ` +
      "Use Node 22.13 or newer, or Bun, or Deno, which have one built in; " +
      "or on an older Node run `npm install better-sqlite3@12`; or write `store:` with another store",
  );
}

/** Each gives a function that opens a file, or the reason why it cannot. */
const FINDERS: Readonly<Record<SqliteDriverName, () => Open | string>> = {
  "bun:sqlite": () => {
    if (process.versions.bun === undefined) return "only on Bun";
    const { Database } = builtin("bun:sqlite") as { Database: DatabaseClass };
    return (path) => new Database(path, { readwrite: true, create: false });
  },
  "node:sqlite": () => {
    const sqlite = withoutExperimentalWarning(() => builtin("node:sqlite")) as
      | { DatabaseSync: DatabaseClass }
      | undefined;
    if (sqlite === undefined) return "not part of this runtime";
    return (path) => new sqlite.DatabaseSync(path);
  },
  "better-sqlite3": findBetterSqlite3,
};

function findBetterSqlite3(): Open | string {
  const { createRequire } = builtin("node:module") as {
    createRequire(from: string): (id: string) => unknown;
  };
  // First from the application, whose dependency it is, then from here.
  for (const from of [`${process.cwd()}/package.json`, import.meta.url]) {
    const require = createRequire(from);
    let version: string;
    try {
      ({ version } = require("better-sqlite3/package.json") as { version: string });
    } catch {
      continue;
    }
    const refusal = whyNotBetterSqlite3(version, process.versions.napi);
    if (refusal !== undefined) return refusal;
    try {
      const Database = require("better-sqlite3") as DatabaseClass;
      return (path) => new Database(path, { fileMustExist: true });
    } catch (error) {
      return `cannot be loaded (${error instanceof Error ? error.message : String(error)})`;
    }
  }
  return "not installed";
}

/**
 * better-sqlite3 13 needs Node-API 10 (Node 22.14). An older Node installs it with no more than a warning and dies of a
 * segmentation fault at the first `require`, which nothing can catch: so look at the versions before loading it.
 *
 * @param nodeApi `process.versions.napi`; unknown is let through
 */
export function whyNotBetterSqlite3(version: string, nodeApi: string | undefined): string | undefined {
  if (Number.parseInt(version, 10) >= 13 && Number(nodeApi) < 10) {
    return `${version} needs Node 22.14 and crashes an older one, run \`npm install better-sqlite3@12\``;
  }
  return undefined;
}

function builtin(id: string): unknown {
  return (process.getBuiltinModule as (id: string) => unknown)(id);
}

/**
 * Node 22 (not 24) warns once per process that `node:sqlite` is experimental. The choice to use it was ours and there
 * is nothing an application could do about it, so that one warning is kept back; every other one passes.
 */
function withoutExperimentalWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === "ExperimentalWarning" && String(warning).includes("SQLite")) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno !== undefined ? `Deno ${deno}` : `Node ${node}`;
}
