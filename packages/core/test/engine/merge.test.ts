import { afterEach, describe, expect, it } from "vitest";
import type { SessionFunctions } from "../../src/session/types.js";
import { decodeToken } from "../support/forge-token.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { outcome, tokenEffect } from "../support/outcome.js";
import { TestClaim } from "../support/test-claims.js";
import type { WireClient } from "../support/wire-client.js";

const ISSUER = "https://api.example.com/auth";

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(mode: "cookie" | "header", ...start: Parameters<typeof startApp>): Promise<void> {
  app = await startApp(...start);
  client = app.client(mode);
  await client.send("POST", "/login", {}, JSON.stringify({ payload: { a: 1, deep: { x: 1, y: null } } }));
  app.store.reset();
}

const handle = (): string => client.front.up.sessionHandle as string;
const merge = (patch: object) => client.send("POST", "/merge", {}, JSON.stringify(patch));
const stored = async () =>
  (await app.session.getSessionInformation(handle()))?.customClaimsInAccessTokenPayload;
const bare = (token = client.cookies.get("sAccessToken")) =>
  app.session.getSessionWithoutRequestResponse(token);

describe("mergeIntoAccessTokenPayload of a session", () => {
  it("a missing row: UNAUTHORISED that keeps (design decision 2) [wire M-2]", async () => {
    await signIn("cookie");
    await app.session.revokeSession(handle());
    expect(outcome(await merge({ a: 2 }))).toBe("401-KEEP");
  });

  it("patches the row, not what the token says: changes made elsewhere survive [wire M-3]", async () => {
    await signIn("cookie");
    const session = await bare();
    await app.session.mergeIntoAccessTokenPayload(handle(), { role: "banned", a: null });
    await session.mergeIntoAccessTokenPayload({ own: true });
    expect(await stored()).toEqual({ iss: ISSUER, deep: { x: 1, y: null }, role: "banned", own: true });
    expect(session.getAccessTokenPayload()).toMatchObject({ role: "banned", own: true });
    expect(session.getAccessTokenPayload()).not.toHaveProperty("a");
  });

  it("many at once lose nothing [wire M-3, ST-4]", async () => {
    await signIn("cookie");
    const sessions = await Promise.all(Array.from({ length: 10 }, () => bare()));
    await Promise.all(sessions.map((session, i) => session.mergeIntoAccessTokenPayload({ [`k${i}`]: i })));
    expect(Object.keys((await stored()) ?? {}).filter((key) => key.startsWith("k"))).toHaveLength(10);
  });

  it("is shallow, and null removes at the top only [wire M-3]", async () => {
    await signIn("cookie");
    await merge({ a: null, deep: { z: null }, list: [null], iss: null });
    expect(await stored()).toEqual({ deep: { z: null }, list: [null] });
    expect(client.front.up).not.toHaveProperty("iss");
    expect((await client.send("GET", "/me")).status).toBe(200);
  });

  it("mints with the same expiry and hashes, and a new iat [wire M-4]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    await client.refresh();
    await client.send("GET", "/me");
    const before = client.front.up;
    app.clock.advanceSeconds(7);
    await merge({ a: 2 });
    expect(client.front.up).toEqual({ ...before, a: 2, iat: app.clock.wallMs() / 1000 });
  });

  it("keeps the mark of a token without a request to promote it [wire M-4]", async () => {
    const create = async () => {
      const first = await app.session.createNewSessionWithoutRequestResponse("user-1");
      const { refreshToken } = first.getAllSessionTokensDangerously();
      return app.session.refreshSessionWithoutRequestResponse(refreshToken as string);
    };
    await signIn("cookie");
    const refreshed = await create();
    const { parentRefreshTokenHash1 } = refreshed.getAccessTokenPayload();
    await refreshed.mergeIntoAccessTokenPayload({ a: 2 });
    expect(refreshed.getAccessTokenPayload().parentRefreshTokenHash1).toBe(parentRefreshTokenHash1);
    expect(parentRefreshTokenHash1).not.toBeNull();
  });

  it("with a request: front token and access token, by its method, and nothing else [wire M-5, T-18]", async () => {
    for (const [mode, effect] of [
      ["cookie", "gave sAccessToken"],
      ["header", "gave st-access-token"],
    ] as const) {
      await signIn(mode, { antiCsrf: "VIA_TOKEN" });
      const response = await merge({ a: 2 });
      expect([response.status, tokenEffect(response)]).toEqual([200, effect]);
      expect(response.header("anti-csrf")).toBeUndefined();
      if (mode === "cookie") {
        const expires = Date.parse(response.cookie("sAccessToken")?.expires as string);
        expect(expires).toBe(app.clock.wallMs() + 31_536_000_000);
        await app.close();
      }
    }
  });

  it("shown to script as well where the option says so [wire M-5, B-12]", async () => {
    await signIn("cookie", { exposeAccessTokenToFrontendInCookieBasedAuth: true });
    const response = await merge({ a: 2 });
    expect(tokenEffect(response)).toBe("gave sAccessToken st-access-token");
    expect(response.header("st-access-token")).toBe(response.cookie("sAccessToken")?.value);
  });

  it("without a request: in the container, until it is attached [wire M-6]", async () => {
    const attach: Handler = async (req, res, session) => {
      const found = await bare();
      await found.mergeIntoAccessTokenPayload({ a: 2 });
      const { accessAndFrontTokenUpdated } = found.getAllSessionTokensDangerously();
      const before = res.getHeaderNames();
      await found.attachToRequestResponse({ req, res, transferMethod: "header" });
      await found.mergeIntoAccessTokenPayload({ b: 3 });
      return [accessAndFrontTokenUpdated, before, (await session.getSession(req, res)) === found];
    };
    await signIn("cookie", {}, { "GET /attach": attach });
    const response = await client.send("GET", "/attach");
    expect(response.json).toEqual([true, [], true]);
    expect(tokenEffect(response)).toBe("gave st-access-token");
    expect(client.front.up).toMatchObject({ a: 2, b: 3 });
  });

  it("with an expired token: the row changes, nothing is minted, the container shows the row [wire M-7]", async () => {
    const late: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      app.clock.advanceSeconds(3600);
      await found.mergeIntoAccessTokenPayload({ a: null, late: 1 });
      return found.getAccessTokenPayload();
    };
    await signIn("cookie", {}, { "POST /late": late });
    const before = client.front.up;
    const response = await client.send("POST", "/late");
    expect(tokenEffect(response)).toBe("untouched");
    const { a: _, ...rest } = before;
    expect(response.json).toEqual({ ...rest, late: 1 });
    await client.refresh();
    expect(client.front.up).toMatchObject({ late: 1 });
  });

  it("a claim fetched on the way in: written once [wire M-8]", async () => {
    const claim = new TestClaim("role", "admin");
    await signIn("cookie", { plugins: [{ name: "p", globalClaimValidators: [claim.is("admin")] }] });
    await client.refresh();
    app.store.reset();
    const response = await client.send("GET", "/me");
    expect(response.all("front-token")).toHaveLength(1);
    expect(response.setCookies).toHaveLength(1);
    expect(client.front.up).toMatchObject({ role: { v: "admin" }, parentRefreshTokenHash1: null });
    expect(app.store.sessionCalls).toEqual(["promoteSession", "updateAccessTokenPayload"]);
  });

  it("several in one request: the last one is what the client gets [wire M-9]", async () => {
    const several: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      for (let i = 0; i < 3; i++) await found.mergeIntoAccessTokenPayload({ [`k${i}`]: i, a: i });
      return found.getAccessToken();
    };
    await signIn("cookie", {}, { "POST /several": several });
    const response = await client.send("POST", "/several");
    expect(client.front.up).toMatchObject({ k0: 0, k1: 1, k2: 2, a: 2 });
    expect(response.setCookies.map(({ value }) => value)).toEqual([response.json]);
    expect(decodeToken(response.json as string).payload).toEqual(client.front.up);
  });

  it("changes nothing on the response when nothing changes", async () => {
    await signIn("cookie");
    expect(tokenEffect(await merge({ a: 1 }))).toBe("untouched");
    expect(tokenEffect(await merge({}))).toBe("untouched");
  });
});

