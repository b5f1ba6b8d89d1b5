import { exchange, WireClient, type WireResponse } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appIn, NextServer } from "./support/next-server.js";

let server: NextServer;

beforeAll(async () => {
  server = await NextServer.start(appIn("fixture-cached"));
}, 300_000);
afterAll(() => server?.close());

const client = (): WireClient => new WireClient(`${server.origin}/base`);

/** What Next says of a response that it made at build time. */
const cacheMarks = (response: WireResponse): unknown[] => [
  response.header("x-nextjs-cache"),
  response.header("x-nextjs-prerender"),
];

describe("with cacheComponents, basePath, trailingSlash and a middleware on the edge", () => {
  it("NX-07: endpoints and route handlers are never made at build time, and belong to who asks", async () => {
    const user = client();
    expect((await user.send("POST", "/login/")).cookies("sAccessToken")).toHaveLength(1);
    const mine = await user.get("/me/");
    expect([mine.json, cacheMarks(mine)]).toEqual([{ id: "alice" }, [undefined, undefined]]);
    const theirs = await client().get("/me/");
    expect([theirs.json, cacheMarks(theirs)]).toEqual([{ id: null }, [undefined, undefined]]);
    const keys = await client().get("/auth/jwt/jwks.json");
    expect([keys.status, cacheMarks(keys)]).toEqual([200, [undefined, undefined]]);
    expect(server.buildOutput).toMatch(/ƒ \/me/);
  });

  it("NX-07: getServerSession works inside Suspense", async () => {
    const user = client();
    expect((await user.get("/home/")).body).toContain("<output>none</output>");
    await user.send("POST", "/login/");
    expect((await user.get("/home/")).body).toContain("<output>alice</output>");
  });

  it("NX-10: endpoints below basePath, with the slash that Next redirects to", async () => {
    const user = client();
    const login = await user.send("POST", "/login/");
    expect(login.cookies("sRefreshToken")[0]?.path).toBe("/base/auth/session/refresh");
    const redirected = await user.refresh();
    expect([redirected.status, redirected.header("location")]).toEqual([308, "/base/auth/session/refresh/"]);
    const refreshed = await user.send("POST", "/auth/session/refresh/");
    expect([refreshed.status, refreshed.cookies("sAccessToken").length]).toEqual([200, 1]);
    expect((await client().get("/api/auth/jwt/jwks.json")).status).toBe(200);
    const outside = await exchange({ method: "POST", url: `${server.origin}/auth/session/refresh/` });
    expect(outside.status).toBe(404);
  });

  it("NX-13: the edge runtime runs the proxy", async () => {
    const anonymous = await client().get("/account/");
    expect(anonymous.status).toBe(307);
    expect(anonymous.header("location")).toMatch(/\/base\/login\/\?to=/);
  });
});
