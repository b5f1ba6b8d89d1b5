import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type SqliteDriverName, sqliteStore } from "@acme/session-core/sqlite";
import type { MakeStore } from "../../src/index.js";

/** A file of its own for every case. */
export function sqliteIn(driver: SqliteDriverName): MakeStore {
  return () => {
    const directory = mkdtempSync(join(tmpdir(), "session-conformance-"));
    const path = join(directory, "sessions.db");
    const open = () => sqliteStore({ path, driver });
    return {
      store: open(),
      reopen: open,
      deleteAll: async () => void (await promisify(execFile)(process.execPath, ["-e", DELETE_ALL, path])),
      cleanup: () => rmSync(directory, { recursive: true }),
    };
  };
}

/** In a process of its own: another build of SQLite in this one would let go of the store's locks on the file. */
const DELETE_ALL = `
  const database = new (require("node:sqlite").DatabaseSync)(process.argv[1]);
  database.exec("PRAGMA busy_timeout = 2000");
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name } of tables) database.exec('DELETE FROM "' + name + '"');
  database.close();`;
