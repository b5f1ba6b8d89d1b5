import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { type AdapterHarness, runAdapterConformance } from "@acme/session-conformance";
import fastify from "fastify";
import { describe, it } from "vitest";
import { mountFixture } from "./support/fixture-app.js";
import { injectingServer } from "./support/injecting-server.js";

const require = createRequire(import.meta.url);
const lowest = require("fastify5-lowest") as typeof fastify;

function overSockets(
  id: string,
  make: typeof fastify,
  ownHandler: "calls ours" | "throws on",
): AdapterHarness {
  return {
    id,
    async start(options) {
      const { app, fixture, close } = await mountFixture(make, options, ownHandler);
      await app.listen({ port: 0, host: "127.0.0.1" });
      const { port } = app.server.address() as AddressInfo;
      return { origin: `http://127.0.0.1:${port}`, probe: fixture.probe, close };
    },
  };
}

/** FA-13: what `app.inject` answers is what a socket gets. */
const injected: AdapterHarness = {
  id: "fastify5-inject",
  without: { stream: "inject collects the body", abort: "there is no socket to close" },
  exceptions: { "C-81": "inject sends a body as a whole" },
  async start(options) {
    const { app, fixture, close } = await mountFixture(fastify, options, "throws on");
    await app.ready();
    const server = await injectingServer(app);
    return {
      origin: server.origin,
      probe: fixture.probe,
      async close() {
        await server.close();
        await close();
      },
    };
  },
};

runAdapterConformance(overSockets("fastify5", fastify, "throws on"), { describe, it });
runAdapterConformance(overSockets("fastify5-lowest", lowest, "calls ours"), { describe, it });
runAdapterConformance(injected, { describe, it });
