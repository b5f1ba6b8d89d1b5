import {
  rolesIn,
  runRoleStoreConformance,
  runStoreConformance,
  type StoreUnderTest,
} from "@acme/session-conformance";
import { afterAll, describe, it } from "vitest";
import { freshPrefix, missing, stopServer } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`Redis (${missing ?? "real server"})`, () => {
  for (const driver of ["@redis/client", "ioredis"] as const) {
    const makeStore = (): StoreUnderTest => {
      const fresh = freshPrefix();
      const open = () => fresh.open({ driver });
      return {
        store: open(),
        reopen: open,
        cleanup: fresh.drop,
        damage: fresh.damage,
        deleteAll: fresh.drop,
      };
    };
    runStoreConformance(
      {
        name: `redis through ${driver}`,
        makeStore,
        capabilities: { secondInstance: true, namespaces: true, damage: true, deleteAll: true },
      },
      { describe, it },
    );
    runRoleStoreConformance(
      {
        name: `redis through ${driver}`,
        makeStore: rolesIn(makeStore),
      },
      { describe, it },
    );
  }
});
