import { runAdapterConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeAppRouter } from "./support/app-router-suite.js";
import { apiRoutes, routeHandlers } from "./support/harnesses.js";
import { NextServer } from "./support/next-server.js";
import { makeNext15App } from "./support/next15-app.js";

let server: NextServer;

beforeAll(async () => {
  server = await NextServer.start(makeNext15App());
}, 300_000);
afterAll(() => server?.close());

it("this is Next 15, built and started", () => {
  expect(server.buildOutput).toContain("Next.js 15.1.0");
  expect(server.output()).toContain("Next.js 15.1.0");
});

const origin = (): string => server.origin;
const exceptions = { "C-64": "Next 15.1 sends its own Vary in place of a route handler's" };
const inRouteHandlers = { ...routeHandlers("next15-lowest-route-handlers", origin), exceptions };
runAdapterConformance(inRouteHandlers, { describe, it });
runAdapterConformance(apiRoutes("next15-lowest-pages", origin), { describe, it });
describeAppRouter(origin, "Next 15.1 runs them outside of the request; 15.2 does not");
