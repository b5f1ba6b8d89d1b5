import { describe, expect, it } from "vitest";
import { SessionError } from "../errors/session-error.js";
import { silentLogger } from "../runtime/logger.js";
import { MemoryStore } from "../store/memory-store.js";
import { checkedName, resolveOptions } from "./resolve-options.js";
import type { SessionOptions } from "./session-options.js";

const APP = { appName: "test", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" };
const SECRET = "kS1zOpMRxGDr6gWkbvA0yVhN4tqJ2cEu";
const STORE = Object.assign(new MemoryStore(), { name: "kept" });

function resolve(options: object) {
  return resolveOptions({ appInfo: APP, store: STORE, ...options } as SessionOptions, true);
}

/** The option an INVALID_OPTION names; fails when nothing, or something else, is thrown. */
function refused(options: object, isProduction = true): string {
  try {
    resolveOptions({ appInfo: APP, store: STORE, ...options } as SessionOptions, isProduction);
  } catch (error) {
    if (!SessionError.is(error) || error.type !== "INVALID_OPTION") throw error;
    expect(error.message).toContain(`\`${error.payload.option}\``);
    return error.payload.option;
  }
  throw new Error("the options were accepted");
}

/** Each option, and the compiler sees to it that none is left out: values that are right, values that are wrong. */
const OPTIONS: Record<keyof SessionOptions, { right: unknown[]; wrong: unknown[] }> = {
  appInfo: { right: [APP], wrong: ["https://api.example.com", 1, []] },
  store: { right: [STORE], wrong: [new MemoryStore(), "sqlite", {}, null, { getSession() {} }] },
  namespace: {
    right: ["a", "admin", "tenant_2", "x".repeat(20)],
    wrong: ["", "A", "2", "_a", "a_", "a__b", "a\n", "a-b", "a.b", "../a", "x".repeat(21), 1, null],
  },
  secret: {
    right: [SECRET, [SECRET, `${SECRET}2`], [SECRET, "stored"], ["stored"]],
    wrong: ["short", [], [SECRET, "short"], "a".repeat(32), [SECRET, "ab".repeat(20)], "stored", 1, null],
  },
  plugins: { right: [[], [{ name: "p" }]], wrong: [{}, ["roles"], "roles"] },
  claims: { right: [[], [{ key: "c" }]], wrong: [{}, ["role"], "role"] },
  cookieDomain: {
    right: ["example.com", ".example.com", "https://example.com:1/x"],
    wrong: [
      "",
      "a b",
      "a;b",
      `${"x".repeat(252)}.de`,
      "www.example.com",
      "v1.api.example.com",
      "example.org",
      "com",
      1,
    ],
  },
  olderCookieDomain: {
    right: [".example.com", "https://api.example.com"],
    wrong: ["old.example.com", "a b", ";", 1],
  },
  cookieSecure: { right: [true, false], wrong: ["true", 1, null] },
  cookieSameSite: { right: ["strict", "lax", "none", " Strict "], wrong: ["", "loose", true] },
  accessTokenPath: {
    right: ["/", "", "/auth", "auth/"],
    wrong: ["/api", "/aut", "/auth/session/refresh", "/a;b", "/a,b", "/a b", "/ä", `/${"x".repeat(480)}`, 1],
  },
  cookiePrefixes: { right: [true, false], wrong: ["__Host-", 1] },
  sessionExpiredStatusCode: { right: [401, 440, 599], wrong: [403, 200, 399, 600, 401.5, "401", Number.NaN] },
  invalidClaimStatusCode: { right: [403, 422], wrong: [401, 200, 600, "403"] },
  antiCsrf: { right: ["VIA_TOKEN", "VIA_CUSTOM_HEADER", "NONE"], wrong: ["none", "", true] },
  tokenTransfer: { right: ["cookie", "header", "auto"], wrong: ["any", "COOKIE", 1] },
  getTokenTransferMethod: { right: [() => "any"], wrong: ["cookie", {}] },
  getCookieNameForTokenType: { right: [() => "x"], wrong: ["sAccessToken", {}] },
  getResponseHeaderNameForTokenType: { right: [() => "x"], wrong: ["st-access-token", {}] },
  exposeAccessTokenToFrontendInCookieBasedAuth: { right: [true, false], wrong: ["yes", 0] },
  useDynamicAccessTokenSigningKey: { right: [true, false], wrong: ["no", 1] },
  jwksRefreshIntervalSec: { right: [1, 14_400], wrong: [0, -1, "60", Number.POSITIVE_INFINITY] },
  errorHandlers: { right: [{}, { onUnauthorised() {} }], wrong: ["x", () => {}, { onUnauthorised: 1 }] },
  override: { right: [{}, { functions: (x: unknown) => x }], wrong: [() => {}, { apis: {} }] },
  accessTokenValiditySeconds: { right: [1, 3600], wrong: [0, -1, 2_592_001, 86_400_000, "3600", Number.NaN] },
  accessTokenValidityJitter: { right: [0, 0.05], wrong: [-0.01, 0.051, "0"] },
  refreshTokenValidityMinutes: {
    right: [61, 15.5, 144_000],
    wrong: [0, 15, -1, "100", Number.POSITIVE_INFINITY],
  },
  absoluteLifetimeDays: { right: [0.5, 365], wrong: [0, -1, "365", Number.NaN] },
  accessTokenSigningKeyUpdateIntervalHours: { right: [1, 168], wrong: [0, 0.5, -1, "168"] },
  refreshGracePeriodSeconds: { right: [0, 30, 60], wrong: [-1, 61, 300, "30"] },
  signingAlgorithm: { right: ["ES256", "RS256", "EdDSA"], wrong: ["HS256", "none", "es256", "PS256"] },
  checkDatabaseByDefault: { right: [true, false], wrong: ["true", 1] },
  revokePreviousSession: { right: [true, false], wrong: ["false", 0] },
  verifiedTokenCache: {
    right: [false, {}, { maxEntries: 1 }, { maxEntries: 10, maxBytes: 1000 }],
    wrong: [true, 100, { maxEntries: 0 }, { maxBytes: -1 }, { entries: 1 }],
  },
  refreshRateLimit: {
    right: [false, { maxPerWindow: 1, windowSeconds: 1 }],
    wrong: [true, 30, {}, { maxPerWindow: 30 }, { maxPerWindow: 0, windowSeconds: 60 }],
  },
  clock: { right: [{ wallMs: () => 0, monoMs: () => 0 }], wrong: [Date.now, {}, { wallMs: () => 0 }] },
  random: { right: [(length: number) => new Uint8Array(length)], wrong: [4, {}] },
  logger: { right: [silentLogger, { info() {}, warn() {} }], wrong: [() => {}, {}, { warn() {} }] },
  debug: { right: [true, false], wrong: ["true", 1, "*"] },
  onEvent: { right: [() => {}], wrong: [{}, "log"] },
  allowTestValues: { right: [true, false], wrong: [1, "yes"] },
};

describe("every option of createSession [sec U-02]", () => {
  it.each(
    Object.entries(OPTIONS).flatMap(([option, { right }]) => right.map((value) => [option, value] as const)),
  )("%s accepts %o", (option, value) => {
    expect(resolve({ [option]: value })).toBeDefined();
    if (["appInfo", "store", "secret", "namespace"].includes(option)) return;
    expect(resolve({ [option]: undefined })).toBeDefined();
  });

  it.each(
    Object.entries(OPTIONS).flatMap(([option, { wrong }]) => wrong.map((value) => [option, value] as const)),
  )("%s refuses %o, and the message names it", (option, value) => {
    const named = refused({ [option]: value });
    if (option === "sessionExpiredStatusCode" && value === 403) expect(named).toBe("invalidClaimStatusCode");
    else expect(named.split(".", 1)[0]).toBe(option);
  });

  it.each([
    [{ cookieDomian: "x" }, "cookieDomian"],
    [{ appInfo: { ...APP, apiBasepath: "/x" } }, "appInfo.apiBasepath"],
    [{ errorHandlers: { onUnauthorized() {} } }, "errorHandlers.onUnauthorized"],
    [{ override: { function: () => {} } }, "override.function"],
  ])("refuses the unknown name in %o", (options, name) => {
    expect(refused(options)).toBe(name);
  });

  it("refuses what does not go together", () => {
    expect(refused({ accessTokenValiditySeconds: 7200, refreshTokenValidityMinutes: 120 })).toBe(
      "refreshTokenValidityMinutes",
    );
    expect(refused({ sessionExpiredStatusCode: 440, invalidClaimStatusCode: 440 })).toBe(
      "invalidClaimStatusCode",
    );
    expect(refused({ cookieSameSite: "none", cookieSecure: false })).toBe("cookieSameSite");
    expect(refused({ cookiePrefixes: true, cookieDomain: "example.com" })).toBe("cookiePrefixes");
    expect(refused({ cookiePrefixes: true, cookieSecure: false })).toBe("cookiePrefixes");
    expect(refused({ cookiePrefixes: true, accessTokenPath: "/auth" })).toBe("cookiePrefixes");
    expect(
      resolve({ accessTokenSigningKeyUpdateIntervalHours: 0.001, allowTestValues: true }).rotationIntervalMs,
    ).toBe(3600);
  });

  it("refuses an older cookie domain that browsers take for the current one: expiring it would end the new session", () => {
    expect(refused({ cookieDomain: "example.com", olderCookieDomain: ".example.com" })).toBe(
      "olderCookieDomain",
    );
    expect(refused({ olderCookieDomain: "" })).toBe("olderCookieDomain");
    expect(resolve({ cookieDomain: "example.com", olderCookieDomain: "" }).olderCookieDomain).toEqual({
      domain: undefined,
    });
    expect(resolve({ olderCookieDomain: ".example.com" }).olderCookieDomain).toEqual({
      domain: ".example.com",
    });
    expect(resolve({}).olderCookieDomain).toBeNull();
  });
});

describe("appInfo", () => {
  it("is required in production, with what to write in the message; development assumes this machine", () => {
    expect(() => resolveOptions(undefined, true)).toThrow(/appInfo.*apiDomain: "https:/);
    const { apiOrigin, issuer, website, cookieSecure } = resolveOptions(undefined, false);
    expect({ apiOrigin, issuer, website, cookieSecure }).toEqual({
      apiOrigin: "http://localhost",
      issuer: "http://localhost/auth",
      website: undefined,
      cookieSecure: false,
    });
  });

  it.each([
    [{ apiDomain: APP.apiDomain, websiteDomain: APP.websiteDomain }, "appInfo.appName"],
    [{ ...APP, appName: "" }, "appInfo.appName"],
    [{ appName: "x", websiteDomain: APP.websiteDomain }, "appInfo.apiDomain"],
    [{ ...APP, apiDomain: "/api" }, "appInfo.apiDomain"],
    [{ ...APP, apiDomain: "https://com" }, "appInfo.apiDomain"],
    [{ appName: "x", apiDomain: APP.apiDomain }, "appInfo.websiteDomain"],
    [{ ...APP, websiteDomain: "not a domain" }, "appInfo.websiteDomain"],
    [{ ...APP, websiteDomain: "https://com" }, "appInfo.websiteDomain"],
    [{ ...APP, origin: 1 }, "appInfo.origin"],
    [{ ...APP, apiBasePath: "/a b;" }, "appInfo.apiBasePath"],
    [{ ...APP, apiGatewayPath: 1 }, "appInfo.apiGatewayPath"],
  ])("%o is refused, naming %s [wire A-1]", (appInfo, option) => {
    expect(refused({ appInfo })).toBe(option);
  });

  it("takes `origin` before `websiteDomain`, as text or function [wire A-1]", () => {
    const origin = () => "https://x.example.com";
    expect(resolve({ appInfo: { ...APP, origin: "https://app.example.com" } }).website).toBe(
      "https://app.example.com",
    );
    expect(resolve({ appInfo: { ...APP, websiteDomain: undefined, origin } }).website).toBe(origin);
  });

  it("puts gateway path and base path together, once [wire A-4, A-5]", () => {
    const { basePath, gatewayPath, issuer, refreshPath } = resolve({
      appInfo: { ...APP, apiGatewayPath: "/dev/", apiBasePath: "Session" },
    });
    expect({ basePath, gatewayPath, issuer, refreshPath }).toEqual({
      basePath: "/dev/Session",
      gatewayPath: "/dev",
      issuer: "https://api.example.com/dev/Session",
      refreshPath: "/dev/Session/session/refresh",
    });
    expect(resolve({ appInfo: { ...APP, apiBasePath: "/" } }).issuer).toBe("https://api.example.com");
    const upstream = { ...APP, apiDomain: "0.0.0.0:8080", websiteDomain: "http://localhost:8080" };
    expect(resolve({ appInfo: upstream }).issuer).toBe("http://0.0.0.0:8080/auth");
  });

  it.each([
    [{ ...APP, apiDomain: "https://github.io", websiteDomain: "https://example.com" }, "appInfo.apiDomain"],
    [{ ...APP, websiteDomain: "https://github.io" }, "appInfo.websiteDomain"],
  ])(
    "%o: a public suffix is no home for a site; known once the list is loaded [wire A-6]",
    async (appInfo, option) => {
      const config = resolve({ appInfo });
      expect(config.sitesAreLoaded).toBe(false);
      await expect(config.loadSites()).rejects.toMatchObject({ type: "INVALID_OPTION", payload: { option } });
      expect(config.sitesAreLoaded).toBe(false);
    },
  );

  it("does not load the public suffix list where nothing depends on it", () => {
    expect(resolve({ cookieSameSite: "lax" }).sitesAreLoaded).toBe(true);
    expect(resolve({ appInfo: { ...APP, websiteDomain: APP.apiDomain } }).sitesAreLoaded).toBe(true);
    expect(resolve({ appInfo: { ...APP, apiDomain: "http://localhost" } }).sitesAreLoaded).toBe(true);
    expect(resolve({}).sitesAreLoaded).toBe(false);
  });
});

describe("plain http [sec U-02]", () => {
  const appInfo = { ...APP, apiDomain: "http://api.example.com", websiteDomain: "http://example.com" };

  it("is refused in production, unless it is said in so many words or stays on this machine", () => {
    expect(refused({ appInfo })).toBe("appInfo.apiDomain");
    expect(resolve({ appInfo, cookieSecure: false }).cookieSecure).toBe(false);
    expect(resolve({ appInfo: { ...APP, apiDomain: "http://localhost:3000" } }).cookieSecure).toBe(false);
    expect(resolveOptions({ appInfo }, false).cookieSecure).toBe(false);
  });

  it("so is a website: its pages come by https, and could not refresh when the access token ends", () => {
    const site = { ...APP, websiteDomain: "http://example.com" };
    expect(refused({ appInfo: site })).toBe("appInfo.websiteDomain");
    const byOrigin = { ...APP, websiteDomain: undefined, origin: "http://example.com" };
    expect(refused({ appInfo: byOrigin })).toBe("appInfo.origin");
    expect(resolve({ appInfo: site, allowTestValues: true }).website).toBe("http://example.com");
    expect(resolve({ appInfo: site, cookieSecure: true }).website).toBe("http://example.com");
    for (const websiteDomain of ["http://localhost:3000", "http://app.localhost", "http://127.0.0.1"])
      expect(resolve({ appInfo: { ...APP, websiteDomain } }).website).toBe(websiteDomain);
    expect(resolveOptions({ appInfo: site }, false).website).toBe("http://example.com");
  });
});

describe("an option that is written, but undefined", () => {
  it.each(["secret", "namespace"])(
    "%s is refused in production: going without signs everybody out",
    (option) => {
      const { [`NOT_SET_${option}`]: value } = process.env;
      expect(refused({ [option]: value })).toBe(option);
      expect(resolve({ [option]: value, allowTestValues: true }).secrets).toEqual([]);
      expect(resolveOptions({ [option]: value }, false).secrets).toEqual([]);
    },
  );

  it("others are left out so", () => {
    expect(resolve({ cookieDomain: undefined, antiCsrf: undefined }).cookieDomain).toBeUndefined();
    expect(refused({ store: undefined })).toBe("store");
  });
});

describe("defaults", () => {
  it("are those of the contract", () => {
    const { options, clock, random, logger, loadSites, sameSite, ...config } = resolve({});
    expect(config).toEqual({
      secrets: [],
      apiOrigin: "https://api.example.com",
      basePath: "/auth",
      gatewayPath: "",
      issuer: "https://api.example.com/auth",
      website: "https://example.com",
      cookieDomain: undefined,
      olderCookieDomain: null,
      cookieSecure: true,
      cookieSameSite: undefined,
      accessTokenPath: "/",
      accessCookieName: "sAccessToken",
      refreshCookieName: "sRefreshToken",
      otherCookieNames: undefined,
      asksForCookieNames: false,
      refreshPath: "/auth/session/refresh",
      statuses: { sessionExpired: 401, invalidClaim: 403 },
      antiCsrf: undefined,
      algorithm: "ES256",
      accessTokenValidityMs: 900_000,
      refreshTokenValidityMs: 8_640_000_000,
      absoluteLifetimeMs: 31_536_000_000,
      rotationIntervalMs: 604_800_000,
      refreshGraceMs: 30_000,
      reloadIntervalMs: 14_400_000,
      sitesAreLoaded: false,
    });
    expect(typeof clock.wallMs() + typeof random(1).length).toBe("numbernumber");
    expect([typeof logger.warn, typeof loadSites, typeof sameSite, options.appInfo?.appName]).toEqual([
      "function",
      "function",
      "function",
      "test",
    ]);
  });

  it("keep the list of secrets in order, newest first", () => {
    expect(resolve({ secret: SECRET }).secrets).toEqual([SECRET]);
    expect(resolve({ secret: [`${SECRET}new`, SECRET] }).secrets).toEqual([`${SECRET}new`, SECRET]);
  });
});

describe("checkedName [sec C-09]", () => {
  it.each(["sAccessToken", "__Host-x", "a.b_c~1", "x".repeat(64)])("lets %j through", (name) => {
    expect(checkedName("getCookieNameForTokenType", name)).toBe(name);
  });

  it.each(["", "a b", "a;b", "a=b", "a,b", "a\r\nb", "ä", "x".repeat(65), undefined, 1])(
    "refuses %j",
    (name) => {
      expect(() => checkedName("getCookieNameForTokenType", name)).toThrow("getCookieNameForTokenType");
    },
  );
});

describe("what cannot work, or is not safe, is refused at the start", () => {
  const elsewhere = { ...APP, websiteDomain: "https://www.example.org" };
  const https = (host: string) => ({
    ...APP,
    apiDomain: `https://${host}`,
    websiteDomain: `https://${host}`,
  });

  it.each([
    ["foreign", "example.org", APP],
    ["foreign, though it ends alike", "ample.com", APP],
    ["below the API", "v1.api.example.com", APP],
    ["beside the API", "www.example.com", APP],
    ["a public suffix", "com", APP],
    ["a public suffix of two labels", "co.uk", https("api.example.co.uk")],
    ["a host of many strangers", ".vercel.app", https("mine.vercel.app")],
    ["foreign to this machine", "example.com", undefined],
  ])("a cookie domain that is %s", (_, cookieDomain, appInfo) => {
    for (const isProduction of appInfo === undefined ? [false] : [true, false])
      expect(refused({ appInfo, cookieDomain }, isProduction)).toBe("cookieDomain");
  });

  it.each(["api.example.com", ".api.example.com", "example.com", ".example.com"])(
    "takes %s",
    (cookieDomain) => {
      expect(resolve({ cookieDomain }).cookieDomain).toBe(cookieDomain);
    },
  );

  it("a cookie domain that only the whole list knows for a public suffix, as soon as it is there", async () => {
    const config = resolve({
      appInfo: https("shop.example.blogspot.com"),
      cookieDomain: "example.blogspot.com",
    });
    expect(config.sitesAreLoaded).toBe(false);
    await config.loadSites();
    for (const suffix of ["k12.ca.us", "s3.amazonaws.com", "gov.uk"]) {
      const wrong = resolve({ appInfo: https(`shop.${suffix}`), cookieDomain: suffix });
      await expect(wrong.loadSites()).rejects.toMatchObject({
        type: "INVALID_OPTION",
        payload: { option: "cookieDomain" },
      });
      expect(wrong.sitesAreLoaded).toBe(false);
    }
  });

  it("SameSite=Strict with a website on another site, unless tokens travel in headers", async () => {
    expect(refused({ appInfo: elsewhere, cookieSameSite: "strict" })).toBe("cookieSameSite");
    expect(
      refused({ appInfo: { ...APP, websiteDomain: "http://example.com" }, cookieSameSite: "strict" }, false),
    ).toBe("cookieSameSite");
    resolve({ appInfo: elsewhere, cookieSameSite: "strict", tokenTransfer: "header" });
    resolve({ cookieSameSite: "strict" });
    const siblings = {
      appInfo: { ...APP, apiDomain: "https://a.github.io", websiteDomain: "https://b.github.io" },
      cookieSameSite: "strict",
    };
    await expect(resolve(siblings).loadSites()).rejects.toMatchObject({
      payload: { option: "cookieSameSite" },
    });
  });

  it("no anti-CSRF with cookies that every site can send", async () => {
    expect(refused({ cookieSameSite: "none", antiCsrf: "NONE" })).toBe("antiCsrf");
    expect(refused({ appInfo: elsewhere, antiCsrf: "NONE" })).toBe("antiCsrf");
    resolve({ cookieSameSite: "none", antiCsrf: "NONE", tokenTransfer: "header" });
    resolve({ antiCsrf: "NONE" });
    resolve({ appInfo: elsewhere, antiCsrf: "VIA_TOKEN" });
    const siblings = {
      appInfo: { ...APP, apiDomain: "https://a.github.io", websiteDomain: "https://b.github.io" },
      antiCsrf: "NONE",
    };
    await expect(resolve(siblings).loadSites()).rejects.toMatchObject({ payload: { option: "antiCsrf" } });
  });

  it("an access token path that does not cover sign-out, unless sign-out was taken elsewhere", () => {
    const appInfo = { ...APP, apiBasePath: "/api/auth", apiGatewayPath: "/v1" };
    for (const accessTokenPath of ["/api", "/v1/app", "/v1/api/auth/session/refresh", "/v1/api/a"])
      expect(refused({ appInfo, accessTokenPath })).toBe("accessTokenPath");
    for (const accessTokenPath of ["/", "/v1", "/v1/api", "/v1/api/auth"])
      resolve({ appInfo, accessTokenPath });
    resolve({ accessTokenPath: "/api", override: { apis: (apis: unknown) => apis } });
  });

  it("in production no store: the packages that are named are there", () => {
    expect(() => resolve({ store: undefined })).toThrow(
      "`@acme/session-store-postgres`, `@acme/session-store-mysql` or `@acme/session-store-redis`",
    );
  });

  it.each([
    ["postgres://app:geheim@db/app", "`postgresStore({ url })` of @acme/session-store-postgres"],
    ["postgresql://app:geheim@db/app", "`postgresStore({ url })` of @acme/session-store-postgres"],
    [new URL("postgres://app:geheim@db/app"), "`postgresStore({ url })` of @acme/session-store-postgres"],
    ["mysql://app:geheim@db/app", "`mysqlStore({ url })` of @acme/session-store-mysql"],
    ["MariaDB://app:geheim@db/app", "`mysqlStore({ url })` of @acme/session-store-mysql"],
    ["rediss://:geheim@db", "`redisStore({ url })` of @acme/session-store-redis"],
    ["geheim", "must be an object with the methods"],
    [{ connect() {}, query() {} }, "`postgresStore({ client: pool })` of @acme/session-store-postgres"],
    [
      Object.assign(() => {}, { unsafe() {}, begin() {} }),
      "`postgresStore({ client: sql })` of @acme/session-store-postgres",
    ],
    [{ getConnection() {}, query() {} }, "`mysqlStore({ client: pool })` of @acme/session-store-mysql"],
    [{ connect() {}, sendCommand() {} }, "`redisStore({ client })` of @acme/session-store-redis"],
    [MemoryStore, "`new MemoryStore()`"],
    [() => STORE, "must be a store, not a function: call it"],
    [Promise.resolve(STORE), "`await` it first"],
  ])(
    "what a store is made of is no store, and the message says how one is made of it: %#",
    (store, advice) => {
      expect(refused({ store })).toBe("store");
      expect(() => resolve({ store })).toThrow(advice);
      expect(() => resolve({ store })).not.toThrow("geheim");
    },
  );

  it("in production no store, and MemoryStore; tests say that they mean it", () => {
    for (const store of [undefined, new MemoryStore()]) {
      expect(refused({ store })).toBe("store");
      resolve({ store, allowTestValues: true });
      resolveOptions({ store } as SessionOptions, false);
    }
  });

  it("a secret that can be guessed, unless a test says that it means it", () => {
    expect(refused({ secret: "a".repeat(32) }, false)).toBe("secret");
    resolve({ secret: "a".repeat(32), allowTestValues: true });
  });
});

it("durations are whole milliseconds, however they are given", () => {
  const config = resolve({
    accessTokenValiditySeconds: 1.000_1,
    refreshTokenValidityMinutes: 1 / 3,
    absoluteLifetimeDays: 1 / 7,
    accessTokenSigningKeyUpdateIntervalHours: 1.1,
    refreshGracePeriodSeconds: 0.1 + 0.2,
    jwksRefreshIntervalSec: 1.000_7,
  });
  const times = [
    config.accessTokenValidityMs,
    config.refreshTokenValidityMs,
    config.absoluteLifetimeMs,
    config.rotationIntervalMs,
    config.refreshGraceMs,
    config.reloadIntervalMs,
  ];
  expect(times).toEqual([1000, 20_000, 12_342_857, 3_960_000, 300, 1001]);
  // Only a zero is one.
  const [tiny, off] = [0.000_1, 0].map((refreshGracePeriodSeconds) => resolve({ refreshGracePeriodSeconds }));
  expect([tiny?.refreshGraceMs, off?.refreshGraceMs]).toEqual([1, 0]);
});
