import { describe, expect, it } from "vitest";
import { frameworks } from "../src/frameworks/index.ts";
import { browserSuite } from "./support/browser-suite.ts";

const HOUR_SECONDS = 3600;
const PAYLOAD_KEYS = [
  "antiCsrfToken",
  "exp",
  "iat",
  "iss",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "rsub",
  "sessionHandle",
  "sub",
  "tId",
];

describe.each(frameworks)("on $name", (framework) => {
  browserSuite("a session", { framework }, (suite) => {
    describe.each(["the API's origin", "another origin"])("with the page on %s", (where) => {
      const open = () =>
        suite.tab({ origin: where === "another origin" ? suite.site.otherOrigin : suite.site.api });

      it("signs in: the page knows the user and the whole payload [wire B-4, B-5, F-1…F-5, X-3]", async () => {
        const tab = await open();
        expect(await tab.signIn("user-é")).toEqual({ status: 200, text: "user-é" });
        expect(await tab.actions()).toContain("SESSION_CREATED");
        expect(await tab.doesSessionExist()).toBe(true);
        expect(await tab.userId()).toBe("user-é");
        const payload = await tab.payload();
        // The client's own suite counts ten (TA-1).
        expect(Object.keys(payload).sort()).toEqual(PAYLOAD_KEYS);
        expect(payload).toMatchObject({
          antiCsrfToken: null,
          parentRefreshTokenHash1: null,
          iss: `${suite.site.api}/auth`,
        });
        const cookies = await (await suite.context()).cookies();
        const frontToken = cookies.find(({ name }) => name === "sFrontToken")?.value ?? "";
        expect(frontToken).toMatch(/^[A-Za-z0-9+/]+=*$/);
        expect(JSON.parse(Buffer.from(frontToken, "base64").toString("utf8"))).toEqual({
          uid: "user-é",
          ate: Number(payload.exp) * 1000,
          up: payload,
        });
        // `ate` in seconds would have made the client refresh before each of these uses.
        expect(suite.site.counters).toMatchObject({ refreshSucceeded: 0 });
        expect(await tab.scriptCookies()).toEqual(["sFrontToken", "st-last-access-token-update"]);
        expect(Object.keys(await tab.httpOnlyCookies()).sort()).toEqual(["sAccessToken", "sRefreshToken"]);
      });

      it("refreshes by itself after expiry, and repeats the call [wire B-6, B-8, B-9, B-18, P-6]", async () => {
        const tab = await open();
        await tab.signIn();
        const before = await tab.httpOnlyCookies();
        suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
        expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
        expect(suite.site.counters).toMatchObject({
          refreshAttempted: 2,
          refreshSucceeded: 1,
          guardedCalls: 1,
        });
        expect(await tab.actions()).toContain("REFRESH_SESSION");
        const after = await tab.httpOnlyCookies();
        expect(after.sRefreshToken).not.toBe(before.sRefreshToken);
        expect(after.sAccessToken).not.toBe(before.sAccessToken);
      });
    });

    it("refreshes once for two tabs that call at once [wire B-8]", async () => {
      const first = await suite.tab();
      await first.signIn();
      const second = await suite.tab();
      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      const statuses = await Promise.all([first.callMany(10, "/"), second.callMany(10, "/")]);
      expect(statuses.flat()).toEqual(Array(20).fill(200));
      expect(suite.site.counters.refreshSucceeded).toBe(1);
      expect(await second.payload()).toEqual(await first.payload());
    });

    it("gives two tabs that no lock keeps apart the same child [wire R-7, Z-9]", async () => {
      // Locks are per origin; cookies of localhost are not.
      const here = await suite.tab();
      await here.signIn();
      const there = await suite.tab({ origin: suite.site.otherOrigin });
      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      suite.site.reset();
      suite.site.gatherRefreshes(2);
      const statuses = await Promise.all([here.callMany(5, "/"), there.callMany(5, "/")]);
      expect(statuses.flat()).toEqual(Array(10).fill(200));
      expect(suite.site.children).toHaveLength(2);
      expect(new Set(suite.site.children).size).toBe(1);
      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      expect((await here.get("/")).status).toBe(200);
      expect((await there.get("/")).status).toBe(200);
    });

    it("signs out: cookies, page and row forget the session [wire B-5, B-11, P-2, F-7]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      const { sessionHandle } = await tab.payload();
      await tab.signOut();
      expect((await tab.actions()).at(-1)).toBe("SIGN_OUT");
      expect(await tab.doesSessionExist()).toBe(false);
      expect(await tab.httpOnlyCookies()).toEqual({});
      expect(await tab.scriptCookies()).toEqual(["st-last-access-token-update"]);
      expect(await suite.site.session.getSessionInformation(String(sessionHandle))).toBeUndefined();
      expect((await tab.get("/")).status).toBe(401);
    });

    it("comes back when the browser purges script cookies [wire N-9]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      await tab.purgeScriptCookies();
      suite.site.reset();
      // TA-6
      expect(await tab.doesSessionExist()).toBe(true);
      expect(suite.site.counters.refreshSucceeded).toBe(1);
      expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
    });

    it("catches a stolen refresh token, and both sides lose the session [wire Z-13, B-16, R-10]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      const { sRefreshToken: stolen } = await tab.httpOnlyCookies();
      const { sessionHandle } = await tab.payload();
      expect(await tab.refresh()).toBe(true);
      expect((await tab.get("/")).status).toBe(200);
      suite.site.clock.advanceSeconds(31);
      const thief = await fetch(`${suite.site.api}/auth/session/refresh`, {
        method: "POST",
        headers: { cookie: `sRefreshToken=${stolen}`, rid: "session", "st-auth-mode": "cookie" },
      });
      expect(thief.status).toBe(401);
      expect(await thief.json()).toEqual({ message: "token theft detected" });
      expect(await suite.site.session.getSessionInformation(String(sessionHandle))).toBeUndefined();
      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      expect((await tab.get("/")).status).toBe(401);
      const events = (await tab.events()).filter(({ action }) => action === "UNAUTHORISED");
      expect(events[0]).toMatchObject({ sessionExpiredOrRevoked: true });
      expect(await tab.httpOnlyCookies()).toEqual({});
    });

    it("signs in, refreshes and signs out without a cookie of ours [wire T-4, B-3, B-12, I-5]", async () => {
      const tab = await suite.tab({ origin: suite.site.otherOrigin, mode: "header" });
      await tab.signIn();
      expect(await tab.httpOnlyCookies()).toEqual({});
      expect(await tab.scriptCookies()).toContain("st-refresh-token");
      const first = await tab.accessToken();
      const headers = JSON.parse((await tab.get("/echo-headers")).text);
      expect(headers).toMatchObject({ authorization: `Bearer ${first}`, "st-auth-mode": "header" });

      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
      expect(suite.site.counters.refreshSucceeded).toBe(1);
      expect(await tab.accessToken()).not.toBe(first);
      expect(await tab.httpOnlyCookies()).toEqual({});

      await tab.signOut();
      expect(await tab.accessToken()).toBeUndefined();
      expect(await tab.scriptCookies()).toEqual(["st-last-access-token-update"]);
    });

    it("V-44: reports failed claims without a retry, and a 403 of the application's own not at all [wire B-7]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      const { status, text } = await tab.post("/session-claims-error");
      const claimValidationErrors = [{ id: "test-claim-failing", reason: { message: "testReason" } }];
      expect(status).toBe(403);
      expect(JSON.parse(text)).toEqual({ message: "invalid claim", claimValidationErrors });
      const events = await tab.events();
      expect(events.at(-1)).toEqual({ action: "API_INVALID_CLAIM", claimValidationErrors });
      expect(await tab.post("/403-without-body")).toEqual({ status: 403, text: "" });
      expect(await tab.events()).toEqual(events);
      expect(suite.site.counters.refreshSucceeded).toBe(0);
      expect(await tab.doesSessionExist()).toBe(true);
    });

    it("V-44: stores the new tokens that a 403 carries [wire G-18, B-4]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      await tab.refresh();
      expect((await tab.payload()).parentRefreshTokenHash1).not.toBeNull();
      // The first use of a refreshed token promotes it, also when the claims then fail.
      expect((await tab.post("/session-claims-error")).status).toBe(403);
      expect((await tab.payload()).parentRefreshTokenHash1).toBeNull();
      expect((await tab.get("/")).status).toBe(200);
    });
  });

  browserSuite("a session with anti-CSRF tokens", { framework, antiCsrf: "VIA_TOKEN" }, (suite) => {
    it("refuses a form of another page, which has the cookies but not the token [wire G-9, J-24]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      const post = () => tab.call("POST", "/write?superTokensDoNotDoInterception");
      expect(await post()).toEqual({ status: 401, text: '{"message":"try refresh token"}' });
      expect(await tab.post("/write")).toEqual({ status: 200, text: "written" });
    });

    it("changes the token with every refresh [wire B-6, B-8]", async () => {
      const tab = await suite.tab();
      await tab.signIn();
      const { antiCsrfToken } = await tab.payload();
      suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
      expect((await tab.post("/write")).status).toBe(200);
      expect(suite.site.counters.refreshSucceeded).toBe(1);
      const renewed = (await tab.payload()).antiCsrfToken;
      expect(renewed).toEqual(expect.any(String));
      expect(renewed).not.toBe(antiCsrfToken);
      await tab.signOut();
      expect(await tab.scriptCookies()).toEqual(["st-last-access-token-update"]);
    });
  });
});
