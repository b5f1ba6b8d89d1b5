import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { platform } from "../../src/platform/node.js";
import { Browser, REFRESH } from "../support/browser.js";
import { foreignKey, resign } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
/** Signature checks since it was last set to 0. */
let checks: number;
const { importVerifyKey } = platform;

beforeEach(() => {
  checks = 0;
  platform.importVerifyKey = async (jwk, algorithm) => {
    const key = await importVerifyKey.call(platform, jwk, algorithm);
    return {
      verify(signingInput, signature) {
        checks += 1;
        return key.verify(signingInput, signature);
      },
    };
  };
});
afterEach(async () => {
  platform.importVerifyKey = importVerifyKey;
  await app.close();
});

async function signIn(userId: string): Promise<WireClient & { access: string; rt: string }> {
  const client = app.client("header");
  await client.send("POST", "/login", {}, JSON.stringify({ userId }));
  return Object.assign(client, { access: client.accessToken as string, rt: client.refreshToken as string });
}

const PLANTED_AT = ["/", "/auth", "/auth/", "/auth/session", "/auth/session/", REFRESH];
const setups: [string, SessionOptions][] = [
  ["host-only cookies", {}],
  ["cookies with a domain", { cookieDomain: "example.com" }],
  [
    "cookies with a domain, VIA_CUSTOM_HEADER",
    { cookieDomain: "api.example.com", antiCsrf: "VIA_CUSTOM_HEADER" },
  ],
  [
    "cookies that were under a domain above",
    { cookieDomain: "api.example.com", olderCookieDomain: ".example.com" },
  ],
  ["host-only cookies that were under the host", { olderCookieDomain: "api.example.com" }],
  ["cookies with a domain that were host-only", { cookieDomain: "example.com", olderCookieDomain: "" }],
];

describe.each(setups)(
  "a page of a sibling host plants the tokens of its own live session: %s [sec C-11]",
  (_, options) => {
    it.each([
      ["access and refresh token", true, true],
      ["refresh token", false, true],
      ["access token", true, false],
    ])(
      "%s: the user stays signed in as himself, whatever path they are at",
      async (_what, access, refresh) => {
        for (const path of PLANTED_AT) {
          for (const isExpired of [false, true]) {
            app = await startApp({ accessTokenValiditySeconds: 60, ...options });
            const browser = new Browser(() => app);
            expect((await browser.fetch("POST", "/login", '{"userId":"victim"}')).status).toBe(200);
            const own = browser.jar.size;
            if (isExpired) app.clock.advanceSeconds(60);
            const attacker = await signIn("attacker");
            const domain = "example.com";
            const plant = (name: string, value: string, at: string): void => {
              // The same name, domain and path is no second cookie: it would take the place of ours.
              const isOurs =
                options.cookieDomain === domain && at === (name === "sAccessToken" ? "/" : REFRESH);
              if (!isOurs) browser.jar.set({ name, value, domain, path: at });
            };
            if (access) plant("sAccessToken", attacker.access, path === REFRESH ? "/" : path);
            if (refresh) plant("sRefreshToken", attacker.rt, path);
            const what = `${path}, ${isExpired ? "expired" : "live"}`;
            const first = await browser.fetch("POST", REFRESH);
            expect([what, first.status]).toEqual([what, 200]);
            const answer = await browser.ask("/me");
            expect([what, answer.status, answer.userId]).toEqual([what, 200, "victim"]);
            expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
            expect(app.foreignErrors).toEqual([]);
            // Nothing of it is left that a refresh would meet again.
            const again = await browser.fetch("POST", REFRESH);
            expect(
              again.setCookies.filter(({ name }) => name === "sRefreshToken").length,
            ).toBeLessThanOrEqual(2);
            if (refresh && !access) expect(browser.jar.size).toBe(own);
            await app.close();
          }
        }
        app = await startApp();
      },
    );
  },
);

