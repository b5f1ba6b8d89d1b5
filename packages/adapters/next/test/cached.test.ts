import { readFileSync } from "node:fs";
import { join } from "node:path";
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
  it("NX-07, T7: endpoints and route handlers are never made at build time, and belong to who asks", async () => {
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
    // The clock is read behind what is asked of the request: Next would say so with every page.
    expect(server.output()).not.toMatch(/Date\.now|error/i);
  });

  it("NX-10, T10: endpoints below basePath, with the slash that Next redirects to", async () => {
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

  it("NX-13, T13: the edge runtime runs the proxy, and its bundle imports no more of Node than that has", async () => {
    const built = join(appIn("fixture-cached").directory, ".next");
    const manifest = JSON.parse(readFileSync(join(built, "server/middleware-manifest.json"), "utf8"));
    const files: string[] = manifest.middleware["/"].files;
    const imported = files.flatMap(
      (file) => readFileSync(join(built, file), "utf8").match(/\bnode:\w+/g) ?? [],
    );
    expect(files.length).toBeGreaterThan(0);
    // Next's own; the edge runtime has them.
    expect(["node:async_hooks", "node:buffer"]).toEqual(expect.arrayContaining(imported));
    const anonymous = await client().get("/account/");
    expect(anonymous.status).toBe(307);
    expect(anonymous.header("location")).toMatch(/\/base\/login\/\?to=/);
  });

  it("with the matcher of Next's documentation one signs in, refreshes, and signs out behind the proxy", async () => {
    expect((await client().get("/login/")).status).toBe(405); // reached: it only knows POST
    const user = client();
    expect((await user.send("POST", "/login/")).status).toBe(200);
    expect((await user.get("/account/")).body).toContain("static");
    expect((await user.send("POST", "/auth/session/refresh/")).status).toBe(200);
    expect((await user.send("POST", "/auth/signout/")).status).toBe(200);
    expect((await user.get("/account/")).status).toBe(307);
    expect((await user.send("POST", "/account/")).status).toBe(401);
  });
});