describe("mergeIntoAccessTokenPayload by handle", () => {
  it("says whether the row was there; no token anywhere until refresh, check or promotion [wire M-10, M-11]", async () => {
    await signIn("cookie");
    expect(await app.session.mergeIntoAccessTokenPayload("none", { a: 2 })).toBe(false);
    expect(await app.session.mergeIntoAccessTokenPayload(handle(), { a: 2 })).toBe(true);
    expect(outcome(await client.send("GET", "/me"))).toBe("session");
    expect(client.front.up.a).toBe(1);
    await client.refresh();
    expect(client.front.up.a).toBe(2);
    await app.session.mergeIntoAccessTokenPayload(handle(), { a: 3 });
    await client.send("GET", "/me");
    expect(client.front.up.a).toBe(3);
  });
});

describe("regenerateAccessToken, wire contract 3.8", () => {
  it("patches the row and mints from it; undefined when the row is gone; no token when the old one has expired", async () => {
    const functions: { current?: SessionFunctions } = {};
    await signIn("cookie", {
      override: {
        functions: (original) => {
          functions.current = original;
          return original;
        },
      },
    });
    const accessToken = client.cookies.get("sAccessToken") as string;
    const regenerate = (patch: object) =>
      functions.current?.regenerateAccessToken({
        accessToken,
        accessTokenPayloadUpdate: { ...patch },
        userContext: {},
      });
    const { exp } = client.front.up as { exp: number };
    const session = { handle: handle(), userId: "user-1", recipeUserId: "user-1", tenantId: "public" };
    const first = await regenerate({ b: 2 });
    expect(first).toMatchObject({
      status: "OK",
      session: { ...session, userDataInJWT: { iss: ISSUER, a: 1, b: 2 } },
      accessToken: { token: expect.any(String), expiry: exp * 1000, createdTime: app.clock.wallMs() },
    });
    expect(decodeToken(first?.accessToken?.token as string).payload).toMatchObject({ a: 1, b: 2, exp });
    app.clock.advanceSeconds(3600);
    expect(await regenerate({ c: 3 })).toEqual({
      status: "OK",
      session: { ...session, userDataInJWT: { iss: ISSUER, a: 1, b: 2, c: 3, deep: { x: 1, y: null } } },
    });
    await app.session.revokeSession(handle());
    expect(await regenerate({ d: 4 })).toBeUndefined();
    await expect(
      functions.current?.regenerateAccessToken({
        accessToken: "x",
        accessTokenPayloadUpdate: {},
        userContext: {},
      }),
    ).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
  });
});
