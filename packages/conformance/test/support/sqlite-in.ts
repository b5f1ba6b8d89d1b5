import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SqliteDriverName, sqliteStore } from "@acme/session-core/sqlite";
import type { MakeStore } from "../../src/index.js";

/** A file of its own for every case. */
export function sqliteIn(driver: SqliteDriverName): MakeStore {
  return () => {
    const directory = mkdtempSync(join(tmpdir(), "session-conformance-"));
    const open = () => sqliteStore({ path: join(directory, "sessions.db"), driver });
    return { store: open(), reopen: open, cleanup: () => rmSync(directory, { recursive: true }) };
  };
}
