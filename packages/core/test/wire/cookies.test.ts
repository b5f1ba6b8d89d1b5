import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { send, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app?.close());

const DAY_MS = 86_400_000;
const EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT";
const login = (headers: Record<string, string> = {}): Promise<WireResponse> =>
  send(app.origin, "POST", "/login", { "st-auth-mode": "cookie", ...headers });
const inDays = (days: number): string => new Date(app.clock.wallMs() + days * DAY_MS).toUTCString();
const between = (apiDomain: string, websiteDomain: string, options: SessionOptions = {}) =>
  startApp({ ...options, appInfo: { appName: "test", apiDomain, websiteDomain } });

describe("the two cookies", () => {
  it("[wire O-5] [sec C-01, C-16] have the exact shape clients and proxies have seen for years", async () => {
    app = await startApp();
    const response = await login();
    const [access, refresh] = response.setCookies;
    expect(response.setCookies.map(({ line }) => line)).toEqual([
      `sAccessToken=${access?.value}; Path=/; Expires=${inDays(365)}; HttpOnly; Secure; SameSite=Lax`,
      `sRefreshToken=${refresh?.value}; Path=/auth/session/refresh; Expires=${inDays(100)}; HttpOnly; Secure; SameSite=Lax`,
    ]);
    // Nothing in them needs percent-encoding, and the refresh token could not be taken for JSON.
    expect(access?.value).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(refresh?.value).toMatch(/^[A-Za-z0-9._~-]{1,512}$/);
    expect(refresh?.value.startsWith("j:")).toBe(false);
  });

  it("[wire O-5] put Domain before Path, and carry every attribute that is configured", async () => {
    app = await startApp({
      cookieDomain: "https://.Example.com:443/x",
      accessTokenPath: "auth/",
      cookieSecure: true,
      cookieSameSite: "strict",
      refreshTokenValidityMinutes: 120,
    });
    const [access, refresh] = (await login()).setCookies.map(({ line }) => line.replace(/^\w+=[^;]+/, ""));
    expect(access).toBe(
      `; Domain=.example.com; Path=/auth; Expires=${inDays(365)}; HttpOnly; Secure; SameSite=Strict`,
    );
    expect(refresh).toBe(
      `; Domain=.example.com; Path=/auth/session/refresh; Expires=${inDays(1 / 12)}; HttpOnly; Secure; SameSite=Strict`,
    );
  });

  it("[sec C-16] [wire G-7] the access cookie outlives its token, and proves nothing by being there", async () => {
    app = await startApp({ accessTokenValiditySeconds: 60 });
    const client = app.client();
    await client.send("POST", "/login");
    app.clock.advanceSeconds(61);
    expect(outcome(await client.send("GET", "/me"))).toBe("401-TRY");
    expect(outcome(await client.send("GET", "/optional"))).toBe("401-TRY");
    app.clock.advanceMs(101 * DAY_MS);
    expect((await client.refresh()).status).toBe(401);
  });

  it("[sec C-06] [wire K-2] are cleared with the attributes they were set with; Max-Age stays away, as the wire's exact shape (D6) has none", async () => {
    for (const options of [
      {},
      { cookieDomain: ".example.com", accessTokenPath: "/auth", cookieSameSite: "strict" },
      { cookiePrefixes: true },
      { cookieSecure: false },
    ] as const) {
      app = await startApp(options);
      const client = app.client();
      const set = (await client.send("POST", "/login")).setCookies;
      const cleared = (await client.refresh({ cookie: "sRefreshToken=dead; __Secure-sRefreshToken=dead" }))
        .setCookies;
      const attributes = ({ name, domain, path, secure, httpOnly, sameSite }: (typeof set)[number]) => ({
        name,
        domain,
        path,
        secure,
        httpOnly,
        sameSite,
      });
      expect(cleared.map(attributes)).toEqual(set.map(attributes));
      for (const { value, expires, line } of cleared) {
        expect([value, expires]).toEqual(["", EPOCH]);
        expect(line).not.toMatch(/max-age/i);
      }
      await app.close();
    }
  });

  it("[sec C-07] [wire O-9, K-2, C-11, C-12] occur once each, however often they are written, beside the application's own", async () => {
    app = await startApp(
      {},
      {
        "POST /twice": async (req, res, session) => {
          res.setHeader("Set-Cookie", ["theme=dark; Path=/", "sAccessToken=theirs; Path=/elsewhere"]);
          await session.createNewSession(req, res, "first");
          await session.createNewSession(req, res, "second");
        },
        "POST /regret": async (req, res, session) => {
          res.setHeader("Set-Cookie", "theme=dark; Path=/");
          await session.createNewSession(req, res, "first");
          throw new session.Error({ type: "UNAUTHORISED", message: "no", payload: { clearTokens: true } });
        },
      },
    );
    const twice = await send(app.origin, "POST", "/twice", { "st-auth-mode": "cookie" });
    expect(twice.setCookies.map(({ name, path }) => `${name} ${path}`)).toEqual([
      "theme /",
      "sAccessToken /elsewhere",
      "sAccessToken /",
      "sRefreshToken /auth/session/refresh",
    ]);
    const me = await send(app.origin, "GET", "/me", { cookie: `sAccessToken=${twice.setCookies[2]?.value}` });
    expect(me.json).toMatchObject({ userId: "second" });
    const regret = await send(app.origin, "POST", "/regret", { "st-auth-mode": "cookie" });
    expect(regret.status).toBe(401);
    expect(regret.setCookies.map(({ name, value }) => `${name}=${value}`)).toEqual([
      "theme=dark",
      "sAccessToken=",
      "sRefreshToken=",
    ]);
    expect([regret.header("front-token"), regret.header("st-access-token")]).toEqual(["remove", ""]);
  });

  it("[sec C-03] with prefixes they are __Host- and __Secure-, and the plain names count for nothing (design decision 14)", async () => {
    app = await startApp({ cookiePrefixes: true });
    const response = await login();
    expect(
      response.setCookies.map(({ name, path, domain, secure }) => ({ name, path, domain, secure })),
    ).toEqual([
      { name: "__Host-sAccessToken", path: "/", domain: undefined, secure: true },
      { name: "__Secure-sRefreshToken", path: "/auth/session/refresh", domain: undefined, secure: true },
    ]);
    const [access, refresh] = response.setCookies.map(({ value }) => value);
    const me = (name: string) => send(app.origin, "GET", "/me", { cookie: `${name}=${access}` });
    const refreshWith = (name: string) =>
      send(app.origin, "POST", "/auth/session/refresh", { cookie: `${name}=${refresh}` });
    expect((await me("__Host-sAccessToken")).status).toBe(200);
    for (const name of ["sAccessToken", "__host-sAccessToken", "__Secure-sAccessToken"]) {
      expect(outcome(await me(name))).toBe("401-KEEP");
    }
    expect((await refreshWith("sRefreshToken")).status).toBe(401);
    expect((await refreshWith("__Secure-sRefreshToken")).status).toBe(200);
  });

  it("[sec C-03] without prefixes the names are those of the wire, in their exact case", async () => {
    app = await startApp();
    const access = (await login()).cookie("sAccessToken")?.value;
    for (const name of ["saccesstoken", "SACCESSTOKEN", "__Host-sAccessToken"]) {
      expect(outcome(await send(app.origin, "GET", "/me", { cookie: `${name}=${access}` }))).toBe("401-KEEP");
    }
  });

  it("[sec C-09] names from the application's functions are checked when they are used", async () => {
    app = await startApp({ getCookieNameForTokenType: (_req, type) => `${type}-token` });
    expect((await login()).setCookies.map(({ name }) => name)).toEqual(["access-token", "refresh-token"]);
    await app.close();
    for (const option of ["getCookieNameForTokenType", "getResponseHeaderNameForTokenType"] as const) {
      app = await startApp({ [option]: () => "x\r\nset-cookie: evil=1" });
      const response = await login();
      expect([response.status, response.setCookies]).toEqual([500, []]);
      expect(app.foreignErrors).toMatchObject([{ type: "INVALID_OPTION", payload: { option } }]);
      expect(app.store.writes).toEqual([]);
      await app.close();
    }
    app = await startApp();
  });
});