describe.each(setups)(
  "a page of a sibling host plants tokens that look like another deployment's: %s [sec C-11]",
  (_, options) => {
    it.each([false, true])(
      "beside its own genuine pair, or not: the user stays signed in (genuine pair: %s)",
      async (isBesideGenuine) => {
        app = await startApp({ accessTokenValiditySeconds: 60, ...options });
        const browser = new Browser(() => app);
        await browser.fetch("POST", "/login", '{"userId":"victim"}');
        const attacker = await signIn("attacker");
        const domain = "example.com";
        const isFree = (path: string, ofOurs: string): boolean =>
          options.cookieDomain !== domain || path !== ofOurs;
        for (const [n, path] of PLANTED_AT.entries()) {
          const fake = await resign(app.store, attacker.access, {
            header: { kid: `d-elsewhere-${n}` },
            payload: { iss: "https://shop.example.com/auth" },
            key: foreignKey(),
          });
          const fakeRefresh = attacker.rt.replace(/^1\.[^.]+/, `1.elsewhere${n}`);
          const isGenuine = isBesideGenuine && n % 2 === 1;
          if (isFree(path, "/"))
            browser.jar.set({
              name: "sAccessToken",
              value: isGenuine ? attacker.access : fake,
              domain,
              path,
            });
          if (isFree(path, REFRESH))
            browser.jar.set({
              name: "sRefreshToken",
              value: isGenuine ? attacker.rt : fakeRefresh,
              domain,
              path,
            });
        }
        for (const seconds of [0, 61, 61]) {
          app.clock.advanceSeconds(seconds);
          checks = 0;
          for (const path of ["/me", "/optional"]) {
            expect([seconds, await browser.ask(path)]).toMatchObject([
              seconds,
              { status: 200, userId: "victim" },
            ]);
          }
          expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
        }
        expect(app.foreignErrors).toEqual([]);
      },
    );
  },
);

it.each([1, 4])(
  "its own live refresh token beside %i made-up ones: all are gone with the next refresh",
  async (count) => {
    app = await startApp({ accessTokenValiditySeconds: 60 });
    const browser = new Browser(() => app);
    await browser.fetch("POST", "/login", '{"userId":"victim"}');
    const own = browser.jar.size;
    const attacker = await signIn("attacker");
    const plant = (value: string, path: string): void =>
      browser.jar.set({ name: "sRefreshToken", value, domain: "example.com", path });
    plant(attacker.rt, REFRESH);
    for (const [n, path] of PLANTED_AT.slice(0, count).entries())
      plant(attacker.rt.replace(/^1\.[^.]+/, `1.elsewhere${n}`), path);
    expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
    expect(browser.jar.size).toBe(own);
    expect(await browser.ask("/me")).toMatchObject({ status: 200, userId: "victim" });
    expect((await browser.fetch("POST", "/auth/signout")).status).toBe(200);
    expect((await browser.fetch("POST", REFRESH)).status).toBe(401);
  },
);

it.each(["victim's", undefined])(
  "while the secrets take 2.5 s to read, made-up refresh tokens make a request wait for one reading (beside: %s)",
  async (beside) => {
    app = await startApp();
    const victim = await signIn("victim");
    let readings = 0;
    app.store.fail = (operation) => {
      if (operation === "listSecrets") {
        readings += 1;
        app.clock.advanceSeconds(2.5);
      }
      return undefined;
    };
    const madeUp = [1, 2, 3, 4].map((n) => victim.rt.replace(/^1\.[^.]+/, `1.elsewhere${n}`));
    const tokens = beside === undefined ? madeUp : [...madeUp, victim.rt];
    const cookie = tokens.map((token) => `sRefreshToken=${token}`).join("; ");
    const { status } = await send(app.origin, "POST", REFRESH, { cookie, rid: "session" });
    expect([status, readings]).toEqual([beside === undefined ? 401 : 200, 1]);
  },
);

it("40 tokens that look like another deployment's cost no signature check, and one reading of the keys", async () => {
  app = await startApp();
  const { access } = await signIn("user");
  const like = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      resign(app.store, access, {
        header: { kid: `d-${n}` },
        payload: { iss: "https://else.where" },
        key: foreignKey(),
      }),
    ),
  );
  app.store.reset();
  checks = 0;
  const cookie = like.map((value) => `sAccessToken=${value}`).join("; ");
  const response = await send(app.origin, "GET", "/optional", { cookie: cookie.slice(0, 16_000) });
  expect([response.status, response.json, checks]).toEqual([200, null, 0]);
  expect(app.store.calls.length).toBeLessThanOrEqual(1);
});

it("an access token planted at the path of one page is met and removed there", async () => {
  app = await startApp(
    {},
    {
      "GET /deep/page": async (req, res, session) => ({
        userId: (await session.getSession(req, res)).getUserId(),
      }),
    },
  );
  const browser = new Browser(() => app);
  await browser.fetch("POST", "/login", '{"userId":"victim"}');
  const attacker = await signIn("attacker");
  browser.jar.set({ name: "sAccessToken", value: attacker.access, domain: "example.com", path: "/deep" });
  expect(await browser.ask("/deep/page")).toEqual({ status: 200, userId: "victim", refreshes: 1 });
  expect(await browser.ask("/deep/page")).toMatchObject({ refreshes: 0 });
});

