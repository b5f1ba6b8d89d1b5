import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SqliteDriverName, sqliteStore } from "@acme/session-core/sqlite";
import { MemoryStore } from "@acme/session-core/store";
import { describe, it } from "vitest";
import { runStoreConformance, type StoreUnderTest } from "../src/index.js";

runStoreConformance(
  {
    name: "memory",
    makeStore: () => ({ store: new MemoryStore() }),
    capabilities: { secondInstance: "what is in memory belongs to one instance" },
  },
  { describe, it },
);

function sqliteIn(driver: SqliteDriverName) {
  return (): StoreUnderTest => {
    const directory = mkdtempSync(join(tmpdir(), "session-conformance-"));
    const open = () => sqliteStore({ path: join(directory, "sessions.db"), driver });
    return { store: open(), reopen: open, cleanup: () => rmSync(directory, { recursive: true }) };
  };
}

for (const driver of ["node:sqlite", "better-sqlite3"] as const) {
  runStoreConformance(
    { name: `sqlite through ${driver}`, makeStore: sqliteIn(driver), capabilities: { secondInstance: true } },
    { describe, it },
  );
}
