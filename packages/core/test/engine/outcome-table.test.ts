import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import type { VerifySessionOptions } from "../../src/session/types.js";
import { foreignKey, resign, signToken } from "../support/forge-token.js";
import { type Handler, startApp, type TestApp, wrap } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { rule, TestClaim } from "../support/test-claims.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

/** One protected route, whose options a row sets, on a fresh app with a client that has just signed in. */
interface World {
  app: TestApp;
  client: WireClient;
  options: VerifySessionOptions;
  inHandler?: (
    session: NonNullable<Awaited<ReturnType<TestApp["session"]["getSession"]>>>,
  ) => Promise<unknown>;
  /** Extra instances that the row started. */
  others: TestApp[];
}

type Headers = Record<string, string | undefined>;

interface Row {
  /** As in wire-contract.md 7. */
  id: string;
  what: string;
  app?: SessionOptions;
  mode?: "cookie" | "header";
  guard?: VerifySessionOptions;
  request(world: World): Promise<WireResponse>;
  /** Outcome with `sessionRequired` true, and false. */
  R: string;
  O: string;
  check?(world: World, response: WireResponse): void;
}

const CHECKED: VerifySessionOptions = { checkDatabase: true };
const guard: Handler = async (req, res, session) => {
  const world = worlds.get(session) as World;
  const found = await session.getSession(req, res, world.options);
  if (found === undefined) return null;
  await world.inHandler?.(found);
  return { userId: found.getUserId(), payload: found.getAccessTokenPayload() };
};
const verifySession: Handler = async (req, res, session, adapter) => {
  const found = await adapter.verifySession(
    wrap(req, res),
    adapter.guardOptions((worlds.get(session) as World).options),
  );
  return found === undefined ? null : { userId: found.getUserId() };
};
const worlds = new WeakMap<TestApp["session"], World>();

const get = ({ client }: World, headers?: Headers): Promise<WireResponse> =>
  client.send("GET", "/guard", headers);
const post = ({ client }: World, headers?: Headers): Promise<WireResponse> =>
  client.send("POST", "/guard", headers);
/** Without anything a client would add. */
const bare = ({ app }: World, headers: Headers, method = "GET", path = "/guard"): Promise<WireResponse> =>
  send(app.origin, method, path, headers);
const accessCookie = (world: World): string => world.client.cookies.get("sAccessToken") as string;
const cookieOf = (token: string): Headers => ({ cookie: `sAccessToken=${token}` });
const expire = (world: World): void => world.app.clock.advanceSeconds(3600);
const calls = ({ app }: World): readonly string[] => app.store.sessionCalls;

async function refreshed(world: World): Promise<void> {
  expect((await world.client.refresh()).status).toBe(200);
  world.app.store.reset();
}

async function anotherLogin(world: World, userId: string): Promise<string> {
  const other = world.app.client("header");
  await other.send("POST", "/login", {}, JSON.stringify({ userId }));
  return other.accessToken as string;
}

const foreignJwt = (): string =>
  signToken({ alg: "ES256", typ: "JWT", kid: "k1" }, { sub: "x", exp: 4e9 }, foreignKey());
const breakSignature = (token: string): string =>
  token.replace(/.{4}$/, (end) => (end === "AAAA" ? "BBBB" : "AAAA"));
const failing = new TestClaim("mood", "bad");

