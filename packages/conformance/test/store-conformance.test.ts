import { MemoryStore } from "@acme/session-core/store";
import { describe, it } from "vitest";
import { runStoreConformance } from "../src/index.js";
import { sqliteIn } from "./support/sqlite-in.js";

runStoreConformance(
  {
    name: "memory",
    makeStore: () => ({ store: new MemoryStore() }),
    capabilities: { secondInstance: "what is in memory belongs to one instance", namespaces: true },
  },
  { describe, it },
);

for (const driver of ["node:sqlite", "better-sqlite3"] as const) {
  runStoreConformance(
    {
      name: `sqlite through ${driver}`,
      makeStore: sqliteIn(driver),
      capabilities: { secondInstance: true, namespaces: true },
    },
    { describe, it },
  );
}
