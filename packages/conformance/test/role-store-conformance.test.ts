import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SqliteDriverName, type SqliteStore, sqliteStore } from "@acme/session-core/sqlite";
import { MemoryRoleStore } from "@acme/session-core/store";
import { describe, it } from "vitest";
import { type RoleStoreUnderTest, runRoleStoreConformance } from "../src/index.js";

runRoleStoreConformance(
  { name: "memory", makeStore: () => ({ store: new MemoryRoleStore() }) },
  { describe, it },
);

function sqliteIn(driver: SqliteDriverName) {
  return (): RoleStoreUnderTest => {
    const directory = mkdtempSync(join(tmpdir(), "role-conformance-"));
    const opened: SqliteStore[] = [];
    const open = () => {
      const store = sqliteStore({ path: join(directory, "sessions.db"), driver });
      opened.push(store);
      return store.roles;
    };
    return {
      store: open(),
      reopen: open,
      async cleanup() {
        await Promise.all(opened.map((store) => store.close()));
        rmSync(directory, { recursive: true });
      },
    };
  };
}

for (const driver of ["node:sqlite", "better-sqlite3"] as const) {
  runRoleStoreConformance(
    { name: `sqlite through ${driver}`, makeStore: sqliteIn(driver) },
    { describe, it },
  );
}