const ROWS: Row[] = [
  { id: "J-1, G-5, G-6", what: "nothing", request: (w) => bare(w, {}), R: "401-KEEP", O: "none" },
  {
    id: "J-2",
    what: "only a refresh cookie",
    request: (w) => bare(w, { cookie: `sRefreshToken=${w.client.cookies.get("sRefreshToken")}` }),
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-3",
    what: "an access token without a refresh token",
    request: (w) => bare(w, cookieOf(accessCookie(w))),
    R: "session",
    O: "session",
  },
  ...(
    [
      ["garbage", async () => "garbage"],
      ["another JWT", async () => foreignJwt()],
      ["a wrong stt", (w) => resign(w.app.store, accessCookie(w), { payload: { stt: 1 } })],
      [
        "no kid",
        (w) => resign(w.app.store, accessCookie(w), { header: { kid: undefined }, key: foreignKey() }),
      ],
    ] satisfies [string, (world: World) => Promise<string>][]
  ).map(
    ([what, token]): Row => ({
      id: "J-4",
      what: `an access cookie with ${what}`,
      request: async (w) => bare(w, cookieOf(await token(w))),
      R: "401-KEEP",
      O: "none",
    }),
  ),
  ...["Basic abc", "Bearer", "Bearer   "].map(
    (authorization): Row => ({
      id: "J-5",
      what: `authorization \`${authorization}\``,
      request: (w) => bare(w, { authorization }),
      R: "401-KEEP",
      O: "none",
    }),
  ),
  {
    id: "J-6",
    what: "a foreign JWT in the header beside our cookie",
    request: (w) => bare(w, { ...cookieOf(accessCookie(w)), authorization: `Bearer ${foreignJwt()}` }),
    R: "session",
    O: "session",
  },
  {
    id: "J-7",
    what: "the same with policy header",
    app: { getTokenTransferMethod: ({ forCreateNewSession }) => (forCreateNewSession ? "cookie" : "header") },
    request: (w) => bare(w, { ...cookieOf(accessCookie(w)), authorization: `Bearer ${foreignJwt()}` }),
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-8",
    what: "ours in the header, another of ours in the cookie: the header counts, the cookie is left alone",
    request: async (w) =>
      bare(w, {
        ...cookieOf(accessCookie(w)),
        authorization: `Bearer ${await anotherLogin(w, "header-user")}`,
      }),
    R: "session",
    O: "session",
    check: (_, response) => expect(response.json).toMatchObject({ userId: "header-user" }),
  },
  {
    id: "J-9, G-7",
    what: "an expired access token",
    request: (w) => {
      expire(w);
      return get(w);
    },
    R: "401-TRY",
    O: "401-TRY",
  },
  {
    id: "J-10",
    what: "an unknown key",
    request: async (w) =>
      bare(
        w,
        cookieOf(await resign(w.app.store, accessCookie(w), { header: { kid: "d-0" }, key: foreignKey() })),
      ),
    R: "401-TRY",
    O: "401-TRY",
  },
  {
    id: "J-10",
    what: "a wrong signature",
    request: (w) => bare(w, cookieOf(breakSignature(accessCookie(w)))),
    R: "401-TRY",
    O: "401-TRY",
  },
  {
    id: "J-11",
    what: "a token of another deployment",
    request: async (w) => {
      const elsewhere = await startApp({
        appInfo: { appName: "b", apiDomain: "https://api.other.org", websiteDomain: "https://other.org" },
      });
      w.others.push(elsewhere);
      const stranger = elsewhere.client();
      await stranger.send("POST", "/login");
      return bare(w, cookieOf(stranger.cookies.get("sAccessToken") as string));
    },
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-12",
    what: "another issuer, signed by our key",
    request: async (w) =>
      bare(
        w,
        cookieOf(await resign(w.app.store, accessCookie(w), { payload: { iss: "https://else.where" } })),
      ),
    R: "session",
    O: "session",
  },
  {
    id: "J-13, G-8, Y-10",
    what: "a token of the other key family",
    request: async (w) => {
      const fixed = await w.app.sibling({ useDynamicAccessTokenSigningKey: false });
      w.others.push(fixed);
      const other = fixed.client();
      await other.send("POST", "/login");
      return bare(w, cookieOf(other.cookies.get("sAccessToken") as string));
    },
    R: "401-TRY",
    O: "401-TRY",
  },
  {
    id: "J-14",
    what: "version 5 without rsub",
    request: async (w) =>
      bare(w, cookieOf(await resign(w.app.store, accessCookie(w), { payload: { rsub: undefined } }))),
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-15, G-11",
    what: "a valid token: no store, no headers",
    request: get,
    R: "session",
    O: "session",
    check: (w) => expect(calls(w)).toEqual([]),
  },
  {
    id: "J-16, G-14",
    what: "a marked token, used for the first time",
    request: async (w) => {
      await refreshed(w);
      return get(w);
    },
    R: "session + tokens",
    O: "session + tokens",
    check: (w) => expect(calls(w)).toEqual(["promoteSession"]),
  },
  {
    id: "J-17, G-15",
    what: "a marked token, already promoted",
    request: async (w) => {
      await refreshed(w);
      const marked = accessCookie(w);
      await get(w);
      return bare(w, cookieOf(marked));
    },
    R: "session + tokens",
    O: "session + tokens",
    check: (w) => expect(w.app.store.writes).toEqual(["promoteSession", "promoteSession"]),
  },
  {
    id: "J-18, G-13, V-6",
    what: "a marked token whose row is gone (design decision 2: the refresh that follows clears)",
    request: async (w) => {
      await refreshed(w);
      await w.app.session.revokeAllSessionsForUser("user-1");
      return get(w);
    },
    R: "401-KEEP",
    O: "401-KEEP",
  },
  {
    id: "J-19, V-5",
    what: "a session revoked in this process, on a route that asks for no look at the store: it is over at once",
    request: async (w) => {
      await w.app.session.revokeAllSessionsForUser("user-1");
      return get(w);
    },
    R: "401-KEEP",
    O: "401-KEEP",
    check: (w) => expect(w.app.store.sessionCalls).toEqual(["deleteSessionsOfUser", "getSession"]),
  },
  {
    id: "J-20, G-12, V-6",
    what: "a revoked session, with checkDatabase (design decision 2)",
    guard: CHECKED,
    request: async (w) => {
      await w.app.session.revokeAllSessionsForUser("user-1");
      return get(w);
    },
    R: "401-KEEP",
    O: "401-KEEP",
  },
  {
    id: "J-21, G-16",
    what: "checkDatabase, and the row's payload is newer",
    guard: CHECKED,
    request: async (w) => {
      await w.app.session.mergeIntoAccessTokenPayload(w.client.front.up.sessionHandle as string, {
        role: "admin",
      });
      return get(w);
    },
    R: "session + tokens",
    O: "session + tokens",
    check: (w, response) => {
      expect(response.json).toMatchObject({ payload: { role: "admin" } });
      expect(w.client.front.up.role).toBe("admin");
    },
  },
  {
    id: "J-22",
    what: "checkDatabase, and nothing has changed",
    guard: CHECKED,
    request: get,
    R: "session",
    O: "session",
    check: (w) => expect(calls(w)).toEqual(["getSession"]),
  },
  {
    id: "J-23",
    what: "POST with mode NONE",
    app: { antiCsrf: "NONE" },
    request: (w) => post(w),
    R: "session",
    O: "session",
  },
  ...[undefined, "wrong", ""].map(
    (value): Row => ({
      id: "J-24, G-9, G-10",
      what: `POST with mode VIA_TOKEN and the header ${value === undefined ? "missing" : `\`${value}\``}`,
      app: { antiCsrf: "VIA_TOKEN" },
      request: (w) => post(w, { "anti-csrf": value }),
      R: "401-TRY",
      O: "401-TRY",
    }),
  ),
  {
    id: "J-25",
    what: "POST with mode VIA_TOKEN and no access token",
    app: { antiCsrf: "VIA_TOKEN" },
    request: (w) => bare(w, {}, "POST"),
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-26, G-4, N-5",
    what: "POST with mode VIA_CUSTOM_HEADER and no rid",
    app: { antiCsrf: "VIA_CUSTOM_HEADER" },
    request: (w) => post(w, { rid: undefined }),
    R: "401-TRY",
    O: "401-TRY",
  },
  ...(["NONE", "VIA_TOKEN", "VIA_CUSTOM_HEADER"] as const).map(
    (antiCsrf): Row => ({
      id: "J-27, G-3, N-3",
      what: `POST with a Bearer token and mode ${antiCsrf}`,
      app: { antiCsrf },
      mode: "header",
      request: (w) => post(w, { rid: undefined, "anti-csrf": undefined }),
      R: "session",
      O: "session",
    }),
  ),
  {
    id: "J-28, G-3",
    what: "GET with mode VIA_TOKEN and no header",
    app: { antiCsrf: "VIA_TOKEN" },
    request: (w) => get(w, { "anti-csrf": undefined }),
    R: "session",
    O: "session",
  },
  {
    id: "J-29, N-3",
    what: "GET with antiCsrfCheck, mode VIA_TOKEN and no header",
    app: { antiCsrf: "VIA_TOKEN" },
    guard: { antiCsrfCheck: true },
    request: (w) => get(w, { "anti-csrf": undefined }),
    R: "401-TRY",
    O: "401-TRY",
  },
  {
    id: "J-30, N-6",
    what: "POST without antiCsrfCheck",
    app: { antiCsrf: "VIA_TOKEN" },
    guard: { antiCsrfCheck: false },
    request: (w) => post(w, { "anti-csrf": undefined }),
    R: "session",
    O: "session",
  },
  {
    id: "J-31, G-7",
    what: "a token without anti-CSRF claim, and the mode is VIA_TOKEN now",
    app: { antiCsrf: "VIA_TOKEN" },
    request: async (w) => {
      const before = await w.app.sibling({ antiCsrf: "NONE" });
      w.others.push(before);
      const other = before.client();
      await other.send("POST", "/login");
      return bare(w, cookieOf(other.cookies.get("sAccessToken") as string), "POST");
    },
    R: "401-TRY",
    O: "401-TRY",
  },
  ...[false, true].map(
    (newestFirst): Row => ({
      id: "J-32, G-2",
      what: `two access cookies of one session, the newest ${newestFirst ? "first" : "last"}`,
      request: async (w) => {
        const older = accessCookie(w);
        w.app.clock.advanceSeconds(1);
        await w.client.send("POST", "/merge", {}, JSON.stringify({ version: 2 }));
        const pair = newestFirst ? [accessCookie(w), older] : [older, accessCookie(w)];
        return bare(w, { cookie: pair.map((token) => `sAccessToken=${token}`).join("; ") });
      },
      R: "session",
      O: "session",
      check: (_, response) => expect(response.json).toMatchObject({ payload: { version: 2 } }),
    }),
  ),
  {
    id: "J-33, G-2",
    what: "two access cookies of different sessions",
    app: { cookieDomain: "api.example.com", olderCookieDomain: ".example.com" },
    request: async (w) =>
      bare(w, { cookie: `sAccessToken=${accessCookie(w)}; sAccessToken=${await anotherLogin(w, "user-2")}` }),
    // One of them was planted: all that are not ours go.
    R: "401-TRY + took sAccessToken",
    O: "401-TRY + took sAccessToken",
  },
  {
    id: "J-34",
    what: "two garbage access cookies",
    request: (w) => bare(w, { cookie: "sAccessToken=a; sAccessToken=b.c.d" }),
    R: "401-KEEP",
    O: "none",
  },
  {
    id: "J-35",
    what: "a validator that says no",
    app: { plugins: [{ name: "p", globalClaimValidators: [rule("no", false, "because")] }] },
    request: get,
    R: "403",
    O: "403",
    check: (_, response) =>
      expect(response.json).toEqual({
        message: "invalid claim",
        claimValidationErrors: [{ id: "no", reason: "because" }],
      }),
  },
  {
    id: "J-36",
    what: "the same, and the route wants no validators",
    app: { plugins: [{ name: "p", globalClaimValidators: [rule("no", false)] }] },
    guard: { overrideGlobalClaimValidators: () => [] },
    request: get,
    R: "session",
    O: "session",
  },
  {
    id: "J-37, G-19",
    what: "a claim is fetched, and is right",
    guard: { overrideGlobalClaimValidators: () => [failing.is("bad")] },
    request: get,
    R: "session + tokens",
    O: "session + tokens",
    check: (w) => {
      expect(calls(w)).toEqual(["updateAccessTokenPayload"]);
      expect(w.client.front.up.mood).toMatchObject({ v: "bad" });
    },
  },
  {
    id: "J-38, G-18",
    what: "a claim is fetched, and is wrong",
    guard: { overrideGlobalClaimValidators: () => [failing.is("good")] },
    request: get,
    R: "403 + tokens",
    O: "403 + tokens",
    check: (w) => {
      expect(calls(w)).toEqual(["updateAccessTokenPayload"]);
      expect(w.client.front.up.mood).toMatchObject({ v: "bad" });
    },
  },
  ...["OPTIONS", "TRACE"].flatMap((method): Row[] => [
    {
      id: "J-39",
      what: `${method} without a token is guarded like any other (design decision 20)`,
      request: (w) => bare(w, {}, method, "/verify"),
      R: "401-KEEP",
      O: "none",
    },
    {
      id: "J-39",
      what: `${method} with a token`,
      request: (w) => bare(w, cookieOf(accessCookie(w)), method, "/verify"),
      R: "session",
      O: "session",
    },
  ]),
  {
    id: "J-40",
    what: "POST on the refresh path via verifySession refreshes; the handler behind it runs only for whom the route lets in",
    app: { override: { apis: (original) => ({ ...original, refreshPOST: undefined }) } },
    guard: { overrideGlobalClaimValidators: () => [rule("no", false)] },
    request: (w) => w.client.refresh(),
    R: "403 + tokens",
    O: "403 + tokens",
  },
  {
    id: "J-40",
    what: "the same where the route asks for nothing",
    app: { override: { apis: (original) => ({ ...original, refreshPOST: undefined }) } },
    request: (w) => w.client.refresh(),
    R: "session + tokens",
    O: "session + tokens",
  },
  {
    id: "J-40",
    what: "the same without a refresh token",
    app: { override: { apis: (original) => ({ ...original, refreshPOST: undefined }) } },
    request: (w) => bare(w, {}, "POST", "/auth/session/refresh"),
    R: "401-CLEAR",
    O: "401-CLEAR",
  },
  {
    id: "J-42",
    what: "the store is down, and a marked token needs it (design decision 3)",
    request: async (w) => {
      await refreshed(w);
      w.app.store.fail = () => "before";
      return get(w);
    },
    R: "503",
    O: "503",
    check: (_, response) => expect(response.header("retry-after")).toBe("1"),
  },
  {
    id: "J-42",
    what: "the store is down, and the route wants it (design decision 3)",
    guard: CHECKED,
    request: (w) => {
      w.app.store.fail = () => "before";
      return get(w);
    },
    R: "503",
    O: "503",
  },
  {
    id: "J-43",
    what: "the store is down, and nothing needs it",
    request: (w) => {
      w.app.store.fail = () => "before";
      return get(w);
    },
    R: "session",
    O: "session",
  },
  {
    id: "J-44, M-7",
    what: "the token expires while the handler runs",
    request: (w) => {
      w.inHandler = async (session) => {
        expire(w);
        await session.mergeIntoAccessTokenPayload({ late: true });
        expect(session.getAccessTokenPayload()).toMatchObject({ late: true });
        expect(session.getUserId()).toBe("user-1");
      };
      return get(w);
    },
    R: "session",
    O: "session",
  },
  {
    id: "J-46, G-15b",
    what: "checkDatabase, and the token's branch was rotated out",
    guard: CHECKED,
    request: async (w) => {
      const old = accessCookie(w);
      for (let i = 0; i < 2; i++) {
        await w.client.refresh();
        await get(w);
      }
      return bare(w, cookieOf(old));
    },
    R: "401-TRY",
    O: "401-TRY",
  },
];

let world: World | undefined;
afterEach(async () => {
  for (const app of [world?.app, ...(world?.others ?? [])]) await app?.close();
});

async function run(row: Row, sessionRequired: boolean): Promise<void> {
  const app = await startApp(
    { antiCsrf: "NONE", ...row.app },
    {
      "GET /guard": guard,
      "POST /guard": guard,
      "OPTIONS /verify": verifySession,
      "TRACE /verify": verifySession,
      "POST /auth/session/refresh": verifySession,
    },
  );
  world = { app, client: app.client(row.mode), options: { ...row.guard, sessionRequired }, others: [] };
  worlds.set(app.session, world);
  await world.client.send("POST", "/login");
  app.store.reset();
  const response = await row.request(world);
  expect(outcome(response)).toBe(sessionRequired ? row.R : row.O);
  row.check?.(world, response);
  expect(app.foreignErrors).toEqual([]);
}

describe("what a protected request comes to", () => {
  for (const row of ROWS) {
    it(`[wire ${row.id}] ${row.what}: ${row.R}`, () => run(row, true));
    it(`[wire ${row.id}] ${row.what}, session optional: ${row.O}`, () => run(row, false));
  }

  it("[wire J-45] options undefined: all defaults", async () => {
    const app = await startApp(
      {},
      {
        "GET /guard": async (req, res, session) =>
          (await session.getSession(req, res, undefined))?.getUserId(),
      },
    );
    world = { app, client: app.client(), options: {}, others: [] };
    expect(outcome(await bare(world, {}))).toBe("401-KEEP");
    await world.client.send("POST", "/login");
    expect((await get(world)).json).toBe("user-1");
  });

  it("[wire J-39] HEAD counts as GET: no anti-CSRF check (design decision 20)", async () => {
    const app = await startApp({ antiCsrf: "VIA_TOKEN" }, { "HEAD /guard": guard });
    world = { app, client: app.client(), options: {}, others: [] };
    worlds.set(app.session, world);
    await world.client.send("POST", "/login");
    expect((await world.client.send("HEAD", "/guard", { "anti-csrf": undefined })).status).toBe(200);
    const refused = await bare(world, {}, "HEAD");
    expect([refused.status, refused.body]).toEqual([401, ""]);
  });
});
