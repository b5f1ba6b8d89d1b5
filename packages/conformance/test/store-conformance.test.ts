import { MemoryStore } from "@acme/session-core/store";
import { describe, it, onTestFinished } from "vitest";
import { runStoreConformance } from "../src/index.js";
import { raceRevocations, stepsUnderWay } from "../src/store/revocation-races.js";
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
      capabilities: { secondInstance: true, namespaces: true, deleteAll: true },
    },
    { describe, it },
  );
}

describe.each(["memory", "sqlite"] as const)("what is revoked is over, on %s", (kind) => {
  it.each(stepsUnderWay)(
    "by every call that revokes, in this process or another, during %s [sec R-14, CC-03, S-07]",
    async (name) => {
      const made = kind === "memory" ? { store: new MemoryStore() } : sqliteIn("node:sqlite")();
      const { store, reopen, cleanup } = await (made as ReturnType<ReturnType<typeof sqliteIn>>);
      const second = (await reopen?.()) ?? store;
      onTestFinished(async () => {
        await second.close();
        await store.close();
        await cleanup?.();
      });
      await raceRevocations(name, store, second, true);
    },
  );
});
