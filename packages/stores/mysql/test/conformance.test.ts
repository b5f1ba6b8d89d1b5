import {
  rolesIn,
  runRoleStoreConformance,
  runStoreConformance,
  type StoreUnderTest,
} from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type FreshTables, freshTables, missing, stopServer } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`MySQL (${missing ?? "real server"})`, () => {
  let fresh: FreshTables;
  beforeAll(async () => {
    fresh = freshTables();
    const store = fresh.open();
    await store.listSecrets();
    await store.close();
  });
  afterAll(() => fresh.drop());
  const makeStore = (): StoreUnderTest => {
    const open = () => fresh.open({ maxConnections: 4 });
    return { store: open(), reopen: open, deleteAll: fresh.empty, cleanup: fresh.empty };
  };
  runStoreConformance(
    { name: "mysql2", makeStore, capabilities: { secondInstance: true, namespaces: true, deleteAll: true } },
    { describe, it },
  );
  runRoleStoreConformance(
    {
      name: "mysql2",
      makeStore: rolesIn(makeStore),
    },
    { describe, it },
  );
});
