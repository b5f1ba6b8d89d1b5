import { MemoryStore } from "@acme/session-express";
import { expect, it } from "vitest";
import { browserSuite } from "./support/browser-suite.ts";

const HOUR_SECONDS = 3600;
const store = new MemoryStore();

browserSuite("a cookie session", { store }, (suite) => {
  it("asks for a refresh on a first visit, and is told that there is no session [wire B-2, P-9]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    // TA-5
    expect(suite.site.counters).toMatchObject({ refreshAttempted: 1, refreshSucceeded: 0 });
    await tab.signOut();
    await tab.get("/echo-headers");
    expect(suite.site.counters.refreshAttempted).toBe(1);
  });

  it("fires one UNAUTHORISED event on a guarded call without a session [wire B-2, B-8]", async () => {
    const tab = await suite.tab();
    expect((await tab.get("/")).status).toBe(401);
    // TA-4
    expect(suite.site.counters).toMatchObject({ refreshAttempted: 1, refreshSucceeded: 0 });
    const events = (await tab.events()).filter(({ action }) => action === "UNAUTHORISED");
    expect(events).toEqual([{ action: "UNAUTHORISED", sessionExpiredOrRevoked: false }]);
  });

  it("refreshes once for 100 calls at once [wire B-8, B-9]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    // TA-7
    expect(await tab.callMany(100, "/")).toEqual(Array(100).fill(200));
    expect(suite.site.counters).toMatchObject({
      refreshAttempted: 2,
      refreshSucceeded: 1,
      guardedCalls: 100,
    });
  });

  it("gets over a refresh whose response was lost, however late it asks again [wire Z-1, Z-2, R-7]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    suite.site.refreshFault = "lose the response";
    await expect(tab.get("/")).rejects.toThrow(/fetch/);
    expect(suite.site.counters.refreshSucceeded).toBeGreaterThan(0);
    suite.site.refreshFault = "none";
    suite.site.clock.advanceSeconds(24 * HOUR_SECONDS);
    expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
    suite.site.clock.advanceSeconds(24 * HOUR_SECONDS);
    expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
  });

  it("keeps the session when a refresh fails with 500, and shows the 500 [wire B-9]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    suite.site.refreshFault = "fail with 500";
    // TA-13
    expect(await tab.get("/")).toEqual({ status: 500, text: "out of order" });
    suite.site.refreshFault = "none";
    expect((await tab.get("/")).status).toBe(200);
  });

  it("marks the token of a refresh, and unmarks it on first use [wire G-14, F-10]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    const { refreshTokenHash1: firstHash } = await tab.payload();
    expect(await tab.refresh()).toBe(true);
    const marked = await tab.payload();
    expect(marked.parentRefreshTokenHash1).toBe(firstHash);
    expect((await tab.get("/")).status).toBe(200);
    const unmarked = await tab.payload();
    expect(unmarked).toMatchObject({
      parentRefreshTokenHash1: null,
      refreshTokenHash1: marked.refreshTokenHash1,
    });
    expect(await tab.actions()).toContain("ACCESS_TOKEN_PAYLOAD_UPDATED");
    const { length } = await tab.actions();
    expect((await tab.get("/")).status).toBe(200);
    expect(await tab.actions()).toHaveLength(length);
  });

  it("gives up after ten refreshes when a 401 has nothing to do with the session [wire B-6, B-17]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.reset();
    await expect(tab.get("/always-401")).rejects.toThrow(/10/);
    expect(suite.site.counters.refreshSucceeded).toBe(10);
    expect((await tab.get("/")).status).toBe(200);
  });

  it("sends what the client always sends, to the API only [wire B-1, B-3]", async () => {
    const tab = await suite.tab({ origin: suite.site.otherOrigin });
    await tab.signIn();
    const headers = JSON.parse((await tab.get("/echo-headers")).text);
    expect(headers).toMatchObject({ rid: "anti-csrf", "st-auth-mode": "cookie" });
    expect(headers).not.toHaveProperty("authorization");
    expect(headers.cookie).toContain("sAccessToken=");
    const untouched = JSON.parse((await tab.get("/echo-headers?superTokensDoNotDoInterception")).text);
    expect(untouched).not.toHaveProperty("rid");
    expect(untouched).not.toHaveProperty("cookie");
  });

  it("knows without the network that a session exists, until the token expires [wire B-10]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.reset();
    expect(await tab.doesSessionExist()).toBe(true);
    expect(suite.site.counters.refreshAttempted).toBe(0);
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    await tab.moveClock((HOUR_SECONDS + 1) * 1000);
    expect(await tab.doesSessionExist()).toBe(true);
    expect(suite.site.counters.refreshSucceeded).toBe(1);
  });

  it("lets a client whose clock is ten minutes off refresh no more often than any other [wire F-3, F-6]", async () => {
    const tab = await suite.tab();
    await tab.moveClock(-10 * 60_000);
    await tab.signIn();
    suite.site.reset();
    for (let use = 0; use < 3; use++) await tab.payload();
    expect(suite.site.counters.refreshAttempted).toBe(0);
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect((await tab.get("/")).status).toBe(200);
    for (let use = 0; use < 3; use++) await tab.payload();
    expect(suite.site.counters.refreshSucceeded).toBe(1);
  });

  it("works through XMLHttpRequest as through fetch [wire B-13]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect(await tab.callXhr("GET", "/")).toEqual({ status: 200, text: "user-1" });
    expect(suite.site.counters.refreshSucceeded).toBe(1);
  });

  it("signs out with an expired access token, by way of a refresh [wire B-11]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    await tab.signOut();
    expect(suite.site.counters.refreshSucceeded).toBe(1);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });

  it("signs out through a route of the application [wire B-5]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    expect(await tab.post("/logout")).toEqual({ status: 200, text: "success" });
    expect((await tab.actions()).at(-1)).toBe("SIGN_OUT");
    expect(await tab.httpOnlyCookies()).toEqual({});
  });

  it("is signed out by the refresh after its session was revoked elsewhere [wire B-16, V-7]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    const { sessionHandle } = await tab.payload();
    // What another process does, of which this one hears nothing.
    await store.deleteSessions([String(sessionHandle)], Date.now());
    expect((await tab.get("/")).status).toBe(200);
    expect((await tab.get("/checked")).status).toBe(401);
    const events = (await tab.events()).filter(({ action }) => action === "UNAUTHORISED");
    expect(events[0]).toMatchObject({ sessionExpiredOrRevoked: true });
    expect(await tab.doesSessionExist()).toBe(false);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });

  it("is signed out by its next call after its session was revoked on the server that it calls", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    const { sessionHandle } = await tab.payload();
    await suite.site.session.revokeSession(String(sessionHandle));
    expect((await tab.get("/")).status).toBe(401);
    const events = (await tab.events()).filter(({ action }) => action === "UNAUTHORISED");
    expect(events).toMatchObject([{ sessionExpiredOrRevoked: true }]);
    expect(await tab.doesSessionExist()).toBe(false);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });

  it("ends when the HttpOnly cookies alone are deleted, with one event [wire B-14, B-16]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    const context = await suite.context();
    await context.clearCookies({ name: /^s(Access|Refresh)Token$/ });
    expect((await tab.get("/")).status).toBe(401);
    const events = (await tab.events()).filter(({ action }) => action === "UNAUTHORISED");
    // TA-3
    expect(events).toEqual([{ action: "UNAUTHORISED", sessionExpiredOrRevoked: true }]);
  });

  it("catches the browser itself when the thief was first [wire Z-12]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    const { sRefreshToken: stolen } = await tab.httpOnlyCookies();
    const refresh = (token: string | undefined) =>
      fetch(`${suite.site.api}/auth/session/refresh`, {
        method: "POST",
        headers: { cookie: `sRefreshToken=${token}`, rid: "session", "st-auth-mode": "cookie" },
      });
    const thief = await refresh(stolen);
    const accessToken = /sAccessToken=([^;]+)/.exec(thief.headers.get("set-cookie") ?? "")?.[1];
    const used = await fetch(suite.site.api, { headers: { cookie: `sAccessToken=${accessToken}` } });
    expect([thief.status, used.status]).toEqual([200, 200]);
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect((await tab.get("/")).status).toBe(401);
    expect(await tab.doesSessionExist()).toBe(false);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });
});
