import { runAdapterConformance, WireClient } from "@acme/session-conformance";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeAppRouter } from "./support/app-router-suite.js";
import { Control } from "./support/control.js";
import { apiRoutes, routeHandlers } from "./support/harnesses.js";
import { appIn, NextServer } from "./support/next-server.js";
import { found, HOUR_MS, names, type Visit, visit } from "./support/visit.js";

let server: NextServer;

beforeAll(async () => {
  server = await NextServer.start(appIn("fixture"));
}, 300_000);
afterAll(() => server?.close());

const origin = (): string => server.origin;
runAdapterConformance(routeHandlers("next-route-handlers", origin), { describe, it });
runAdapterConformance(apiRoutes("next-pages", origin), { describe, it });
describeAppRouter(origin);

describe("NX-12: copies of the package in one process", () => {
  it.each([
    ["API routes know the app router's errors", "/control", "/api/seed/other-copy"],
    ["route handlers know the pages router's errors", "/api/control", "/other-copy"],
  ])("%s, whose class is another one", async (_name, startedBy, path) => {
    const control = new Control(`${server.origin}${startedBy}`);
    await control.start({});
    const response = await new WireClient(server.origin).get(path);
    expect([response.status, response.body]).toEqual([401, '{"message":"unauthorised"}']);
    expect(response.header("x-own-class")).toBe("false");
    expect((await control.snapshot()).unhandled).toEqual([]);
  });
});

describe("proxy", () => {
  let control: Visit["control"];
  let user: Visit["user"];
  let signIn: Visit["signIn"];
  beforeEach(async () => {
    ({ control, user, signIn } = await visit(origin()));
  });

  it("sends visitors without a session to the login, and lets the others through", async () => {
    const anonymous = await user.get("/protected?a=b");
    expect(anonymous.status).toBe(307);
    expect(anonymous.header("location")).toMatch(/\/login\?to=%2Fprotected%3Fa%3Db$/);
    await signIn();
    expect((await user.get("/protected")).body).toContain("static");
  });

  it("an expired token is no reason to sign in again: the page decides, or a page that refreshes", async () => {
    await signIn();
    await control.advanceMs(HOUR_MS + 1000);
    expect((await user.get("/protected")).status).toBe(200);
    expect((await user.get("/protected?strict")).header("location")).toContain("/refresh?to=%2Fprotected");
  });

  it("NX-11, T11: 20 requests at once with an expired token: nothing is refreshed, and nobody is a thief", async () => {
    await signIn();
    const before = ((await user.get("/whoami")).json as { handle: string }).handle;
    await control.advanceMs(HOUR_MS + 1000);
    const kinds = [{}, { rsc: "1" }, { rsc: "1", "next-router-prefetch": "1" }, { purpose: "prefetch" }];
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => user.get("/parallel", kinds[index % kinds.length])),
    );
    expect(responses.flatMap(names)).toEqual([]);
    for (const response of responses.filter((_, index) => index % kinds.length === 0)) {
      expect([response.status, found(response)]).toEqual([200, { status: "expired" }]);
    }
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => user.copy().refresh()));
    expect(new Set(refreshed.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(refreshed.map((response) => response.cookies("sRefreshToken")[0]?.value)).size).toBe(1);
    await user.refresh();
    expect(found(await user.get("/parallel"))).toEqual({ status: "authenticated", userId: "alice" });
    expect((await user.get("/whoami")).json).toMatchObject({ handle: before });
  });

  it("NX-05, T5: hands on the request as it came: the token of a refresh is what the component sees", async () => {
    await signIn();
    await control.advanceMs(HOUR_MS + 1000);
    const stale = await user.get("/parallel");
    expect([found(stale), names(stale)]).toEqual([{ status: "expired" }, []]);
    await user.refresh();
    await control.reset();
    const fresh = await user.get("/parallel");
    expect([found(fresh), names(fresh)]).toEqual([{ status: "authenticated", userId: "alice" }, []]);
    const { storeReads, storeWrites } = await control.snapshot();
    expect([storeReads, storeWrites]).toEqual([0, 0]);
  });

  it("NX-06, T6: a prerendered page never carries a cookie of ours, also where a route handler would set one", async () => {
    await signIn();
    await user.refresh();
    await control.reset();
    const response = await user.get("/static");
    expect([response.status, names(response)]).toEqual([200, []]);
    expect((await control.snapshot()).storeWrites).toBe(0);
    expect(names(await user.get("/whoami"))).toEqual(["sAccessToken"]);
  });
});

describe("NX-08, T8: the seed page's code in API routes", () => {
  /** A browser that has come to API routes whose endpoints stand below `/api/seed/auth`. */
  const browser = () => new WireClient(`${server.origin}/api/seed`);

  it("getSession: the answer, or ours, and the route does not go on", async () => {
    const client = browser();
    const anonymous = await client.post("/get-session", {});
    expect([anonymous.status, anonymous.body]).toEqual([401, '{"message":"unauthorised"}']);
    await client.post("/login/bob", {});
    expect((await client.post("/get-session", {})).json).toEqual({ userId: "bob" });
    expect((await client.refresh()).status).toBe(200);
    expect((await client.post("/get-session", {})).json).toEqual({ userId: "bob" });
  });

  it("sessionRequired: false", async () => {
    const client = browser();
    expect((await client.post("/optional-session", {})).json).toEqual({ userId: null });
    await client.post("/login/bob", {});
    expect((await client.post("/optional-session", {})).json).toEqual({ userId: "bob" });
  });

  it("a claim validator", async () => {
    const client = browser();
    await client.post("/login/bob", {});
    const denied = await client.post("/claims", {});
    expect([denied.status, denied.json]).toMatchObject([403, { claimValidationErrors: [{ id: "st-role" }] }]);
    await client.post("/login/admin", {});
    expect((await client.post("/claims", {})).json).toEqual({ userId: "admin" });
  });

  it("the wrapper settles whether the guard inside lets the request through or not", async () => {
    const client = browser();
    const refused = await client.post("/wrapped", {});
    expect([refused.status, refused.body]).toEqual([401, '{"message":"unauthorised"}']);
    await client.post("/login/bob", {});
    expect((await client.post("/wrapped", {})).json).toEqual({ userId: "bob" });
    expect((await client.get("/wrapped")).json).toEqual(["rejected, ended: true", "resolved, ended: false"]);
  });

  it("NX-09, T9: an empty body of type JSON, with Next's parser and without", async () => {
    const client = browser();
    await client.post("/login/bob", {});
    const headers = { "content-type": "application/json" };
    expect((await client.send("POST", "/get-session", headers, "")).json).toEqual({ userId: "bob" });
    expect((await client.refresh(headers, "")).status).toBe(200);
  });

  it("many refusals harm nobody: the process lives, and serves on", async () => {
    const client = browser();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await client.post("/get-session", {})).status),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(server.process.exitCode).toBe(null);
  });
});
