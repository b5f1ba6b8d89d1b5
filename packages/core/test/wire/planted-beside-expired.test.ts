import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { Browser, REFRESH } from "../support/browser.js";
import { resign } from "../support/forge-token.js";
import { APP_INFO, type Handler, startApp, type TestApp } from "../support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

async function signIn(userId: string): Promise<{ access: string; rt: string; handle: string }> {
  const client = app.client("header");
  const { json } = await client.send("POST", "/login", {}, JSON.stringify({ userId }));
  const { handle } = json as { handle: string };
  return { access: client.accessToken as string, rt: client.refreshToken as string, handle };
}

const me: Handler = async (req, res, session) => ({
  userId: (await session.getSession(req, res)).getUserId(),
});
const setups: [string, SessionOptions][] = [
  ["by default", {}],
  ["VIA_CUSTOM_HEADER", { antiCsrf: "VIA_CUSTOM_HEADER" }],
  ["VIA_TOKEN", { antiCsrf: "VIA_TOKEN" }],
  ["cookies of the host's domain", { cookieDomain: "api.example.com" }],
  ["while prefixes are introduced", { cookiePrefixes: "accept" }],
];

describe.each(setups)(
  "a live token is planted, and the user's own has expired: %s [sec C-11]",
  (_, options) => {
    it.each([
      ["/me", "GET"],
      ["/me", "POST"],
      ["/optional", "GET"],
      ["/checked", "GET"],
    ])("%s, %s: no request is the stranger's, and the user goes on as himself", async (path, method) => {
      for (const plantedRefresh of [false, true]) {
        app = await startApp({ accessTokenValiditySeconds: 60, ...options });
        const browser = new Browser(() => app);
        await browser.fetch("POST", "/login", '{"userId":"victim"}');
        app.clock.advanceSeconds(60);
        const attacker = await signIn("attacker");
        const plant = (name: string, value: string, at: string): void =>
          browser.jar.set({ name, value, domain: "example.com", path: at });
        plant("sAccessToken", attacker.access, "/");
        if (plantedRefresh) plant("sRefreshToken", attacker.rt, REFRESH);
        expect((await browser.fetch(method, path)).status).toBe(401);
        expect(await browser.ask(path, method)).toMatchObject({ status: 200, userId: "victim" });
        expect(await browser.ask(path, method)).toMatchObject({ refreshes: 0, userId: "victim" });
        expect(app.foreignErrors).toEqual([]);
        await app.close();
      }
      app = await startApp();
    });

    it("signing out ends the user's session and not the stranger's", async () => {
      app = await startApp({ accessTokenValiditySeconds: 60, ...options });
      const browser = new Browser(() => app);
      const own = await browser.fetch("POST", "/login", '{"userId":"victim"}');
      app.clock.advanceSeconds(60);
      const attacker = await signIn("attacker");
      browser.jar.set({ name: "sAccessToken", value: attacker.access, domain: "example.com", path: "/" });
      expect((await browser.ask("/auth/signout", "POST")).status).toBe(200);
      const { handle } = own.json as { handle: string };
      expect(await app.session.getSessionInformation(handle)).toBeUndefined();
      expect(await app.session.getSessionInformation(attacker.handle)).toBeDefined();
      expect(browser.jar.size).toBe(0);
    });
  },
);

describe.each(setups)(
  "the user was away until the key of his token was gone: %s [sec C-11]",
  (_, options) => {
    it.each([
      ["at /", "/", undefined],
      ["at /, and a refresh token", "/", "/"],
      ["a pair for the refresh alone", "/auth/session", "/auth/session"],
    ])("a live token is planted %s: no request is the stranger's", async (_what, accessPath, refreshPath) => {
      for (const days of [1, 8, 30, 90]) {
        app = await startApp(options);
        const browser = new Browser(() => app);
        const own = await browser.fetch("POST", "/login", '{"userId":"victim"}');
        app.clock.advanceSeconds(days * 86_400);
        const attacker = await signIn("attacker");
        const domain = "example.com";
        browser.jar.set({ name: "sAccessToken", value: attacker.access, domain, path: accessPath });
        if (refreshPath !== undefined)
          browser.jar.set({ name: "sRefreshToken", value: attacker.rt, domain, path: refreshPath });
        for (const path of ["/me", "/optional", "/checked"]) {
          const first = await browser.fetch("GET", path);
          expect([days, path, first.status]).toEqual([days, path, 401]);
        }
        expect([days, await browser.ask("/me")]).toMatchObject([days, { status: 200, userId: "victim" }]);
        expect((await browser.ask("/auth/signout", "POST")).status).toBe(200);
        const { handle } = own.json as { handle: string };
        expect(await app.session.getSessionInformation(handle)).toBeUndefined();
        expect(await app.session.getSessionInformation(attacker.handle)).toBeDefined();
        await app.close();
      }
      app = await startApp();
    });
  },
);

