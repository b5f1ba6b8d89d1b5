import {
  rolesIn,
  runRoleStoreConformance,
  runStoreConformance,
  type StoreUnderTest,
} from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type FreshSchema, freshSchema, missing, stopServer, ways } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  const prepared = { preparedStatements: true };
  for (const way of [
    ...ways.slice(0, 2),
    ...ways.slice(0, 2).map(({ name, connect }) => ({
      name: `${name}, prepared statements`,
      connect: (max: number) => ({ options: { ...connect(max).options, ...prepared } }),
    })),
  ]) {
    let fresh: FreshSchema;
    beforeAll(async () => {
      fresh = await freshSchema();
      const store = fresh.open();
      await store.listSecrets();
      await store.close();
    });
    afterAll(() => fresh.drop());
    const makeStore = (): StoreUnderTest => {
      const { options } = way.connect(4);
      const open = () => fresh.open(options);
      return { store: open(), reopen: open, deleteAll: fresh.empty, cleanup: fresh.empty };
    };
    runStoreConformance(
      {
        name: `postgres through ${way.name}`,
        makeStore,
        capabilities: { secondInstance: true, namespaces: true, deleteAll: true },
      },
      { describe, it },
    );
    runRoleStoreConformance(
      {
        name: `postgres through ${way.name}`,
        makeStore: rolesIn(makeStore),
      },
      { describe, it },
    );
  }
});