it("a request's path goes into no cookie when it could end an attribute there", async () => {
  app = await startApp(
    {},
    { "GET /a;Domain=evil": async (req, res, session) => session.getSession(req, res) },
  );
  const [a, b] = [await signIn("a"), await signIn("b")];
  const cookie = `sAccessToken=${a.access}; sAccessToken=${b.access}`;
  const response = await send(app.origin, "GET", "/a;Domain=evil", { cookie });
  expect(response.status).toBe(401);
  expect(JSON.stringify(response.lines)).not.toContain("evil");
});

it("a path of many steps does not make a head of hundreds of lines", async () => {
  const deep = `/${"a/".repeat(100)}page`;
  app = await startApp({}, { [`GET ${deep}`]: async (req, res, session) => session.getSession(req, res) });
  const [a, b] = [await signIn("a"), await signIn("b")];
  const cookie = `sAccessToken=${a.access}; sAccessToken=${b.access}`;
  const response = await send(app.origin, "GET", deep, { cookie });
  expect(response.status).toBe(401);
  expect(response.setCookies.length).toBeGreaterThan(0);
  expect(response.setCookies.length).toBeLessThanOrEqual(24);
});

it("cookies of before `cookieDomain` was set go with the first refresh, and the user stays signed in", async () => {
  app = await startApp();
  const browser = new Browser(() => app);
  await browser.fetch("POST", "/login", '{"userId":"victim"}');
  const before = app;
  app = await before.sibling({ cookieDomain: "example.com" });
  const own = new Browser(() => app);
  await own.fetch("POST", "/login", '{"userId":"victim"}');
  const wanted = own.jar.size;
  await browser.fetch("POST", "/login", '{"userId":"victim"}');
  expect(browser.jar.size).toBeGreaterThan(wanted);
  expect((await browser.fetch("POST", REFRESH)).status).toBe(200);
  expect(await browser.ask("/me")).toMatchObject({ status: 200, userId: "victim" });
  expect(browser.jar.size).toBe(wanted);
  await before.close();
});

it("access tokens of other sessions beside ours do not hide whose refresh token is ours", async () => {
  app = await startApp();
  const [victim, attacker] = [await signIn("victim"), await signIn("attacker")];
  const others = [await signIn("one"), await signIn("two"), await signIn("three")];
  const response = await send(app.origin, "POST", REFRESH, {
    rid: "session",
    cookie: [
      `sRefreshToken=${attacker.rt}; sRefreshToken=${victim.rt}; sAccessToken=${victim.access}`,
      ...others.map(({ access }) => `sAccessToken=${access}`),
    ].join("; "),
  });
  expect(response.status).toBe(200);
  const front = JSON.parse(Buffer.from(response.header("front-token") as string, "base64").toString());
  expect(front.uid).toBe("victim");
});

it("an anti-CSRF token that only our page knows tells which session is ours, whatever else was planted", async () => {
  app = await startApp({ antiCsrf: "VIA_TOKEN" });
  const victim = app.client("cookie");
  const attacker = app.client("cookie");
  await victim.send("POST", "/login", {}, '{"userId":"victim"}');
  await attacker.send("POST", "/login", {}, '{"userId":"attacker"}');
  const pair = (name: string): string =>
    [attacker, victim].map(({ cookies }) => `${name}=${cookies.get(name)}`).join("; ");
  const response = await send(app.origin, "POST", REFRESH, {
    cookie: `${pair("sRefreshToken")}; ${pair("sAccessToken")}`,
    "anti-csrf": victim.antiCsrf,
  });
  expect(response.status).toBe(200);
  const front = JSON.parse(Buffer.from(response.header("front-token") as string, "base64").toString());
  expect(front.uid).toBe("victim");
});

