import { afterEach, describe, expect, it } from "vitest";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send, type WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";
const SIGN_OUT = "/auth/signout";
const API = "https://api.example.com";
const WEBSITE = "https://example.com";

async function signedIn(options: Parameters<typeof startApp>[0] = {}): Promise<WireClient> {
  app = await startApp(options);
  const client = app.client();
  await client.send("POST", "/login");
  return client;
}

/** As a browser sends what a page of that origin asks for: no script of ours, so neither `rid` nor `anti-csrf`. */
const fromPage = (origin: string | undefined, site?: string) => ({
  rid: undefined,
  "anti-csrf": undefined,
  origin,
  "sec-fetch-site": site,
});

describe("refresh and sign-out [wire I-10] [sec X-02]", () => {
  const CASES: [string | undefined, string | undefined, boolean][] = [
    [undefined, undefined, true],
    [undefined, "same-origin", true],
    [undefined, "same-site", true],
    [undefined, "none", true],
    [undefined, "cross-site", false],
    [WEBSITE, undefined, true],
    [WEBSITE, "cross-site", true],
    ["https://EXAMPLE.com:443", undefined, true],
    [API, "same-origin", true],
    ["https://evil.test", "cross-site", false],
    ["https://evil.test", "same-origin", false],
    ["http://example.com", undefined, false],
    ["https://example.com:8443", undefined, false],
    ["https://sub.example.com", "same-site", false],
    ["https://example.com.evil.test", undefined, false],
    ["null", undefined, false],
    ["", undefined, false],
    ["garbage", undefined, false],
  ];
  it.each(CASES)(
    "Origin %j, Sec-Fetch-Site %j: allowed %s; a refusal is a 403 that clears nothing",
    async (origin, site, allowed) => {
      const client = await signedIn();
      const headers = { origin, "sec-fetch-site": site };
      for (const path of [REFRESH, SIGN_OUT]) {
        const response = await client.copy().send("POST", path, headers);
        if (allowed) expect(response.status).toBe(200);
        else {
          expect([response.status, response.json, tokenEffect(response)]).toEqual([
            403,
            { message: "origin not allowed" },
            "untouched",
          ]);
          expect(app.events).toContainEqual(expect.objectContaining({ type: "csrf_rejected", path }));
        }
      }
      if (!allowed) expect((await client.refresh()).status).toBe(200);
    },
  );

  it("also without any session, so that a page cannot find out whether there is one", async () => {
    app = await startApp();
    for (const path of [REFRESH, SIGN_OUT]) {
      expect((await send(app.origin, "POST", path, { origin: "https://evil.test" })).status).toBe(403);
    }
  });

  it("take the origin of this request where the application says it per request", async () => {
    const client = await signedIn({
      appInfo: {
        ...APP_INFO,
        origin: ({ request }) =>
          request?.getHeaderValue("x-tenant") === "b" ? "https://b.example.com" : WEBSITE,
      },
    });
    const refresh = (origin: string, tenant: string) => client.copy().refresh({ origin, "x-tenant": tenant });
    expect((await refresh("https://b.example.com", "b")).status).toBe(200);
    expect((await refresh("https://b.example.com", "a")).status).toBe(403);
  });

  it("in development without appInfo every page of this machine is ours, and no other", async () => {
    const client = await signedIn({ appInfo: undefined });
    for (const origin of [
      "http://localhost:5173",
      "http://127.0.0.1:3000",
      "https://app.localhost",
      "http://[::1]:80",
    ]) {
      expect((await client.copy().refresh({ origin })).status).toBe(200);
    }
    for (const origin of ["https://evil.test", "http://localhost.evil.test", "localhost:3000", "null"]) {
      expect((await client.copy().refresh({ origin })).status).toBe(403);
    }
  });
});

