import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { UserContext } from "../../src/claims/user-context.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import type { SessionFunctions } from "../../src/session/types.js";
import { type Handler, type Session, startApp, type TestApp } from "../support/http-app.js";
import { outcome, tokenEffect } from "../support/outcome.js";
import { rule, TestClaim } from "../support/test-claims.js";
import type { WireClient } from "../support/wire-client.js";

type Container = Awaited<ReturnType<Session["createNewSessionWithoutRequestResponse"]>>;

const ISSUER = "https://api.example.com/auth";
const GONE = { type: "UNAUTHORISED", payload: { clearTokens: false } };
const role = new TestClaim("role", "admin");

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(options: SessionOptions = {}, routes: Record<string, Handler> = {}): Promise<void> {
  role.value = "admin";
  app = await startApp(options, routes);
  client = app.client();
  await client.send("POST", "/login", {}, JSON.stringify({ payload: { a: 1 }, data: { d: 1 } }));
  app.store.reset();
}

const handle = (): string => client.front.up.sessionHandle as string;
const container = (): Promise<Container> =>
  app.session.getSessionWithoutRequestResponse(client.cookies.get("sAccessToken"));

describe("methods of the session, wire contract 6.1", () => {
  it("getters answer from the token, without the store", async () => {
    await signIn();
    const session = await container();
    expect(session.getHandle()).toBe(handle());
    expect(session.getUserId()).toBe("user-1");
    expect(session.getRecipeUserId().getAsString()).toBe("user-1");
    expect(session.getTenantId()).toBe("public");
    expect(session.getAccessToken()).toBe(client.cookies.get("sAccessToken"));
    expect(session.getAccessTokenPayload()).toEqual(client.front.up);
    expect(await session.getClaimValue(role)).toBeUndefined();
    expect(session.getAllSessionTokensDangerously()).toEqual({
      accessToken: client.cookies.get("sAccessToken"),
      refreshToken: undefined,
      frontToken: client.frontToken,
      antiCsrfToken: undefined,
      accessAndFrontTokenUpdated: false,
    });
    expect(app.store.calls).toEqual([]);
  });

  type Access = [
    name: string,
    run: (session: Container) => Promise<unknown>,
    calls: string[],
    result: unknown,
  ];
  const ACCESS: Access[] = [
    ["getSessionData", (s) => s.getSessionData(), ["getSession"], { d: 1 }],
    ["getSessionDataFromDatabase", (s) => s.getSessionDataFromDatabase(), ["getSession"], { d: 1 }],
    ["updateSessionData", (s) => s.updateSessionData({ x: 1 }), ["replaceSessionData"], undefined],
    [
      "updateSessionDataInDatabase",
      (s) => s.updateSessionDataInDatabase({ x: 1 }),
      ["replaceSessionData"],
      undefined,
    ],
    [
      "mergeIntoAccessTokenPayload",
      (s) => s.mergeIntoAccessTokenPayload({ b: 1 }),
      ["updateAccessTokenPayload"],
      undefined,
    ],
    ["getTimeCreated", (s) => s.getTimeCreated(), ["getSession"], 1_800_000_000_000],
    ["getExpiry", (s) => s.getExpiry(), ["getSession"], 1_800_000_000_000 + 100 * 86_400_000],
    ["fetchAndSetClaim", (s) => s.fetchAndSetClaim(role), ["updateAccessTokenPayload"], undefined],
    ["setClaimValue", (s) => s.setClaimValue(role, "user"), ["updateAccessTokenPayload"], undefined],
    ["removeClaim", (s) => s.removeClaim(role), ["updateAccessTokenPayload"], undefined],
    [
      "assertClaims with a fetch",
      (s) => s.assertClaims([role.is("admin")]),
      ["updateAccessTokenPayload"],
      undefined,
    ],
  ];
  for (const [name, run, calls, result] of ACCESS) {
    it(`${name}: ${calls.join()}, UNAUTHORISED when the row is gone [wire U-2, U-4, M-2, ST-2, ST-5]`, async () => {
      await signIn();
      const session = await container();
      app.store.reset();
      expect(await run(session)).toEqual(result);
      expect(app.store.sessionCalls).toEqual(calls);
      const late = await container();
      await app.session.revokeSession(handle());
      await expect(run(late)).rejects.toMatchObject(GONE);
      app.store.fail = () => "before";
      await expect(run(late)).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", status: 503 });
    });
  }

  it("revokeSession: one delete, no error for a missing row; STORE_UNAVAILABLE is not swallowed [wire V-1]", async () => {
    await signIn();
    const session = await container();
    expect(await session.revokeSession()).toBeUndefined();
    expect(app.store.sessionCalls).toEqual(["deleteSessions"]);
    await session.revokeSession();
    app.store.fail = () => "before";
    await expect(session.revokeSession()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  });

  it("claims: set, read, fetched, removed, asserted", async () => {
    await signIn();
    const session = await container();
    await session.setClaimValue(role, "user");
    expect(await session.getClaimValue(role)).toBe("user");
    expect(session.getAccessTokenPayload().role).toEqual({ v: "user", t: app.clock.wallMs() });
    await session.fetchAndSetClaim(role);
    expect(await session.getClaimValue(role)).toBe("admin");
    app.store.reset();
    await session.assertClaims([role.is("admin")]);
    await session.assertClaims([]);
    expect(app.store.calls).toEqual([]);
    await expect(session.assertClaims([role.is("user", "id"), rule("x", false, 1)])).rejects.toMatchObject({
      type: "INVALID_CLAIMS",
      payload: [{ id: "id" }, { id: "x", reason: 1 }],
    });
    await session.removeClaim(role);
    expect(await session.getClaimValue(role)).toBeUndefined();
    expect(session.getAccessTokenPayload()).not.toHaveProperty("role");
  });

  it("the payload is frozen, before and after a change", async () => {
    await signIn();
    const session = await container();
    await session.mergeIntoAccessTokenPayload({ deep: { x: [1] } });
    const payload = session.getAccessTokenPayload() as unknown as { deep: { x: number[] } };
    expect(() => payload.deep.x.push(2)).toThrow(TypeError);
    expect(() => Object.assign(payload, { sub: "admin" })).toThrow(TypeError);
  });

  it("attachToRequestResponse writes only what is new, refresh and anti-CSRF token only when held", async () => {
    const attach: Handler = async (req, res, session) => {
      const transferMethod = "cookie" as const;
      const found =
        req.url === "/old"
          ? await container()
          : await session.createNewSessionWithoutRequestResponse("user-2", {}, {});
      await found.attachToRequestResponse({ req, res, transferMethod });
      return found.getHandle();
    };
    await signIn({ antiCsrf: "VIA_TOKEN" }, { "GET /old": attach, "GET /new": attach });
    client = app.client();
    await client.send("POST", "/login");
    const session = await app.session.getSessionWithoutRequestResponse(
      client.cookies.get("sAccessToken"),
      client.antiCsrf,
    );
    expect(session.getAllSessionTokensDangerously().antiCsrfToken).toBe(client.antiCsrf);
    const created = await app.client().send("GET", "/new");
    expect(tokenEffect(created)).toBe("gave sAccessToken sRefreshToken");
    expect(created.header("anti-csrf")).toBeDefined();
  });

  it("does not show tokens when it is printed [sec L-02]", async () => {
    await signIn();
    const session = await container();

    for (const text of [
      JSON.stringify(session),
      inspect(session, { depth: 10, showHidden: true }),
      String(session),
    ]) {
      expect(text).not.toContain(session.getAccessToken().slice(-20));
    }
  });
});

describe("functions by handle, wire contract 6.2", () => {
  it("getSessionInformation: everything but tokens and hashes; undefined when missing", async () => {
    await signIn();
    expect(await app.session.getSessionInformation(handle())).toEqual({
      sessionHandle: handle(),
      userId: "user-1",
      recipeUserId: "user-1",
      tenantId: "public",
      sessionData: { d: 1 },
      customClaimsInAccessTokenPayload: { a: 1, iss: ISSUER },
      timeCreated: app.clock.wallMs(),
      expiry: app.clock.wallMs() + 100 * 86_400_000,
    });
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    expect(await app.session.getSessionInformation("none")).toBeUndefined();
  });

  it("claims by handle work on the row; false, or a status, when it is missing", async () => {
    await signIn();
    const { fetchAndSetClaim, getClaimValue, removeClaim, setClaimValue } = app.session;
    expect(await getClaimValue(handle(), role)).toEqual({ status: "OK", value: undefined });
    expect(await fetchAndSetClaim(handle(), role)).toBe(true);
    expect(await getClaimValue(handle(), role)).toEqual({ status: "OK", value: "admin" });
    expect(await setClaimValue(handle(), role, "user")).toBe(true);
    expect(await getClaimValue(handle(), role)).toEqual({ status: "OK", value: "user" });
    expect(await removeClaim(handle(), role)).toBe(true);
    expect(await getClaimValue(handle(), role)).toEqual({ status: "OK", value: undefined });
    expect(await getClaimValue("none", role)).toEqual({ status: "SESSION_DOES_NOT_EXIST_ERROR" });
    for (const run of [
      fetchAndSetClaim("none", role),
      setClaimValue("none", role, 1),
      removeClaim("none", role),
    ]) {
      expect(await run).toBe(false);
    }
  });

  it("validateClaimsForSessionHandle judges the row, and writes what it fetched", async () => {
    await signIn({ plugins: [{ name: "p", globalClaimValidators: [rule("global", false)] }] });
    const validate = app.session.validateClaimsForSessionHandle;
    expect(await validate(handle())).toEqual({ status: "OK", invalidClaims: [{ id: "global" }] });
    const seen: unknown[] = [];
    app.store.reset();
    const judged = await validate(handle(), (globals, information) => {
      seen.push(
        globals.map(({ id }) => id),
        information.userId,
      );
      return [role.is("user"), role.is("admin")];
    });
    expect(judged).toEqual({
      status: "OK",
      invalidClaims: [{ id: "role", reason: { message: "wrong value" } }],
    });
    expect(seen).toEqual([["global"], "user-1"]);
    expect(app.store.sessionCalls).toEqual(["getSession", "updateAccessTokenPayload"]);
    expect(await app.session.getClaimValue(handle(), role)).toEqual({ status: "OK", value: "admin" });
    expect(await validate("none")).toEqual({ status: "SESSION_DOES_NOT_EXIST_ERROR" });
    // The row vanishes between reading and writing.
    await app.session.removeClaim(handle(), role);
    const vanishing = await validate(handle(), async () => {
      await app.session.revokeSession(handle());
      return [role.is("admin")];
    });
    expect(vanishing).toEqual({ status: "SESSION_DOES_NOT_EXIST_ERROR" });
  });

  it("createJWT, getJWKS, discovery, header lists", async () => {
    await signIn();
    const { jwt } = await app.session.createJWT({ hello: 1 }, 60);
    const [header, payload] = jwt.split(".").map((part) => Buffer.from(part, "base64url").toString());
    expect(JSON.parse(header as string)).toMatchObject({
      alg: "ES256",
      typ: "JWT",
      kid: expect.stringMatching(/^s-/),
    });
    const iat = app.clock.wallMs() / 1000;
    expect(JSON.parse(payload as string)).toEqual({ hello: 1, iss: ISSUER, iat, exp: iat + 60 });
    const { keys } = await app.session.getJWKS();
    expect(keys.map(({ kid }) => kid)).toContain(JSON.parse(header as string).kid);
    expect(await app.session.getOpenIdDiscoveryConfiguration()).toMatchObject({
      status: "OK",
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/jwt/jwks.json`,
    });
    expect(app.session.getAllCORSHeaders()).toEqual([
      "rid",
      "fdi-version",
      "anti-csrf",
      "authorization",
      "st-auth-mode",
    ]);
    // Never a session (security rule T-08).
    expect((await app.client("header").send("GET", "/me", { authorization: `Bearer ${jwt}` })).status).toBe(
      401,
    );
  });
});

describe("overrides, wire contract 6.3", () => {
  const called: string[] = [];
  const spying = (original: SessionFunctions): SessionFunctions =>
    Object.fromEntries(
      Object.entries(original).map(([name, run]) => [
        name,
        (input: { userContext?: unknown }) => {
          called.push(name);
          expect(input.userContext).toBeTypeOf("object");
          return (run as (given: unknown) => unknown)(input);
        },
      ]),
    ) as unknown as SessionFunctions;

  async function calls(run: () => Promise<unknown>): Promise<string[]> {
    called.length = 0;
    await run();
    return [...called];
  }

  it("everything inside goes through the overridden functions, the session's methods included", async () => {
    await signIn({
      override: { functions: spying },
      plugins: [{ name: "p", globalClaimValidators: [rule("ok", true)] }],
    });
    const session = await container();
    const guard = ["getSession", "getGlobalClaimValidators", "validateClaims"];
    expect(await calls(() => client.send("GET", "/me"))).toEqual(guard);
    expect(await calls(() => client.refresh())).toEqual(["refreshSession"]);
    expect(await calls(() => client.send("GET", "/me"))).toEqual(guard);
    expect(await calls(() => session.getSessionData())).toEqual(["getSessionInformation"]);
    expect(await calls(() => session.getTimeCreated())).toEqual(["getSessionInformation"]);
    expect(await calls(() => session.getExpiry())).toEqual(["getSessionInformation"]);
    expect(await calls(() => session.updateSessionData({}))).toEqual(["updateSessionData"]);
    expect(await calls(() => session.mergeIntoAccessTokenPayload({ b: 1 }))).toEqual([
      "regenerateAccessToken",
    ]);
    expect(await calls(() => session.setClaimValue(role, 1))).toEqual(["regenerateAccessToken"]);
    expect(await calls(() => session.assertClaims([rule("x", true)]))).toEqual(["validateClaims"]);
    const h = handle();
    const s = app.session;
    expect(await calls(() => s.fetchAndSetClaim(h, role))).toEqual([
      "fetchAndSetClaim",
      "getSessionInformation",
      "mergeIntoAccessTokenPayload",
    ]);
    expect(await calls(() => s.setClaimValue(h, role, 1))).toEqual([
      "setClaimValue",
      "mergeIntoAccessTokenPayload",
    ]);
    expect(await calls(() => s.removeClaim(h, role))).toEqual(["removeClaim", "mergeIntoAccessTokenPayload"]);
    expect(await calls(() => s.getClaimValue(h, role))).toEqual(["getClaimValue", "getSessionInformation"]);
    expect(await calls(() => s.validateClaimsForSessionHandle(h))).toEqual([
      "getSessionInformation",
      "getGlobalClaimValidators",
      "validateClaims",
    ]);
    expect(await calls(() => s.getAllSessionHandlesForUser("u"))).toEqual(["getAllSessionHandlesForUser"]);
    expect(await calls(() => s.updateSessionData(h, {}))).toEqual(["updateSessionData"]);
    expect(await calls(() => s.mergeIntoAccessTokenPayload(h, {}))).toEqual(["mergeIntoAccessTokenPayload"]);
    // A login revokes the session it replaces, through the override too.
    expect(await calls(() => client.send("POST", "/login"))).toEqual(["createNewSession", "revokeSession"]);
    expect(await calls(() => client.send("POST", "/auth/signout"))).toContain("revokeSession");
    expect(await calls(() => s.revokeMultipleSessions([]))).toEqual(["revokeMultipleSessions"]);
    expect(await calls(() => s.revokeAllSessionsForUser("u"))).toEqual(["revokeAllSessionsForUser"]);
    expect(await calls(() => s.revokeAllSessions({ tenantId: "t" }))).toEqual(["revokeAllSessions"]);
    expect(await calls(() => session.revokeSession())).toEqual(["revokeSession"]);
  });

  it("createNewSession can add a claim; getSession can refuse; each may call the original", async () => {
    await signIn({
      override: {
        functions: (original) => ({
          ...original,
          createNewSession: (input) =>
            original.createNewSession({
              ...input,
              accessTokenPayload: { ...input.accessTokenPayload, customClaim: "customValue" },
            }),
          getSession: async (input) => {
            const session = await original.getSession(input);
            return session?.getAccessTokenPayload().blocked === true ? undefined : session;
          },
        }),
      },
    });
    expect(client.front.up.customClaim).toBe("customValue");
    expect(outcome(await client.send("GET", "/me"))).toBe("session");
    await client.send("POST", "/merge", {}, '{"blocked":true}');
    expect(outcome(await client.send("GET", "/me"))).toBe("401-KEEP");
  });

  it("apis: each can be switched off, replaced, and calls the original [wire P-5, P-11]", async () => {
    const inputs: unknown[] = [];
    await signIn({
      override: {
        apis: (original) => ({
          ...original,
          refreshPOST: undefined,
          signOutPOST: async (input) => {
            inputs.push(input.session.getUserId(), input.req.method, typeof input.userContext);
            return { status: "GENERAL_ERROR", message: "not today" };
          },
          verifySession: async (input) => {
            inputs.push("verify");
            return original.verifySession(input);
          },
        }),
      },
    });
    expect((await client.refresh()).status).toBe(404);
    const response = await client.send("POST", "/auth/signout");
    expect([response.status, response.json]).toEqual([
      200,
      { status: "GENERAL_ERROR", message: "not today" },
    ]);
    expect(tokenEffect(response)).toBe("untouched");
    expect(inputs).toEqual(["user-1", "POST", "object"]);
  });

  it("a context that is handed in reaches the override; without one it holds the request", async () => {
    const contexts: Record<string, unknown>[] = [];
    const look: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      await found.getSessionData();
      await found.getSessionData({ mine: 1 });
      return null;
    };
    await signIn(
      {
        override: {
          functions: (original) => ({
            ...original,
            getSessionInformation: (input) => {
              contexts.push(input.userContext);
              return original.getSessionInformation(input);
            },
          }),
        },
      },
      { "GET /look": look },
    );
    await client.send("GET", "/look");
    expect(app.session.getRequestFromUserContext(contexts[0])?.url).toBe("/look");
    expect(contexts[1]).toMatchObject({ mine: 1 });
  });

  it("of the application's, which requests share, is no window into somebody else's request", async () => {
    const shared: UserContext = { app: "one" };
    const urls: unknown[] = [];
    const look: Handler = async (req, res, session) => {
      await session.getSession(
        req,
        res,
        {
          overrideGlobalClaimValidators: (_, __, userContext) => {
            urls.push([session.getRequestFromUserContext(userContext)?.url, userContext.app]);
            return [];
          },
        },
        shared,
      );
      return {};
    };
    await signIn({}, { "GET /a": look, "GET /b": look });
    for (const path of ["/a", "/b", "/a"]) expect((await client.send("GET", path)).status).toBe(200);
    expect(urls).toEqual([
      ["/a", "one"],
      ["/b", "one"],
      ["/a", "one"],
    ]);
  });
});
