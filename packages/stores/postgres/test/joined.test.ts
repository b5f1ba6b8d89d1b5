import { runJoinedConformance } from "@acme/session-conformance";
import { afterAll, describe, it } from "vitest";
import { missing, stopServer } from "./fixture.js";
import { joinedServers } from "./joined-fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  for (const [driver, server] of Object.entries(joinedServers)) {
    runJoinedConformance({ name: driver, joined: () => server }, { describe, it });
  }
});