describe("a whole planted pair while the user's own access cookie is gone, as docs/running.md says", () => {
  /** Who a refresh takes the request for. */
  async function refreshedAs(
    prefixes: readonly [access: string, refresh: string],
    own: boolean,
    accepted: { access: boolean },
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const [victim, attacker] = [await signIn("victim"), await signIn("attacker")];
    const access = accepted.access ? [`${prefixes[0]}sAccessToken=${attacker.access}`] : [];
    const tokens = [attacker.rt, ...(own ? [victim.rt] : [])];
    const refresh = tokens.map((token) => `${prefixes[1]}sRefreshToken=${token}`);
    const cookie = [...access, ...refresh].join("; ");
    const response = await send(app.origin, "POST", REFRESH, { cookie, ...headers });
    const front = response.header("front-token");
    if (response.status !== 200 || front === undefined) return response.status;
    if (response.body !== "{}") return response.json;
    return (JSON.parse(Buffer.from(front, "base64").toString()) as { uid: string }).uid;
  }
  const PLAIN = ["", ""] as const;
  const PREFIXED = ["__Host-", "__Secure-"] as const;

  it("cannot be told from one that we set", async () => {
    app = await startApp();
    expect(await refreshedAs(PLAIN, true, { access: true })).toBe("attacker");
  });

  it("with `cookiePrefixes` nobody else sets the access cookie, and the planted refresh cookie names nobody", async () => {
    app = await startApp({ cookiePrefixes: true });
    const removed = { message: "duplicate session cookies were removed" };
    expect(await refreshedAs(PREFIXED, true, { access: false })).toEqual(removed);
    // Of a user who has no session: what remains.
    expect(await refreshedAs(PREFIXED, false, { access: false })).toBe("attacker");
  });

  it("with VIA_TOKEN and cookies only, a session whose anti-CSRF token our page does not have is refused", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN", tokenTransfer: "cookie" });
    for (const headers of [{}, { "anti-csrf": "of-another-session" }]) {
      expect(await refreshedAs(PLAIN, true, { access: true }, headers)).not.toBe("attacker");
      expect(await refreshedAs(PLAIN, false, { access: true }, headers)).toBe(401);
    }
  });
});

describe("what a stranger can put into one Cookie header [sec D-02, D-03]", () => {
  it("49 forged access cookies cost no signature check, and two cost two", async () => {
    app = await startApp();
    const { access } = await signIn("user");
    const forged = await Promise.all(
      Array.from({ length: 49 }, () => resign(app.store, access, { key: foreignKey() })),
    );
    const get = (values: string[]): Promise<WireResponse> =>
      send(app.origin, "GET", "/me", { cookie: values.map((value) => `sAccessToken=${value}`).join("; ") });
    await get([access]);
    for (const [values, most] of [
      [forged.slice(0, 20), 0],
      [[access, ...forged.slice(0, 20)], 0],
      [forged.slice(0, 2), 2],
      [[forged[0] as string, access], 1],
    ] as const) {
      checks = 0;
      const response = await get([...values]);
      expect(checks).toBeLessThanOrEqual(most);
      expect([200, 401]).toContain(response.status);
    }
    // What has ended, of other sessions: two are looked at. The same text again is one text.
    const expired = (await signIn("earlier")).access;
    app.clock.advanceSeconds(7200);
    const { access: live } = await signIn("user");
    const ended = await Promise.all(
      Array.from({ length: 9 }, (_, n) =>
        resign(app.store, expired, { key: foreignKey(), payload: { jti: n } }),
      ),
    );
    for (const [values, status, most] of [
      [[...ended, live], 401, 1],
      [[...ended.slice(0, 2), live], 200, 3],
      [Array.from({ length: 20 }, () => live), 200, 1],
    ] as const) {
      const fresh = await app.sibling();
      checks = 0;
      const cookie = values.map((value) => `sAccessToken=${value}`).join("; ");
      expect((await send(fresh.origin, "GET", "/me", { cookie })).status).toBe(status);
      expect(checks).toBe(most);
      await fresh.close();
    }
    checks = 0;
    await send(app.origin, "POST", REFRESH, {
      cookie: forged
        .slice(0, 20)
        .map((value) => `sAccessToken=${value}`)
        .join("; "),
    });
    expect(checks).toBe(0);
  });

  it("genuine refresh tokens of many sessions, or of one: two rows are read at most, and the answer is no 500", async () => {
    app = await startApp({ refreshRateLimit: false });
    const sessions = [];
    for (let n = 0; n < 30; n += 1) sessions.push(await signIn(`user-${n}`));
    const one = await signIn("one");
    const chain = [one.rt];
    for (let n = 0; n < 29; n += 1) {
      await one.refresh();
      chain.push(one.refreshToken as string);
    }
    const cases: [string[], string[]][] = [
      [sessions.map(({ rt }) => rt), []],
      [sessions.map(({ rt }) => rt), sessions.slice(0, 9).map(({ access }) => access)],
      [sessions.map(({ rt }) => rt), sessions.slice(0, 1).map(({ access }) => access)],
      [chain, []],
    ];
    for (const [tokens, access] of cases) {
      app.store.reset();
      checks = 0;
      const response = await send(app.origin, "POST", REFRESH, {
        rid: "session",
        cookie: [
          ...tokens.map((token) => `sRefreshToken=${token}`),
          ...access.map((token) => `sAccessToken=${token}`),
        ].join("; "),
      });
      expect(response.status).toBe(200);
      expect(app.store.calls.filter((call) => call === "getSession").length).toBeLessThanOrEqual(2);
      expect(checks).toBeLessThanOrEqual(2);
    }
  });
});