describe("SameSite and Secure, as observed", () => {
  const TABLE: [string, string, boolean, string][] = [
    ["https://api.example.com", "https://example.com", true, "Lax"],
    ["https://api.example.com", "https://other.org", true, "None"],
    ["https://api.a.com", "http://a.com", true, "None"],
    ["http://api.a.com", "http://a.com", false, "Lax"],
    ["http://localhost:3001", "http://localhost:3000", false, "Lax"],
    ["0.0.0.0:8080", "http://localhost:8080", false, "Lax"],
    ["http://localhost:3001", "https://localhost:3000", false, "None"],
  ];
  it.each(TABLE)(
    "[wire S-2, S-3, S-4] API %s, website %s: Secure %s, SameSite %s, when setting and when clearing",
    async (api, website, secure, sameSite) => {
      app = await between(api, website);
      const set = (await login()).setCookies;
      const cleared = (await send(app.origin, "POST", "/auth/session/refresh", { rid: "session" }))
        .setCookies;
      expect([...set, ...cleared].map((cookie) => [cookie.secure, cookie.sameSite])).toEqual(
        Array(4).fill([secure, sameSite]),
      );
    },
  );

  it("[wire S-5, C-4] [sec C-02] http across sites cannot log in by cookie: 500 with what to do, and no session", async () => {
    app = await between("http://api.a.com", "http://b.com");
    const response = await login();
    expect([response.status, response.setCookies]).toEqual([500, []]);
    expect(app.foreignErrors).toMatchObject([
      { type: "INVALID_OPTION", message: expect.stringContaining("https") },
    ]);
    expect(app.store.writes).toEqual([]);
    expect((await login({ "st-auth-mode": "header" })).status).toBe(200);
  });

  it("[wire S-5] is not checked on refresh, so that a session in a header is not lost over it", async () => {
    app = await between("http://api.a.com", "http://b.com");
    const client = app.client("header");
    await client.send("POST", "/login");
    expect((await client.refresh()).status).toBe(200);
  });

  it("[sec C-02] [wire S-1] None without Secure is refused when it is asked for, but on this machine", async () => {
    const options = { cookieSameSite: "none", cookieSecure: false } as const;
    await expect(startApp(options)).rejects.toMatchObject({ type: "INVALID_OPTION" });
    app = await between("http://localhost:3001", "http://localhost:3000", options);
    expect((await login()).cookie("sAccessToken")).toMatchObject({ sameSite: "None", secure: false });
  });

  it.each(["Strict", " lax ", "NONE"])(
    "[wire S-1] the option %j is taken before everything else",
    async (cookieSameSite) => {
      app = await startApp({
        cookieSameSite: cookieSameSite as "lax",
        // Strict cookies would never come from another site.
        appInfo: {
          ...APP_INFO,
          websiteDomain: cookieSameSite === "Strict" ? APP_INFO.websiteDomain : "https://other.org",
        },
      });
      expect((await login()).cookie("sAccessToken")?.sameSite?.toLowerCase()).toBe(
        cookieSameSite.trim().toLowerCase(),
      );
    },
  );

  it("[wire S-2, A-1, I-10] are decided per request when the origin is a function of it, for setting and clearing", async () => {
    app = await startApp({
      appInfo: {
        ...APP_INFO,
        origin: ({ request }) => request?.getHeaderValue("Origin") ?? "https://example.com",
      },
    });
    const sameSite = async (origin: string | undefined) => {
      const headers = { "st-auth-mode": "cookie", rid: "session", origin };
      const set = await send(app.origin, "POST", "/login", headers);
      const cleared = await send(app.origin, "POST", "/auth/session/refresh", headers);
      return [set, cleared].map((response) => response.cookie("sAccessToken")?.sameSite);
    };
    expect(await sameSite(undefined)).toEqual(["Lax", "Lax"]);
    expect(await sameSite("https://app.example.com")).toEqual(["Lax", "Lax"]);
    expect(await sameSite("https://other.org")).toEqual(["None", "None"]);
  });

  it("[wire A-1] an origin function that answers nonsense is a 500 of the developer's, not a session", async () => {
    app = await startApp({ appInfo: { ...APP_INFO, origin: () => "not an origin" } });
    expect((await login()).status).toBe(500);
    expect(app.foreignErrors).toMatchObject([
      { type: "INVALID_OPTION", payload: { option: "appInfo.origin" } },
    ]);
  });

  it("[wire A-6, A-7] hosts below a private suffix, .local hosts and look-alikes of localhost are sites of their own", async () => {
    for (const [api, website] of [
      ["https://me.github.io", "https://you.github.io"],
      ["https://api.shop.local", "https://www.shop.local"],
      ["https://localhost.attacker.com", "http://localhost:3000"],
    ] as const) {
      app = await between(api, website);
      expect((await login()).cookie("sAccessToken")?.sameSite).toBe("None");
      await app.close();
    }
    app = await between("http://[::1]:3001", "http://localhost:3000");
    expect((await login()).cookie("sAccessToken")?.sameSite).toBe("Lax");
  });

  it("[sec X-06] forwarded headers change nothing: what is told by them is nobody's word", async () => {
    app = await startApp();
    const plain = await login();
    const forwarded = await login({
      host: "evil.test",
      forwarded: "proto=http;host=evil.test;for=6.6.6.6",
      "x-forwarded-proto": "http",
      "x-forwarded-host": "evil.test",
      "x-forwarded-prefix": "/evil",
      "x-original-url": "/auth/session/refresh",
    });
    const shape = ({ setCookies }: WireResponse) => setCookies.map(({ line }) => line.replace(/=[^;]+/, ""));
    expect(shape(forwarded)).toEqual(shape(plain));
    const refresh = await send(app.origin, "POST", "/auth/session/refresh", {
      cookie: `sRefreshToken=${forwarded.cookie("sRefreshToken")?.value}`,
      origin: "https://evil.test",
      "x-forwarded-host": "evil.test",
      host: "evil.test",
    });
    expect(refresh.status).toBe(403);
  });
});
