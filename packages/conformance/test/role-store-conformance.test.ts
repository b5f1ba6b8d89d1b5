import { MemoryRoleStore } from "@acme/session-core/store";
import { describe, it } from "vitest";
import { rolesIn, runRoleStoreConformance } from "../src/index.js";
import { sqliteIn } from "./support/sqlite-in.js";

runRoleStoreConformance(
  { name: "memory", makeStore: () => ({ store: new MemoryRoleStore() }) },
  { describe, it },
);

for (const driver of ["node:sqlite", "better-sqlite3"] as const) {
  runRoleStoreConformance(
    { name: `sqlite through ${driver}`, makeStore: rolesIn(sqliteIn(driver)) },
    { describe, it },
  );
}
