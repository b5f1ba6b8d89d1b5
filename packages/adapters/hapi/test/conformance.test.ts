import { type AdapterHarness, runAdapterConformance } from "@acme/session-conformance";
import * as Hapi from "@hapi/hapi";
import { describe, it } from "vitest";
import { mountFixture } from "./support/fixture-app.js";
import { hapiVersions } from "./support/hapi-versions.js";
import { injectingServer } from "./support/injecting-server.js";

const exceptions = { "C-48": "hapi itself makes a Boom of what is thrown, the same object" };

function overSockets(id: string, make: typeof Hapi.server, guardedBy: "strategy" | "pre"): AdapterHarness {
  return {
    id,
    exceptions,
    async start(options) {
      const { server, fixture, close } = await mountFixture(make, options, guardedBy);
      await server.start();
      return { origin: `http://127.0.0.1:${server.info.port}`, probe: fixture.probe, close };
    },
  };
}

/** What `server.inject` answers is what a socket gets. */
const injected: AdapterHarness = {
  id: "hapi21-inject",
  without: { stream: "inject collects the body", abort: "there is no socket to close" },
  exceptions: { ...exceptions, "C-81": "inject sends a body as a whole" },
  async start(options) {
    const { server, fixture, close } = await mountFixture(Hapi.server, options, "pre");
    await server.initialize();
    const front = await injectingServer(server);
    return {
      origin: front.origin,
      probe: fixture.probe,
      async close() {
        await front.close();
        await close();
      },
    };
  },
};

for (const [name, make] of hapiVersions) {
  runAdapterConformance(overSockets(name, make, name === "hapi21-lowest" ? "pre" : "strategy"), {
    describe,
    it,
  });
}
runAdapterConformance(injected, { describe, it });