describe("a request that may change something needs two signs that it is ours [sec X-01]", () => {
  it("SameSite=Lax and an origin of ours, or the rid header; a page of another origin is refused with 403", async () => {
    const client = await signedIn();
    const post = (headers: object) => client.copy().send("POST", "/me", { ...headers });
    for (const [origin, site] of [
      [WEBSITE, "same-site"],
      [API, "same-origin"],
      [undefined, undefined],
      [undefined, "same-origin"],
      ["null", "same-origin"],
    ]) {
      expect(outcome(await post(fromPage(origin, site))), `${origin} ${site}`).toBe("session");
    }
    for (const [origin, site] of [
      ["https://evil.test", "cross-site"],
      ["https://blog.example.com", "same-site"],
      [undefined, "cross-site"],
      ["null", "cross-site"],
      ["null", undefined],
    ]) {
      const response = await post(fromPage(origin, site));
      expect([response.status, tokenEffect(response)], `${origin} ${site}`).toEqual([403, "untouched"]);
      expect(response.json).toEqual({ message: "origin not allowed" });
      expect(outcome(await post({ ...fromPage(origin, site), rid: "anti-csrf" }))).toBe("session");
    }
    expect(app.events).toContainEqual(expect.objectContaining({ type: "csrf_rejected", path: "/me" }));
  });

  it("is not asked of safe methods, of header sessions, without a session, or where the application decides itself", async () => {
    const evil = fromPage("https://evil.test", "cross-site");
    const client = await signedIn();
    expect(outcome(await client.copy().send("GET", "/me", evil))).toBe("session");
    expect(outcome(await send(app.origin, "POST", "/me", evil))).toBe("401-KEEP");
    expect(
      outcome(await send(app.origin, "POST", "/optional", { ...evil, cookie: "sAccessToken=foreign" })),
    ).toBe("none");
    const bearer = app.client("header");
    await bearer.send("POST", "/login");
    expect(outcome(await bearer.send("POST", "/me", evil))).toBe("session");
    await app.close();
    const decided = await signedIn({ antiCsrf: "NONE" });
    expect(outcome(await decided.send("POST", "/me", evil))).toBe("session");
    await app.close();
    app = await startApp(
      {},
      {
        "POST /hook": async (req, res, session) =>
          (await session.getSession(req, res, { antiCsrfCheck: false })).getUserId(),
      },
    );
    const unchecked = app.client();
    await unchecked.send("POST", "/login");
    expect((await unchecked.send("POST", "/hook", evil)).status).toBe(200);
  });

  it("across sites (SameSite=None) the rid header is mandatory, whatever the origin says [wire N-1, N-5]", async () => {
    const client = await signedIn({ appInfo: { ...APP_INFO, websiteDomain: "https://other.org" } });
    for (const origin of [undefined, "https://other.org", "https://evil.test"]) {
      for (const path of ["/me", "/optional"]) {
        expect(outcome(await client.copy().send("POST", path, fromPage(origin)))).toBe("401-TRY");
      }
    }
    expect(outcome(await client.copy().send("POST", "/me", { origin: "https://other.org" }))).toBe("session");
    const refresh = await client.copy().refresh(fromPage("https://other.org"));
    expect([refresh.status, tokenEffect(refresh)]).toEqual([401, CLEARED_ALL]);
    expect((await client.refresh({ origin: "https://other.org" })).status).toBe(200);
  });
});

describe("anti-csrf tokens", () => {
  it("[sec X-03] [wire R-5a, N-9] a same-site refresh without its token (script cookies are capped at 7 days) is a 401 that clears", async () => {
    const client = await signedIn({ antiCsrf: "VIA_TOKEN" });
    for (const token of [undefined, "", "wrong"]) {
      const response = await client.copy().refresh({ "anti-csrf": token, origin: WEBSITE });
      expect([response.status, tokenEffect(response)]).toEqual([401, CLEARED_ALL]);
    }
    expect((await client.refresh({ origin: WEBSITE })).status).toBe(200);
  });

  it("[sec X-05, D-01] [wire I-4] of any other length or content are a plain mismatch, never an exception", async () => {
    const client = await signedIn({ antiCsrf: "VIA_TOKEN" });
    const token = client.antiCsrf as string;
    for (const wrong of [
      "",
      token.slice(1),
      `${token}x`,
      `${token.startsWith("x") ? "y" : "x"}${token.slice(1)}`,
      `${token.slice(0, -1)}é`,
      "x".repeat(300),
      `${token},${token}`,
    ]) {
      expect(outcome(await client.copy().send("POST", "/me", { "anti-csrf": wrong })), wrong).toBe("401-TRY");
    }
    expect(outcome(await client.send("POST", "/me"))).toBe("session");
    expect(app.foreignErrors).toEqual([]);
  });
});
