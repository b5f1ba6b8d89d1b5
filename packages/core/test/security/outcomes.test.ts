import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, tokenEffect } from "../support/outcome.js";
import { rowOf } from "../support/store-rows.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

let app: TestApp;
beforeEach(async () => {
  app = await startApp();
});
afterEach(() => app.close());

async function signIn(mode: "cookie" | "header" = "cookie"): Promise<WireClient> {
  const client = app.client(mode);
  expect((await client.send("POST", "/login")).status).toBe(200);
  return client;
}

/** Has refreshed, and not used what it got: its next request needs the store. */
async function refreshed(mode?: "cookie" | "header"): Promise<WireClient> {
  const client = await signIn(mode);
  expect((await client.refresh()).status).toBe(200);
  return client;
}

type Step = (client: WireClient) => Promise<WireResponse>;
/** The columns of the fault matrix: what needs the store, and what does not. */
const NEEDS_STORE: readonly [string, Step, typeof signIn][] = [
  ["verify after a refresh", (client) => client.send("GET", "/me"), refreshed],
  ["optional session after a refresh", (client) => client.send("GET", "/optional"), refreshed],
  ["verify with database check", (client) => client.send("GET", "/checked"), signIn],
  ["refresh", (client) => client.refresh(), signIn],
  ["refresh that promotes", (client) => client.refresh(), refreshed],
  ["create", (client) => client.send("POST", "/login"), signIn],
  ["sign out [sec S-05]", (client) => client.send("POST", "/auth/signout"), signIn],
  ["revoke", (client) => client.send("POST", "/logout"), signIn],
  ["merge", (client) => client.send("POST", "/merge", {}, '{"a":1}'), signIn],
];

describe.each(["before", "after"] as const)("the store fails %s the operation [sec O-01, O-02]", (when) => {
  describe.each(["cookie", "header"] as const)("tokens in %s", (mode) => {
    it.each(NEEDS_STORE)(
      "%s: 503, nothing is cleared, and the retry goes on",
      async (name, step, prepare) => {
        const client = await prepare(mode);
        app.store.fail = () => when;
        for (let n = 0; n < 2; n += 1) {
          const response = await step(client);
          expect([response.status, response.json]).toEqual([503, { message: "session store unavailable" }]);
          expect([response.header("retry-after"), tokenEffect(response)]).toEqual(["1", "untouched"]);
        }
        app.store.fail = undefined;
        const wasEnded = when === "after" && /sign out|revoke/.test(name);
        const retry = await step(client);
        expect(retry.status).toBe(200);
        if (!/sign out|revoke/.test(name)) {
          expect((await client.refresh()).status).toBe(200);
          expect((await client.send("GET", "/me")).status).toBe(200);
        } else {
          expect(tokenEffect(retry)).toMatch(/^cleared /);
        }
        expect(app.events.some(({ type }) => type === "store_unavailable")).toBe(true);
        expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
        expect(app.foreignErrors).toEqual([]);
        expect(wasEnded || when === "before" || app.store.calls.length > 0).toBe(true);
      },
    );
  });

  it("what needs no store does not notice: verify, optional, foreign and missing tokens", async () => {
    const client = await signIn();
    app.store.fail = () => when;
    app.store.reset();
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect((await client.send("GET", "/optional")).status).toBe(200);
    expect((await app.client().send("GET", "/optional")).json).toBeNull();
    expect((await app.client().send("GET", "/me")).status).toBe(401);
    expect((await app.client().refresh({ cookie: "sRefreshToken=junk" })).status).toBe(401);
    expect(app.store.calls).toEqual([]);
  });
});

it("every error says what to do with it, and its cause is the driver's, without its text [sec O-02, L-03]", async () => {
  const client = await signIn("header");
  app.store.fail = () => "before";
  const error: unknown = await app.session
    .refreshSessionWithoutRequestResponse(client.refreshToken as string)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    type: "STORE_UNAVAILABLE",
    status: 503,
    statusCode: 503,
    retryable: true,
    retryAfterMs: 1000,
    message: "the memory store did not answer (getSession: ECONNREFUSED)",
  });
  const { cause } = error as { cause: Error };
  expect(cause).toMatchObject({ code: "ECONNREFUSED", message: "ECONNREFUSED", isPermanent: false });
  expect(cause.stack).toContain("spy-store");
});

it("a programming error of ours or of the application is never a 401 [sec O-01]", async () => {
  const broken = await startApp(
    {
      override: {
        functions: (original) => ({ ...original, refreshSession: () => Promise.reject(new Error("bug")) }),
      },
    },
    {
      "GET /bug": async (req, res, session) => {
        await session.getSession(req, res);
        throw new TypeError("undefined is not a function");
      },
    },
  );
  const client = broken.client("cookie");
  await client.send("POST", "/login");
  for (const response of [await client.refresh(), await client.send("GET", "/bug")]) {
    expect([response.status, tokenEffect(response)]).toEqual([500, "untouched"]);
  }
  expect(broken.foreignErrors).toHaveLength(2);
  await broken.close();
});

