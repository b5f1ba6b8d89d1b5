import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, it } from "vitest";
import { baseOf, outcomeCases } from "./support/outcome-cases.js";
import { outcomes } from "./support/outcomes.js";

describe("every way in which a handler ends, on Node", () => {
  let server: ReturnType<typeof serve>;
  let base: string;
  beforeAll(async () => {
    server = await new Promise((resolve) => {
      const started = serve({ fetch: outcomes, port: 0, hostname: "127.0.0.1" }, () => resolve(started));
    });
    base = baseOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  for (const { name, run } of outcomeCases) it(name, () => run(base));
});
