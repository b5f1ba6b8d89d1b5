import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { CookieJar } from "../support/cookie-jar.js";
import { foreignKey, resign } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { send, type WireResponse } from "../support/wire-client.js";

/** Two applications with this library on one registrable domain: stores, keys and secrets of their own, one browser. */
interface Deployment {
  readonly host: string;
  readonly options: SessionOptions;
}

const at = (origin: string, options: SessionOptions = {}, more: object = {}): Deployment => ({
  host: new URL(origin).hostname,
  options: {
    appInfo: { appName: origin, apiDomain: origin, websiteDomain: origin, ...more },
    accessTokenValiditySeconds: 60,
    ...options,
  },
});
const main = at("https://api.ex.com", { cookieDomain: "ex.com" });
const shop = at("https://shop.ex.com");

/** What `us` sees of `sibling`'s cookies it has not set. */
const SETUPS: [string, { us: Deployment; sibling: Deployment }][] = [
  ["a host below the sibling's domain", { us: shop, sibling: main }],
  ["a domain above the sibling's host", { us: main, sibling: shop }],
  ["the host that is the sibling's domain", { us: at("https://ex.com"), sibling: main }],
  ["a host whose parent keeps its cookies to itself", { us: main, sibling: at("https://ex.com") }],
  [
    "another port of the host, with other attributes",
    { us: at("https://ex.com:8443"), sibling: at("https://ex.com", { cookieDomain: "ex.com" }) },
  ],
  [
    "another path of the host",
    {
      us: at("https://ex.com", { accessTokenPath: "/" }, { apiBasePath: "/a/auth" }),
      sibling: at("https://ex.com", { cookieDomain: "ex.com" }, { apiBasePath: "/auth" }),
    },
  ],
  [
    "a domain of its own below the sibling's",
    { us: at("https://a.b.ex.com", { cookieDomain: "b.ex.com" }), sibling: main },
  ],
];

const STATES = ["absent", "expired", "live"] as const;
type State = (typeof STATES)[number];
interface Held {
  readonly access: State;
  readonly refresh: State;
}
const HELD: readonly Held[] = STATES.flatMap((access) => STATES.map((refresh) => ({ access, refresh })));
const ACTIONS = ["optional", "optional, changing", "required", "refresh", "sign-out", "login"] as const;

let apps: TestApp[] = [];
beforeEach(() => {
  apps = [];
});
afterEach(async () => {
  for (const app of apps) await app.close();
});

async function start({ options }: Deployment): Promise<TestApp> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}

const basePath = ({ options }: Deployment): string => options.appInfo?.apiBasePath ?? "/auth";

/** Tokens in these states, of a user of their own. A dead refresh token is one whose session is gone. */
async function tokensOf(
  app: TestApp,
  userId: string,
  held: Held,
): Promise<{ access?: string; refresh?: string }> {
  const login = async (): Promise<{ access: string; refresh: string }> => {
    const client = app.client("header");
    await client.send("POST", "/login", {}, JSON.stringify({ userId }));
    return { access: client.accessToken as string, refresh: client.refreshToken as string };
  };
  let dead: string | undefined;
  if (held.refresh === "expired") {
    dead = (await login()).refresh;
    await app.session.revokeAllSessionsForUser(userId);
  }
  const tokens = await login();
  const nowSeconds = app.clock.wallMs() / 1000;
  const access =
    held.access === "expired"
      ? await resign(app.store, tokens.access, { payload: { iat: nowSeconds - 61, exp: nowSeconds - 1 } })
      : tokens.access;
  return {
    ...(held.access === "absent" ? {} : { access }),
    ...(held.refresh === "absent" ? {} : { refresh: dead ?? tokens.refresh }),
  };
}

function put(
  jar: CookieJar,
  of: Deployment,
  { access, refresh }: { access?: string; refresh?: string },
): void {
  const { cookieDomain: domain, accessTokenPath = "/" } = of.options;
  const where = { domain, host: domain === undefined ? of.host : undefined };
  if (access !== undefined) jar.set({ name: "sAccessToken", value: access, path: accessTokenPath, ...where });
  if (refresh !== undefined) {
    jar.set({ name: "sRefreshToken", value: refresh, path: `${basePath(of)}/session/refresh`, ...where });
  }
}

async function act(
  app: TestApp,
  of: Deployment,
  jar: CookieJar,
  action: (typeof ACTIONS)[number],
  userId: string,
): Promise<WireResponse> {
  const [method, path] = {
    optional: ["GET", "/optional"],
    "optional, changing": ["POST", "/optional"],
    required: ["GET", "/me"],
    refresh: ["POST", `${basePath(of)}/session/refresh`],
    "sign-out": ["POST", `${basePath(of)}/signout`],
    login: ["POST", "/login"],
  }[action] as [string, string];
  const response = await send(
    app.origin,
    method,
    path,
    { cookie: jar.header(path, of.host), "st-auth-mode": "cookie" },
    action === "login" ? JSON.stringify({ userId }) : undefined,
  );
  jar.keep(response, of.host);
  return response;
}