it.each(["s%41ccessToken", "%73AccessToken", "s%52efreshToken"])(
  "a cookie whose name is another spelling, %s, is no cookie of ours: nobody is kept out with it [sec C-11]",
  async (name) => {
    app = await startApp();
    const browser = new Browser(() => app);
    await browser.fetch("POST", "/login", '{"userId":"victim"}');
    const attacker = await signIn("attacker");
    const value = name.includes("efresh") ? attacker.rt : attacker.access;
    browser.jar.set({ name, value, domain: "example.com", path: "/" });
    expect(await browser.ask("/me")).toMatchObject({ status: 200, userId: "victim", refreshes: 0 });
    expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
    expect((await browser.fetch("POST", "/auth/signout")).status).toBe(200);
  },
);

it.each(["attacker", "victim"])(
  "a user whose session was revoked does not go on in a planted one of another user (planted: the %s's) [sec C-11]",
  async (planted) => {
    app = await startApp();
    const browser = new Browser(() => app);
    const own = await browser.fetch("POST", "/login", '{"userId":"victim"}');
    const other = await signIn(planted);
    await app.session.revokeSession((own.json as { handle: string }).handle);
    const domain = "example.com";
    browser.jar.set({ name: "sAccessToken", value: other.access, domain, path: REFRESH });
    browser.jar.set({ name: "sRefreshToken", value: other.rt, domain, path: "/auth/session" });
    // More tokens than signatures are checked of.
    for (const at of planted === "attacker" ? ["/auth", "/auth/session"] : []) {
      const value = await resign(app.store, other.access, { payload: { at } });
      browser.jar.set({ name: "sAccessToken", value, domain, path: at });
    }
    const answer = await browser.ask("/checked");
    // What is the user's own, left under a domain that cookies had before, goes on.
    if (planted === "victim") expect(answer).toMatchObject({ status: 200, userId: "victim" });
    else
      expect([answer.status, browser.jar.header(REFRESH)]).toEqual([
        401,
        expect.not.stringContaining("sRefresh"),
      ]);
  },
);

it("a planted refresh token of an unknown secret makes nobody wait for the store", async () => {
  app = await startApp();
  const browser = new Browser(() => app);
  await browser.fetch("POST", "/login", '{"userId":"victim"}');
  const attacker = await signIn("attacker");
  const value = attacker.rt.replace(/^1\.[^.]+/, "1.elsewhere");
  browser.jar.set({ name: "sRefreshToken", value, domain: "example.com", path: "/" });
  for (let n = 0; n < 3; n += 1) {
    app.store.reset();
    expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
    expect(app.store.calls).not.toContain("listSecrets");
  }
});

describe("with `cookiePrefixes`, the access cookie says who the user is when his refresh cookie is gone [sec C-11]", () => {
  async function withoutOwnRefreshCookie(other: string): Promise<Browser> {
    app = await startApp({ cookiePrefixes: true, revokePreviousSession: false });
    const browser = new Browser(() => app);
    await browser.fetch("POST", "/login", '{"userId":"victim"}');
    browser.jar.set({ name: "__Secure-sRefreshToken", value: "", domain: undefined, path: REFRESH });
    const { rt } = await signIn(other);
    browser.jar.set({ name: "__Secure-sRefreshToken", value: rt, domain: "example.com", path: REFRESH });
    return browser;
  }

  it.each([0, 7_200, 90 * 86_400])(
    "a planted one is refused and removed, %i seconds later",
    async (seconds) => {
      const browser = await withoutOwnRefreshCookie("attacker");
      app.clock.advanceSeconds(seconds);
      const response = await browser.fetch("POST", REFRESH);
      expect([response.status, response.header("front-token")]).toEqual([401, "remove"]);
      expect(browser.jar.size).toBe(0);
    },
  );

  it("one of a later session of the same user is taken", async () => {
    const browser = await withoutOwnRefreshCookie("victim");
    expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
    expect(await browser.ask("/me")).toMatchObject({ status: 200, userId: "victim" });
  });
});

