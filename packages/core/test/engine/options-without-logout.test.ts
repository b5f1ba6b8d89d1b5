import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { WireClient } from "../support/wire-client.js";

type Option = keyof Required<SessionOptions>;
/** Two deployments on one store, side by side; in both orders, all but where `oneWay` says why not. */
interface Change {
  readonly from: SessionOptions;
  readonly to: SessionOptions;
}

const [A, B] = ["qk2Vn0x8sW7cP4tL9yB3fH6jR1mD5gZa", "Zr8uE2wQ6oT4iY0pA7sK1dG9hJ3lX5cV"] as const;
const change = (from: SessionOptions, to: SessionOptions): Change => ({ from, to });
/** The option not given, then given. */
const given = (to: SessionOptions): Change => change({}, to);
const api = (more: object): SessionOptions => ({ appInfo: { ...APP_INFO, ...more } });

/** What a user may change while everything runs. Each step of an option with a migration window is a change of its own. */
const CHANGES: { readonly [O in Option]: readonly Change[] | string } = {
  appInfo: [given(api({ appName: "other" })), given(api({ websiteDomain: "https://www.example.com" }))],
  namespace: "another namespace is another application: choose it once",
  store: "sessions are moved with copySessions (docs/migrating.md)",
  secret: [
    given({ secret: A }),
    change({ secret: A }, { secret: [A, "stored"] }),
    change({ secret: [A, "stored"] }, { secret: [A, B, "stored"] }),
    change({ secret: [A, B, "stored"] }, { secret: [B, A, "stored"] }),
    change({ secret: [A, "stored"] }, { secret: ["stored", A] }),
  ],
  plugins: [given({ plugins: [] })],
  claims: [given({ claims: [] })],
  cookieDomain: [given({ cookieDomain: "example.com", olderCookieDomain: "" })],
  olderCookieDomain: [
    change({ cookieDomain: "example.com" }, { cookieDomain: "example.com", olderCookieDomain: "" }),
  ],
  cookieSecure: [given({ cookieSecure: false })],
  cookieSameSite: [given({ cookieSameSite: "strict" }), given({ cookieSameSite: "none" })],
  accessTokenPath: "browsers keep the cookie of the old path beside the new one: choose it once",
  cookiePrefixes: [
    given({ cookiePrefixes: "accept" }),
    change({ cookiePrefixes: "accept" }, { cookiePrefixes: "move" }),
    change({ cookiePrefixes: "move" }, { cookiePrefixes: true }),
  ],
  sessionExpiredStatusCode: "the browser client has to be configured with it",
  invalidClaimStatusCode: [given({ invalidClaimStatusCode: 418 })],
  antiCsrf: [
    given({ antiCsrf: "VIA_CUSTOM_HEADER" }),
    given({ antiCsrf: "VIA_TOKEN" }),
    change({ antiCsrf: "VIA_CUSTOM_HEADER" }, { antiCsrf: "VIA_TOKEN" }),
  ],
  tokenTransfer: [given({ tokenTransfer: "cookie" })],
  getTokenTransferMethod: [given({ getTokenTransferMethod: () => "any" })],
  getCookieNameForTokenType: [
    given({ getCookieNameForTokenType: (_, type) => (type === "access" ? "sAccessToken" : "sRefreshToken") }),
  ],
  getResponseHeaderNameForTokenType: [
    given({ getResponseHeaderNameForTokenType: (_, type) => `st-${type}-token` }),
  ],
  exposeAccessTokenToFrontendInCookieBasedAuth: [
    given({ exposeAccessTokenToFrontendInCookieBasedAuth: true }),
  ],
  useDynamicAccessTokenSigningKey: [given({ useDynamicAccessTokenSigningKey: false })],
  jwksRefreshIntervalSec: [given({ jwksRefreshIntervalSec: 1 })],
  errorHandlers: [given({ errorHandlers: {} })],
  override: [given({ override: { functions: (original) => ({ ...original }) } })],
  accessTokenValiditySeconds: [
    given({ accessTokenValiditySeconds: 60 }),
    given({ accessTokenValiditySeconds: 86_400 }),
  ],
  accessTokenValidityJitter: [given({ accessTokenValidityJitter: 0.05 })],
  refreshTokenValidityMinutes: [given({ refreshTokenValidityMinutes: 100_000 })],
  absoluteLifetimeDays: [given({ absoluteLifetimeDays: 100 })],
  accessTokenSigningKeyUpdateIntervalHours: [
    given({ accessTokenSigningKeyUpdateIntervalHours: 1 }),
    given({ accessTokenSigningKeyUpdateIntervalHours: 8760 }),
  ],
  refreshGracePeriodSeconds: [given({ refreshGracePeriodSeconds: 60 })],
  signingAlgorithm: [given({ signingAlgorithm: "RS256" }), given({ signingAlgorithm: "EdDSA" })],
  checkDatabaseByDefault: [given({ checkDatabaseByDefault: true })],
  revokePreviousSession: [given({ revokePreviousSession: false })],
  verifiedTokenCache: [given({ verifiedTokenCache: false })],
  refreshRateLimit: [given({ refreshRateLimit: false })],
  clock: "passed in by tests",
  random: "passed in by tests",
  logger: [given({ logger: { debug() {}, info() {}, warn() {} } })],
  onEvent: [given({ onEvent: () => {} })],
  debug: [given({ debug: true })],
  allowTestValues: [given({ allowTestValues: true })],
};

