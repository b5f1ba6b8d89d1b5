import { createRequire } from "node:module";
import { join } from "node:path";
import { type AdapterHarness, runAdapterConformance } from "@acme/session-conformance";
import { node } from "@elysiajs/node";
import { afterAll, beforeAll, describe, it } from "vitest";
import { elysiaApp, type ListeningElysia, type NodeServer } from "../src/elysia.ts";
import { Fixture } from "../src/fixture.ts";
import { type HostProcess, startProcess } from "../src/start-process.ts";

// Every application adds a listener to the process when it starts, and none is taken away when it ends.
process.setMaxListeners(0);

const onNode: AdapterHarness = {
  id: "fetch-elysia-node",
  async start(options) {
    const fixture = new Fixture(options);
    const app = elysiaApp(fixture, { adapter: node() });
    const server = await new Promise<NodeServer>((resolve) => {
      app.listen({ port: 0, hostname: "127.0.0.1" }, (started) =>
        resolve((started as unknown as ListeningElysia).raw),
      );
    });
    await server.ready();
    return {
      origin: new URL(server.url).origin,
      probe: fixture.app.probe,
      async close() {
        await server.close(true);
        await fixture.close();
      },
    };
  },
};

runAdapterConformance(onNode, { describe, it });

const BUN_PLATFORMS: Partial<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-aarch64",
  "darwin-x64": "darwin-x64",
  "darwin-arm64": "darwin-aarch64",
};
const bun = bunBinary();
if (bun === undefined) console.log("Elysia on Bun is left out: Bun is not installed on this platform.");

describe.skipIf(bun === undefined)("on Bun", () => {
  let host: HostProcess;
  beforeAll(async () => {
    host = await startProcess(bun ?? "", [join(import.meta.dirname, "../src/elysia-on-bun.ts")]);
  });
  afterAll(() => host?.stop());

  runAdapterConformance(
    { id: "fetch-elysia-bun", start: (options) => host.start(options) },
    { describe, it },
  );
});

/** As the package `@acme/runtimes` brings it. */
function bunBinary(): string | undefined {
  const platform = BUN_PLATFORMS[`${process.platform}-${process.arch}`];
  if (platform === undefined) return undefined;
  try {
    const require = createRequire(import.meta.url);
    const runtimes = createRequire(require.resolve("@acme/runtimes/package.json"));
    const packageOfBun = createRequire(runtimes.resolve("bun/package.json"));
    return packageOfBun.resolve(`@oven/bun-${platform}/bin/bun`);
  } catch {
    return undefined;
  }
}