/** What a client, and the store, see of an answer. */
async function seen(app: TestApp, jar: CookieJar, of: Deployment, response: WireResponse, userId: string) {
  const { cookieDomain } = of.options;
  const { message, status, userId: who } = (response.json ?? {}) as Record<string, unknown>;
  const front = response.header("front-token");
  return {
    status: response.status,
    body: response.json === null ? null : { message, status, isSomebody: who !== undefined },
    front: front === undefined || front === "remove" ? front : "set",
    own: jar.entries
      .filter(({ domain, host }) => domain === cookieDomain && (domain !== undefined || host === of.host))
      .map(({ name, path }) => `${name} ${path}`)
      .sort(),
    sessions: (await app.session.getAllSessionHandlesForUser(userId)).length,
  };
}

describe.each(SETUPS)("a sibling deployment's cookies at %s [sec C-11]", (_, { us, sibling }) => {
  it("are never expired, and every answer is as if they were not there", async () => {
    const [app, other] = [await start(us), await start(sibling)];
    const theirs: [Held, { access?: string; refresh?: string }][] = [];
    for (const held of HELD) theirs.push([held, await tokensOf(other, "theirs", held)]);
    let run = 0;
    for (const action of ACTIONS) {
      for (const ours of HELD) {
        let alone: unknown;
        for (const [held, tokens] of [[undefined, {}] as const, ...theirs]) {
          run += 1;
          const userId = `user-${run}`;
          const jar = new CookieJar(us.host);
          put(jar, sibling, tokens);
          const before = [...jar.entries];
          put(jar, us, await tokensOf(app, userId, ours));
          // An unknown secret is looked up once a second at most.
          app.clock.advanceSeconds(1);
          const response = await act(app, us, jar, action, userId);
          const answer = await seen(app, jar, us, response, userId);
          alone ??= answer;
          const what = { action, ours, theirs: held };
          expect({ ...what, answer }).toEqual({ ...what, answer: alone });
          const lost = before.filter((entry) => !jar.entries.includes(entry));
          expect({ ...what, lost }).toEqual({ ...what, lost: [] });
        }
      }
    }
    expect([...app.foreignErrors, ...other.foreignErrors]).toEqual([]);
  }, 120_000);
});

describe("whoever uses a shop beside the application they are signed in at", () => {
  let jar: CookieJar;
  let [a, b]: TestApp[] = [];
  const visit = async (
    app: TestApp,
    of: Deployment,
    action: (typeof ACTIONS)[number],
    userId = "user",
  ): Promise<number> => (await act(app, of, jar, action, userId)).status;
  /** The client of the field: a 401 makes it refresh and ask again. */
  const ask = async (app: TestApp, of: Deployment): Promise<number> => {
    const status = await visit(app, of, "required");
    if (status !== 401 || (await visit(app, of, "refresh")) !== 200) return status;
    return visit(app, of, "required");
  };

  beforeEach(async () => {
    jar = new CookieJar(shop.host);
    [a, b] = [await start(main), await start(shop)];
    expect(await visit(a as TestApp, main, "login")).toBe(200);
  });

  it("stays signed in at both, however often the shop's tokens expire and are refreshed", async () => {
    expect(await visit(b as TestApp, shop, "login")).toBe(200);
    for (let round = 0; round < 3; round += 1) {
      for (const app of apps) app.clock.advanceSeconds(61);
      expect(await ask(b as TestApp, shop)).toBe(200);
      expect(await ask(a as TestApp, main)).toBe(200);
      expect(jar.size).toBe(4);
    }
    expect(await visit(b as TestApp, shop, "sign-out")).toBe(200);
    expect(await ask(a as TestApp, main)).toBe(200);
  });

  it("is a guest at the shop, before and after its refresh has said so", async () => {
    expect(await visit(b as TestApp, shop, "optional")).toBe(200);
    expect(await ask(b as TestApp, shop)).toBe(401);
    expect(await visit(b as TestApp, shop, "optional")).toBe(200);
    expect(await ask(a as TestApp, main)).toBe(200);
  });

  it("stays signed in there while the shop's store is away, with what is in memory", async () => {
    expect(await visit(b as TestApp, shop, "login")).toBe(200);
    expect(await visit(b as TestApp, shop, "required")).toBe(200);
    // What was learned about the sibling's key is old by then.
    for (const app of apps) app.clock.advanceSeconds(40);
    (b as TestApp).store.fail = () => "before";
    expect(await visit(b as TestApp, shop, "required")).toBe(200);
  });
});