describe("where tokens are cleared, and where not [sec O-03]", () => {
  it("sign-out, a refusing refresh and theft clear; nothing else does", async () => {
    const effects: Record<string, string> = {};
    const note = (name: string, response: WireResponse): void => {
      effects[name] = `${response.status} ${tokenEffect(response)}`;
    };
    const client = await signIn();
    note("no token", await app.client().send("GET", "/me"));
    note("junk token", await app.client().send("GET", "/me", { cookie: "sAccessToken=junk" }));
    const revoked = await signIn();
    await app.session.revokeAllSessionsForUser("user-1");
    note("revoked, database asked", await revoked.send("GET", "/checked"));
    note("revoked, merge", await revoked.send("POST", "/merge", {}, '{"a":1}'));
    note("revoked, refresh", await revoked.refresh());
    const other = await signIn();
    note("foreign origin, refresh", await other.refresh({ origin: "https://evil.example" }));
    note(
      "foreign origin, sign-out",
      await other.send("POST", "/auth/signout", { origin: "https://evil.example" }),
    );
    app.clock.advanceSeconds(3600);
    note("expired", await other.send("GET", "/me"));
    note("expired, sign-out", await other.send("POST", "/auth/signout"));
    const old = other.copy();
    await other.refresh();
    await other.send("GET", "/me");
    app.clock.advanceSeconds(31);
    note("theft", await old.refresh());
    note("no refresh token", await app.client().refresh());
    const last = await signIn();
    note("sign-out", await last.send("POST", "/auth/signout"));
    expect(effects).toEqual({
      "no token": "401 untouched",
      "junk token": "401 untouched",
      "revoked, database asked": "401 untouched",
      "revoked, merge": "401 untouched",
      "revoked, refresh": `401 ${CLEARED_ALL}`,
      "foreign origin, refresh": "403 untouched",
      "foreign origin, sign-out": "403 untouched",
      expired: "401 untouched",
      "expired, sign-out": "401 untouched",
      theft: `401 ${CLEARED_ALL}`,
      "no refresh token": `401 ${CLEARED_ALL}`,
      "sign-out": "200 cleared cookies",
    });
    expect((await client.send("GET", "/me")).status).toBe(401);
  });

  it("a late 401 of an old session leaves the cookies of a fresh login alone", async () => {
    const client = await signIn();
    const stale = client.copy();
    await client.send("POST", "/login");
    const late = await stale.send("GET", "/checked");
    expect([late.status, tokenEffect(late)]).toEqual([401, "untouched"]);
    expect((await client.send("GET", "/me")).status).toBe(200);
  });
});

describe("theft is told only when the session is over for good [sec O-04]", () => {
  it("a revocation that fails is 503; the next presentation comes to the same verdict, once", async () => {
    const client = await signIn("header");
    const handle = client.refreshToken?.split(".")[2] as string;
    const thief = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    app.clock.advanceSeconds(31);
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    for (let n = 0; n < 3; n += 1) {
      const response = await thief.refresh();
      expect([response.status, tokenEffect(response)]).toEqual([503, "untouched"]);
    }
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
    expect(await rowOf(app.store, handle)).toBeDefined();
    app.store.fail = undefined;
    const verdicts = await Promise.all([
      thief.copy().refresh(),
      thief.copy().refresh(),
      thief.copy().refresh(),
    ]);
    expect(verdicts.map(({ body }) => body).sort()).toEqual([
      '{"message":"token theft detected"}',
      '{"message":"unauthorised"}',
      '{"message":"unauthorised"}',
    ]);
    expect(await rowOf(app.store, handle)).toBeUndefined();
    expect(app.events.filter(({ type }) => type === "theft")).toHaveLength(1);
  });
});

it("bodies say one fixed thing per type of error and nothing else [sec L-06]", async () => {
  const bodies = new Set<string>();
  const client = await signIn("header");
  const secret = "SECRET-IN-A-REQUEST";
  const responses = [
    await client.copy().send("GET", "/me", { authorization: `Bearer ${secret}` }),
    await app.client().refresh({ cookie: `sRefreshToken=${secret}` }),
    await client.refresh({ origin: `https://${secret}.example` }),
    await client.copy().send("GET", "/me", { authorization: `Bearer ${client.accessToken}x` }),
  ];
  for (const response of responses) bodies.add(response.body);
  for (let n = 0; n < 40; n += 1) bodies.add((await client.refresh()).body);
  app.store.fail = () => "before";
  bodies.add((await client.refresh()).body);
  expect([...bodies].sort()).toEqual([
    '{"message":"origin not allowed"}',
    '{"message":"session store unavailable"}',
    '{"message":"too many refreshes"}',
    '{"message":"try refresh token"}',
    '{"message":"unauthorised"}',
    "{}",
  ]);
});
