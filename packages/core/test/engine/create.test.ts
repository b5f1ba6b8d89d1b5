import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { decodeToken } from "../support/forge-token.js";
import { APP_INFO, type Handler, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, tokenEffect } from "../support/outcome.js";
import { rowOf } from "../support/store-rows.js";
import { TestClaim } from "../support/test-claims.js";
import { send, type WireClient } from "../support/wire-client.js";

const DAY_MS = 86_400_000;

let app: TestApp;
afterEach(() => app.close());

const handleOf = (client: WireClient): string => client.front.up.sessionHandle as string;
const accessToken = (client: WireClient): string => client.cookies.get("sAccessToken") as string;

describe("createNewSession", () => {
  it("takes missing payload and data for {} [wire C-1]", async () => {
    app = await startApp(
      {},
      {
        "POST /null": async (req, res, session) =>
          (await session.createNewSession(req, res, "user-1", null, null)).getHandle(),
        "POST /none": async (req, res, session) =>
          (await session.createNewSession(req, res, "user-1")).getHandle(),
      },
    );
    for (const path of ["/null", "/none"]) {
      const client = app.client();
      const { json } = await client.send("POST", path);
      expect(await app.session.getSessionInformation(json as string)).toMatchObject({
        sessionData: {},
        customClaimsInAccessTokenPayload: { iss: "https://api.example.com/auth" },
      });
    }
  });

  it("says where a tenant's id goes when one stands before the user's", async () => {
    app = await startApp(
      {},
      {
        "POST /tenant-first": async (req, res, session) => {
          const call = session.createNewSession as (...args: unknown[]) => Promise<unknown>;
          return call(req, res, "public", "user-1", { plan: "pro" }).catch((error: Error) => error.message);
        },
      },
    );
    const client = app.client();
    const { json } = await client.send("POST", "/tenant-first");
    expect(json).toMatch(/payload must be a plain object, after the user's id; .*`{ userId, tenantId,/);
    expect(client.cookies.size).toBe(0);
  });

  it("builds claims in order, each seeing what stands before it [wire C-2]", async () => {
    const first = new TestClaim("first", 1);
    const second = new TestClaim("second", 2);
    const nothing = new TestClaim("nothing", undefined);
    app = await startApp({
      plugins: [
        { name: "a", claims: [first, nothing] },
        { name: "b", claims: [second] },
      ],
    });
    const client = app.client();
    await client.send("POST", "/login", {}, JSON.stringify({ payload: { own: true } }));
    expect(Object.keys(client.front.up).slice(-4)).toEqual(["own", "iss", "first", "second"]);
    expect(second.fetches).toHaveLength(1);
    expect(second.fetches[0]).toMatchObject({
      userId: "user-1",
      recipeUserId: "user-1",
      tenantId: "public",
      sessionHandle: undefined,
      currentPayload: { own: true, first: { v: 1 } },
    });
  });

  it("a builder that throws: no row, no tokens [wire C-2]", async () => {
    const claim = new TestClaim("role", 1);
    claim.fetchValue = () => {
      throw new Error("directory is down");
    };
    app = await startApp({ plugins: [{ name: "p", claims: [claim] }] });
    const response = await app.client().send("POST", "/login");
    expect([response.status, tokenEffect(response)]).toEqual([500, "untouched"]);
    expect(app.foreignErrors).toMatchObject([{ message: "directory is down" }]);
    expect(app.store.sessionCalls).toEqual([]);
  });

  it("the transfer method decides where tokens go [wire C-3, C-9]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const cookies = await app.client("cookie").send("POST", "/login");
    expect(tokenEffect(cookies)).toBe("gave sAccessToken sRefreshToken");
    expect(cookies.header("anti-csrf")).toMatch(/^[\w-]{22}$/);
    expect(cookies.header("access-control-expose-headers")).toBe("front-token, anti-csrf");
    const headers = await app.client("header").send("POST", "/login");
    expect(tokenEffect(headers)).toBe("gave st-access-token st-refresh-token");
    expect(headers.header("access-control-expose-headers")).toBe(
      "front-token, st-access-token, st-refresh-token",
    );
  });

  it("cookies that a browser would throw away: an error, no row [wire C-4, S-5]", async () => {
    app = await startApp({
      appInfo: { ...APP_INFO, apiDomain: "http://api.a.com", websiteDomain: "http://b.com" },
    });
    const response = await app.client().send("POST", "/login");
    expect([response.status, tokenEffect(response)]).toEqual([500, "untouched"]);
    expect(app.foreignErrors).toMatchObject([
      { type: "INVALID_OPTION", payload: { option: "cookieSecure" } },
    ]);
    expect(app.store.sessionCalls).toEqual([]);
    expect((await app.client("header").send("POST", "/login")).status).toBe(200);
  });

  it("anti-CSRF tokens: with cookies and VIA_TOKEN only [wire C-5]", async () => {
    for (const antiCsrf of ["NONE", "VIA_CUSTOM_HEADER", "VIA_TOKEN"] as const) {
      app = await startApp({ antiCsrf });
      for (const mode of ["cookie", "header"] as const) {
        const client = app.client(mode);
        const response = await client.send("POST", "/login");
        const isOn = antiCsrf === "VIA_TOKEN" && mode === "cookie";
        expect(response.header("anti-csrf") !== undefined).toBe(isOn);
        expect(client.front.up.antiCsrfToken).toBe(isOn ? response.header("anti-csrf") : null);
      }
      if (antiCsrf !== "VIA_TOKEN") await app.close();
    }
  });

  it("one write; the first token is unmarked and belongs to RT0 [wire C-6, C-7] [sec R-02]", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login", {}, JSON.stringify({ data: { note: 1 } }));
    expect(app.store.sessionCalls).toEqual(["insertSession"]);
    const nowMs = app.clock.wallMs();
    const { up } = client.front;
    const row = await rowOf(app.store, handleOf(client));
    expect(row).toMatchObject({
      tenantId: "public",
      userId: "user-1",
      previousRefreshTokenHash2: null,
      previousSecretId: null,
      generation: 0,
      rotatedAtMs: null,
      sessionDataJson: '{"note":1}',
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 100 * DAY_MS,
      absoluteExpiresAtMs: nowMs + 365 * DAY_MS,
    });
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    const secret = (client.cookies.get("sRefreshToken") as string).split(".")[5] as string;
    expect(up.refreshTokenHash1).toBe(sha256(secret));
    expect(row?.refreshTokenHash2).toBe(sha256(sha256(secret)));
    expect(up.parentRefreshTokenHash1).toBeNull();
    expect([up.iat, up.exp]).toEqual([nowMs / 1000, nowMs / 1000 + 900]);
    expect(decodeToken(accessToken(client)).payload).toEqual(up);
  });

  it("the other method is cleared when the request had an access token there [wire C-8]", async () => {
    app = await startApp();
    const headers = await app.client("header").send("POST", "/login", { cookie: "sAccessToken=anything" });
    expect(tokenEffect(headers)).toBe(
      "gave st-access-token st-refresh-token, took sAccessToken sRefreshToken",
    );
    const cookies = await app.client("cookie").send("POST", "/login", { authorization: "Bearer anything" });
    expect(tokenEffect(cookies)).toBe(
      "gave sAccessToken sRefreshToken, took st-access-token st-refresh-token",
    );
    expect(cookies.all("front-token")).toHaveLength(1);
  });

  it("a login over a session revokes that session (design decision 9) [wire C-10] [sec S-02]", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    const first = handleOf(client);
    app.store.reset();
    await client.send("POST", "/login");
    expect(app.store.sessionCalls).toEqual(["insertSession", "deleteSessions"]);
    expect(await rowOf(app.store, first)).toBeUndefined();
    expect(await rowOf(app.store, handleOf(client))).toBeDefined();
  });

  it("… also one that travelled in the header, but none that is not genuine [wire C-10] [sec S-02]", async () => {
    app = await startApp();
    const header = app.client("header");
    await header.send("POST", "/login");
    const kept = app.client("header");
    await kept.send("POST", "/login");
    const tampered = (kept.accessToken as string).replace(/.{4}$/, "AAAA");
    await send(app.origin, "POST", "/login", {
      authorization: `Bearer ${header.accessToken}`,
      cookie: `sAccessToken=${tampered}`,
    });
    expect(await app.session.getSessionInformation(handleOf(header))).toBeUndefined();
    expect(await app.session.getSessionInformation(handleOf(kept))).toBeDefined();
  });

  it("… also when its access token has expired, in the cookie or the header, whatever else the request carries", async () => {
    app = await startApp();
    const foreign = app.client("header");
    await foreign.send("POST", "/login");
    for (const mode of ["cookie", "header"] as const) {
      const client = app.client(mode);
      await client.send("POST", "/login");
      const first = handleOf(client);
      const old = client.copy();
      app.clock.advanceSeconds(7200);
      // Somebody else's bearer, an API key say, is no reason to leave the cookie's session alive.
      const headers = mode === "cookie" ? { authorization: "Bearer an-api-key" } : {};
      expect((await client.send("POST", "/login", headers)).status).toBe(200);
      expect(await rowOf(app.store, first)).toBeUndefined();
      expect((await old.refresh()).status).toBe(401);
    }
    expect((await foreign.refresh()).status).toBe(200);
  });

  it("… also when cookies of the same name that are no tokens of ours come before its own", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    const first = handleOf(client);
    const cookie = ["one", "two", "three", accessToken(client)].map((value) => `sAccessToken=${value}`);
    await send(app.origin, "POST", "/login", { cookie: cookie.join("; "), "st-auth-mode": "cookie" });
    expect(await rowOf(app.store, first)).toBeUndefined();
  });

  it("whoever signs in with an expired token of somebody else's, found in a log, ends no session of theirs", async () => {
    app = await startApp();
    for (const mode of ["cookie", "header"] as const) {
      const victim = app.client("header");
      await victim.send("POST", "/login", {}, '{"userId":"victim"}');
      const found = victim.accessToken as string;
      app.clock.advanceSeconds(3600);
      const login = await app
        .client(mode)
        .send(
          "POST",
          "/login",
          mode === "header" ? { authorization: `Bearer ${found}` } : { cookie: `sAccessToken=${found}` },
          '{"userId":"attacker"}',
        );
      expect(login.status).toBe(200);
      expect((await victim.refresh()).status).toBe(200);
    }
  });

  it("a live token of another user's session is replaced by the login all the same", async () => {
    app = await startApp();
    const first = app.client("header");
    await first.send("POST", "/login", {}, '{"userId":"alice"}');
    await first.copy().send("POST", "/login", {}, '{"userId":"bob"}');
    expect((await first.refresh()).status).toBe(401);
  });

  it("… at the cost of two signature checks at most, however many access tokens were sent", async () => {
    app = await startApp();
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = app.client();
        await client.send("POST", "/login");
        return client;
      }),
    );
    const cookie = clients.map((client) => `sAccessToken=${accessToken(client)}`).join("; ");
    app.store.reset();
    await send(app.origin, "POST", "/login", { cookie, "st-auth-mode": "cookie" });
    expect(app.store.sessionCalls).toEqual(["insertSession", "deleteSessions", "deleteSessions"]);
  });

  it("… not when the option says so, and a failure of it does not fail the login [wire C-10] [sec S-02]", async () => {
    app = await startApp({ revokePreviousSession: false });
    const client = app.client();
    await client.send("POST", "/login");
    await client.send("POST", "/login");
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toHaveLength(2);
    const other = await app.sibling({ revokePreviousSession: true });
    const twin = other.client();
    twin.cookies = client.cookies;
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    expect((await twin.send("POST", "/login")).status).toBe(200);
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toHaveLength(3);
    await other.close();
  });

  it("twice in one request: the last one counts, both rows exist [wire C-11]", async () => {
    const twice: Handler = async (req, res, session) => {
      const first = await session.createNewSession(req, res, "user-1");
      const second = await session.createNewSession(req, res, "user-2");
      return [first.getHandle(), second.getHandle()];
    };
    app = await startApp({}, { "POST /twice": twice });
    const client = app.client();
    const response = await client.send("POST", "/twice");
    const [first, second] = response.json as [string, string];
    expect(tokenEffect(response)).toBe("gave sAccessToken sRefreshToken");
    expect([client.front.uid, handleOf(client)]).toEqual(["user-2", second]);
    expect(await rowOf(app.store, first)).toBeDefined();
    expect(await rowOf(app.store, second)).toBeDefined();
  });

  it("then UNAUTHORISED: the response ends with everything cleared, the row stays [wire C-12]", async () => {
    const refuse: Handler = async (req, res, session) => {
      await session.createNewSession(req, res, "user-1");
      throw new session.Error({ type: "UNAUTHORISED", message: "blocked" });
    };
    app = await startApp({ antiCsrf: "VIA_TOKEN" }, { "POST /refuse": refuse });
    const response = await app.client().send("POST", "/refuse");
    expect([response.status, tokenEffect(response)]).toEqual([401, CLEARED_ALL]);
    expect(response.setCookies).toHaveLength(2);
    expect(response.header("anti-csrf")).toBeUndefined();
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toHaveLength(1);
  });

  it("without a request: tokens in the container; anti-CSRF unless told otherwise [wire C-13]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const created = await app.session.createNewSessionWithoutRequestResponse({
      userId: "user-1",
      tenantId: "acme",
      accessTokenPayload: { a: 1 },
      sessionData: { b: 2 },
    });
    const tokens = created.getAllSessionTokensDangerously();
    expect(tokens).toMatchObject({ accessAndFrontTokenUpdated: true, antiCsrfToken: expect.any(String) });
    expect([created.getTenantId(), created.getHandle()]).toEqual([
      "acme",
      expect.stringMatching(/^[0-9a-f]{32}_acme$/),
    ]);
    expect(created.getAccessTokenPayload()).toMatchObject({
      a: 1,
      tId: "acme",
      antiCsrfToken: tokens.antiCsrfToken,
    });
    expect(await created.getSessionData()).toEqual({ b: 2 });
    const unbound = await app.session.createNewSessionWithoutRequestResponse("user-1", {}, {}, true);
    expect(unbound.getAllSessionTokensDangerously().antiCsrfToken).toBeUndefined();
    expect(app.store.sessionCalls).toEqual(["insertSession", "getSession", "insertSession"]);
  });

  it("an empty user id is refused, and anything that is not a text [wire C-14]", async () => {
    app = await startApp();
    for (const userId of ["", 7, null, "x".repeat(257)]) {
      await expect(
        app.session.createNewSessionWithoutRequestResponse(userId as string),
      ).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    }
    const response = await app.client().send("POST", "/login", {}, JSON.stringify({ userId: "" }));
    expect(response.status).toBe(500);
    expect(app.store.sessionCalls).toEqual([]);
  });
});
