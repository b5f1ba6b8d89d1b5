import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp } from "./support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

describe("the journey of a session", () => {
  it("signs in, refreshes, promotes, signs out [wire P-1, P-2, C-9, G-11, G-14, R-7, V-1]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const client = app.client();
    expect((await client.send("GET", "/me")).status).toBe(401);
    const login = await client.send("POST", "/login");
    expect(login.status).toBe(200);
    expect(login.setCookies.map(({ name }) => name)).toEqual(["sAccessToken", "sRefreshToken"]);
    app.store.reset();
    expect((await client.send("POST", "/me")).status).toBe(200);
    expect(app.store.calls).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    app.store.reset();
    const first = await client.send("GET", "/me");
    expect(first.cookie("sAccessToken")).toBeDefined();
    expect(first.cookie("sRefreshToken")).toBeUndefined();
    expect(app.store.sessionCalls).toEqual(["promoteSession"]);
    expect((await client.send("GET", "/me")).setCookies).toEqual([]);
    const out = await client.send("POST", "/auth/signout");
    expect(out.json).toEqual({ status: "OK" });
    expect(out.header("front-token")).toBe("remove");
    expect((await client.refresh()).status).toBe(401);
  });
});
