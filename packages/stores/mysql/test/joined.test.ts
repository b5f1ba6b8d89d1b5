import { runJoinedConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type FreshTables, missing, stopServer } from "./fixture.js";
import { joinedServer, tablesToJoin } from "./joined-fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`MySQL (${missing ?? "real server"})`, () => {
  let tables: FreshTables;
  beforeAll(async () => {
    tables = await tablesToJoin();
  });
  afterAll(() => tables.drop());
  runJoinedConformance({ name: "mysql2", joined: () => joinedServer(tables) }, { describe, it });
});