describe("wherever it was planted, it goes [sec C-11]", () => {
  const deep = `/${"step/".repeat(14)}page`;
  const long = `/${"x".repeat(300)}/page`;
  it.each([
    ["api.west.eu.example.com", "eu.example.com", "/me", "/"],
    ["api.west.eu.example.com", "api.west.eu.example.com", "/me", "/me"],
    ["api.shop.example.co.uk", "shop.example.co.uk", "/me", "/"],
    ["api.example.com", "example.com", "/me/", "/me/"],
    ["api.example.com", "example.com", "/deep/x/", "/deep/x/"],
    ["api.example.com", "example.com", "/deep[1]|x'y", "/deep[1]|x'y"],
    ["api.example.com", "example.com", deep, "/step/step/step/step/step/step/step/step/step/step/step/step/"],
    ["api.example.com", "api.example.com", deep, deep],
    ["api.example.com", "example.com", long, long.slice(0, -5)],
    ["api.example.com", "example.com", long, long],
  ])("of %s: on %s, %s at %s", async (host, domain, page, path) => {
    app = await startApp(
      { appInfo: { ...APP_INFO, apiDomain: `https://${host}`, websiteDomain: `https://${host}` } },
      { [`GET ${page}`]: me },
    );
    const browser = new Browser(() => app, host);
    await browser.fetch("POST", "/login", '{"userId":"victim"}');
    const own = browser.jar.size;
    const attacker = await signIn("attacker");
    browser.jar.set({ name: "sAccessToken", value: attacker.access, domain, path });
    // Where there are more places than fit into a response, each response names some of them, one run after the other.
    expect(await browser.ask(page)).toMatchObject({ status: 200, userId: "victim" });
    expect(await browser.ask(page)).toEqual({ status: 200, userId: "victim", refreshes: 0 });
    expect(browser.jar.size).toBe(own);
  });

  it("no response grows beyond what proxies take", async () => {
    const host = `a.${"b".repeat(60)}.c.d.e.example.com`;
    const page = `/${`${"y".repeat(90)}/`.repeat(9)}page`;
    app = await startApp(
      { appInfo: { ...APP_INFO, apiDomain: `https://${host}`, websiteDomain: `https://${host}` } },
      { [`GET ${page}`]: me },
    );
    const browser = new Browser(() => app, host);
    const [a, b] = [await signIn("a"), await signIn("b")];
    browser.jar.set({ name: "sAccessToken", value: a.access, domain: "example.com", path: "/" });
    browser.jar.set({ name: "sAccessToken", value: b.access, domain: host, path: "/" });
    for (let asked = 0; asked < 50; asked += 1) {
      const { setCookies } = await browser.fetch("GET", page);
      const bytes = setCookies.reduce((sum, { line }) => sum + line.length, 0);
      expect(bytes).toBeLessThan(4000);
      if (browser.jar.size < 2) return;
    }
    expect.fail("nothing was removed in 50 responses");
  });
});

describe("while the names with prefixes are introduced, `__Secure-` is no sign that a refresh cookie is ours [sec C-11]", () => {
  it.each(["accept", "move"] as const)(
    "%s: the session of the access token goes on",
    async (cookiePrefixes) => {
      for (const what of ["live", "garbage", "dead"]) {
        for (const isExpired of [false, true]) {
          app = await startApp({ accessTokenValiditySeconds: 60, cookiePrefixes });
          const browser = new Browser(() => app);
          await browser.fetch("POST", "/login", '{"userId":"victim"}');
          const own = browser.jar.size;
          const attacker = await signIn("attacker");
          if (what === "dead") await app.session.revokeSession(attacker.handle);
          if (isExpired) app.clock.advanceSeconds(60);
          const value = what === "garbage" ? "garbage" : attacker.rt;
          for (const name of ["sRefreshToken", "__Secure-sRefreshToken"])
            browser.jar.set({ name, value, domain: "example.com", path: "/" });
          const response = await browser.fetch("POST", REFRESH);
          expect([what, response.status]).toEqual([what, 200]);
          expect([what, await browser.ask("/me")]).toMatchObject([what, { status: 200, userId: "victim" }]);
          for (let n = 0; n < 30 && browser.jar.size > own; n += 1) await browser.fetch("POST", REFRESH);
          expect(browser.jar.size).toBe(own);
          expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
          await app.close();
        }
      }
      app = await startApp();
    },
  );
});
