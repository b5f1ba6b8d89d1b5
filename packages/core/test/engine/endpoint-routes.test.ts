import { afterEach, expect, it } from "vitest";
import { emailVerifiedClaim } from "../../src/claims/index.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";

let app: TestApp | undefined;
afterEach(() => app?.close());

it("the table of routes names what requests have in front, without the gateway's path", async () => {
  app = await startApp({ appInfo: { ...APP_INFO, apiGatewayPath: "/gw", apiBasePath: "/users" } });
  expect(app.adapter.endpointRoutes()).toEqual([
    { method: "POST", basePath: "/users", path: "/session/refresh" },
    { method: "POST", basePath: "/users", path: "/signout" },
    { method: "GET", basePath: "/users", path: "/jwt/jwks.json" },
    { method: "GET", basePath: "/users", path: "/.well-known/openid-configuration" },
  ]);
});

it("the table of routes leaves out what an override switched off", async () => {
  app = await startApp({
    override: { apis: (original) => ({ ...original, refreshPOST: undefined, signOutPOST: undefined }) },
  });
  expect(app.adapter.endpointRoutes().map(({ path }) => path)).toEqual([
    "/jwt/jwks.json",
    "/.well-known/openid-configuration",
  ]);
});

it("the table of routes has the endpoints that claims bring", async () => {
  const verified = emailVerifiedClaim({
    endpoints: true,
    isVerified: () => true,
    consumeToken: () => undefined,
  });
  app = await startApp({ plugins: [verified] });
  expect(app.adapter.endpointRoutes().slice(4)).toEqual([
    { method: "GET", basePath: "/auth", path: "/user/email/verify" },
    { method: "POST", basePath: "/auth", path: "/user/email/verify" },
  ]);
});