it("a guest of an application on another port of this host does not sign anybody out here", async () => {
  const [here, there] = [at("http://localhost:3000"), at("http://localhost:3001")];
  const [a, b] = [await start(here), await start(there)];
  const jar = new CookieJar("localhost");
  for (const [app, of, action, status] of [
    [a, here, "login", 200],
    [b, there, "optional", 200],
    [b, there, "required", 401],
    [b, there, "refresh", 401],
    [a, here, "required", 200],
    [a, here, "refresh", 200],
  ] as const) {
    expect([action, (await act(app, of, jar, action, "user")).status]).toEqual([action, status]);
  }
});

it("a cookie with a prefix counts before a sibling's plain one, on every step of the move", async () => {
  const other = await start(main);
  const theirs = await tokensOf(other, "theirs", { access: "live", refresh: "live" });
  for (const cookiePrefixes of ["accept", "move"] as const) {
    const app = await startApp({ ...shop.options, cookiePrefixes });
    apps.push(app);
    const ours = await tokensOf(app, "user", { access: "live", refresh: "live" });
    const cookie = (name: string): string =>
      name === "access"
        ? `sAccessToken=${theirs.access}; __Host-sAccessToken=${ours.access}`
        : `sRefreshToken=${theirs.refresh}; __Secure-sRefreshToken=${ours.refresh}`;
    expect((await send(app.origin, "GET", "/me", { cookie: cookie("access") })).status).toBe(200);
    const refreshed = await send(app.origin, "POST", "/auth/session/refresh", { cookie: cookie("refresh") });
    expect(refreshed.status).toBe(200);
  }
});

describe("after `apiDomain` was changed", () => {
  it("whoever comes back when no key of theirs is left is asked to sign in nowhere", async () => {
    const app = await start(main);
    const { access, refresh } = await tokensOf(app, "user", { access: "live", refresh: "live" });
    app.clock.advanceSeconds(60 * 86_400);
    const moved = await app.sibling({
      appInfo: { appName: "main", apiDomain: "https://api2.ex.com", websiteDomain: "https://ex.com" },
    });
    apps.push(moved);
    // Keys that are gone are deleted with the clean-up.
    await app.session.deleteExpiredSessions();
    const jar = new CookieJar("api2.ex.com");
    put(jar, main, { access: access as string, refresh: refresh as string });
    const there = { ...main, host: "api2.ex.com" };
    // A guest until then: no key is left that tells the token from another deployment's.
    expect((await act(moved, there, jar, "optional", "user")).json).toBeNull();
    expect((await act(moved, there, jar, "required", "user")).status).toBe(401);
    expect((await act(moved, there, jar, "refresh", "user")).status).toBe(200);
    expect((await act(moved, there, jar, "required", "user")).status).toBe(200);
  });

  it.each(["first", "last"])("a made-up cookie that names us, sent %s, locks nobody out", async (place) => {
    const app = await start(main);
    const moved = await app.sibling({
      appInfo: { appName: "main", apiDomain: "https://api2.ex.com", websiteDomain: "https://ex.com" },
    });
    apps.push(moved);
    const { access, refresh } = await tokensOf(app, "user", { access: "live", refresh: "live" });
    const madeUp = await resign(app.store, access as string, {
      header: { kid: "d-invented" },
      payload: { iss: "https://api2.ex.com/auth" },
      key: foreignKey(),
    });
    const tokens = place === "first" ? [madeUp, access] : [access, madeUp];
    const cookie = tokens.map((token) => `sAccessToken=${token}`).join("; ");
    expect((await send(moved.origin, "GET", "/me", { cookie })).status).toBe(200);
    expect((await send(moved.origin, "GET", "/optional", { cookie })).json).toMatchObject({ userId: "user" });
    const both = { cookie: `${cookie}; sRefreshToken=${refresh}` };
    const refreshed = await send(moved.origin, "POST", "/auth/session/refresh", both);
    expect(refreshed.status).toBe(200);
    expect((await send(moved.origin, "POST", "/auth/signout", { cookie })).status).toBe(200);
    expect(await app.session.getAllSessionHandlesForUser("user")).toEqual([]);
  });

  it("a key that is still there is ours, whoever the token names", async () => {
    const app = await start(main);
    const moved = await app.sibling({
      appInfo: { appName: "main", apiDomain: "https://api2.ex.com", websiteDomain: "https://ex.com" },
    });
    apps.push(moved);
    const { access } = await tokensOf(app, "user", { access: "live", refresh: "live" });
    const cookie = `sAccessToken=${access}`;
    expect((await send(moved.origin, "GET", "/me", { cookie })).status).toBe(200);
    const doubled = `${cookie}; sAccessToken=${await resign(app.store, access as string, {
      header: { kid: "d-elsewhere" },
      payload: { iss: "https://third.ex.com/auth" },
      key: foreignKey(),
    })}`;
    expect((await send(moved.origin, "GET", "/me", { cookie: doubled })).status).toBe(200);
    app.clock.advanceSeconds(61);
    expect((await send(moved.origin, "GET", "/optional", { cookie })).json).toEqual({
      message: "try refresh token",
    });
  });
});