/** What a browser holds, in front of the other process. */
const at = (app: TestApp, client: WireClient): WireClient =>
  Object.assign(new WireClient(app.origin, client.mode), { ...client.copy(), origin: app.origin });

/** The two processes answer one client in turns, for longer than an access token and a signing key live. */
async function expectNobodyOut(
  first: SessionOptions,
  second: SessionOptions,
  inUse: SessionOptions = first,
): Promise<void> {
  const before = await startApp(inUse);
  await before.client("header").send("POST", "/login");
  const old = await before.sibling({ refreshRateLimit: false, ...unset(inUse), ...first });
  const young = await old.sibling({ refreshRateLimit: false, ...unset(first), ...second });
  try {
    for (const mode of ["cookie", "header"] as const) {
      const origin = first.tokenTransfer ?? second.tokenTransfer;
      if (origin === "cookie" && mode === "header") continue;
      let client = old.client(mode);
      expect((await client.send("POST", "/login")).status).toBe(200);
      for (let turn = 0; turn < 12; turn += 1) {
        client = at(turn % 2 === 0 ? young : old, client);
        for (const method of ["GET", "POST"]) {
          let answer = await client.send(method, "/me");
          if (answer.status === 401) {
            // As the browser client does: refresh at whichever process, then again.
            expect((await client.refresh()).status, `refresh, turn ${turn}`).toBe(200);
            answer = await client.send(method, "/me");
          }
          expect(answer.status, `${method}, turn ${turn}`).toBe(200);
        }
        expect((await client.refresh()).status, `refresh, turn ${turn}`).toBe(200);
        old.clock.advanceSeconds(1_801);
      }
    }
    expect([...old.events, ...young.events].filter(({ type }) => type === "theft")).toEqual([]);
  } finally {
    await young.close();
    await old.close();
    await before.close();
  }
}

/** The options of the first process are none of the second's. */
const unset = (options: SessionOptions): SessionOptions =>
  Object.fromEntries(Object.keys(options).map((name) => [name, name === "appInfo" ? APP_INFO : undefined]));

describe("changing an option in a rolling deploy signs nobody out", () => {
  for (const [option, changes] of Object.entries(CHANGES)) {
    if (typeof changes === "string") continue;
    describe(option, () => {
      for (const [number, { from, to }] of changes.entries()) {
        it(`change ${number + 1}: the session began before`, () => expectNobodyOut(from, to));
        it(`change ${number + 1}: the session began after`, () => expectNobodyOut(to, from, from));
      }
    });
  }

  it("and docs/running.md says what has steps, or cannot be changed while people are signed in", () => {
    const guide = readFileSync(new URL("../../../../docs/running.md", import.meta.url), "utf8");
    const [, section = ""] = guide.split("## Changing an option while people are signed in");
    for (const option of [
      "cookiePrefixes",
      "secret",
      "cookieDomain",
      "accessTokenPath",
      "sessionExpiredStatusCode",
      "namespace",
    ]) {
      expect(section.split("\n## ")[0], option).toContain(`\`${option}\``);
    }
  });
});
