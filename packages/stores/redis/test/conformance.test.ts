import { runRoleStoreConformance, runStoreConformance, type StoreUnderTest } from "@acme/session-conformance";
import { afterAll, describe, it } from "vitest";
import { freshPrefix, missing, stopServer } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`Redis (${missing ?? "real server"})`, () => {
  for (const driver of ["@redis/client", "ioredis"] as const) {
    const makeStore = (): StoreUnderTest => {
      const fresh = freshPrefix();
      const open = () => fresh.open({ driver });
      return { store: open(), reopen: open, cleanup: fresh.drop };
    };
    runStoreConformance(
      { name: `redis through ${driver}`, makeStore, capabilities: { secondInstance: true } },
      { describe, it },
    );
    runRoleStoreConformance(
      {
        name: `redis through ${driver}`,
        makeStore: () => {
          const fresh = freshPrefix();
          const [store, second] = [fresh.open({ driver }), fresh.open({ driver })];
          return {
            store: store.roles,
            reopen: () => second.roles,
            async cleanup() {
              await store.close();
              await second.close();
              await fresh.drop();
            },
          };
        },
      },
      { describe, it },
    );
  }
});
