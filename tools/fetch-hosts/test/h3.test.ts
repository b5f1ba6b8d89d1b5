import { type AdapterHarness, runAdapterConformance } from "@acme/session-conformance";
import { serve } from "h3";
import { describe, it } from "vitest";
import { Fixture } from "../src/fixture.ts";
import { h3App } from "../src/h3.ts";

const h3: AdapterHarness = {
  id: "fetch-h3",
  async start(options) {
    const fixture = new Fixture(options);
    const server = serve(h3App(fixture), {
      port: 0,
      hostname: "127.0.0.1",
      silent: true,
      gracefulShutdown: false,
    });
    await server.ready();
    return {
      origin: new URL(server.url ?? "").origin,
      probe: fixture.app.probe,
      async close() {
        await server.close(true);
        await fixture.close();
      },
    };
  },
};

runAdapterConformance(h3, { describe, it });
