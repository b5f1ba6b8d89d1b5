import type { AddressInfo } from "node:net";
import { type AdapterHarness, runAdapterConformance } from "@acme/session-conformance";
import { serve } from "@hono/node-server";
import { describe, it } from "vitest";
import { fixtureHandler } from "./support/fixture-handler.js";

const onNode: AdapterHarness = {
  id: "fetch",
  async start(options) {
    const { fixture, fetch, close } = fixtureHandler(options);
    const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
      const started = serve({ fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(started));
    });
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      probe: fixture.probe,
      async close() {
        if ("closeAllConnections" in server) server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await close();
      },
    };
  },
};

runAdapterConformance(onNode, { describe, it });
