import { afterEach, describe, expect, it } from "vitest";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, tokenEffect } from "../support/outcome.js";
import { putRow, rowOf } from "../support/store-rows.js";
import { rule, TestClaim } from "../support/test-claims.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

const DAY_MS = 86_400_000;
const PATH = "/auth/session/refresh";

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(mode: "cookie" | "header", ...start: Parameters<typeof startApp>): Promise<void> {
  app = await startApp(...start);
  client = app.client(mode);
  await client.send("POST", "/login", {}, JSON.stringify({ payload: { color: "red" } }));
  app.store.reset();
}

function expectRefused(response: WireResponse): void {
  expect([response.status, response.json, tokenEffect(response)]).toEqual([
    401,
    { message: "unauthorised" },
    CLEARED_ALL,
  ]);
}

const handle = (): string => client.front.up.sessionHandle as string;
const refreshCookie = (): string => client.cookies.get("sRefreshToken") as string;

describe("refresh", () => {
  it("takes the newest of two cookies of one session; two sessions are never mixed [wire R-0]", async () => {
    await signIn("cookie");
    const old = refreshCookie();
    await client.refresh();
    const both = { rid: "session", cookie: `sRefreshToken=${old}; sRefreshToken=${refreshCookie()}` };
    const response = await send(app.origin, "POST", PATH, both);
    expect(response.status).toBe(200);
    expect((await rowOf(app.store, handle()))?.generation).toBe(1);
    expect(response.cookie("sRefreshToken")?.value).toMatch(/^1\.[^.]+\.[^.]+\.2\./);
    const other = app.client("cookie");
    await other.send("POST", "/login");
    const mixed = `sRefreshToken=${refreshCookie()}; sRefreshToken=${other.cookies.get("sRefreshToken")}`;
    const refused = await send(app.origin, "POST", PATH, { rid: "session", cookie: mixed });
    expect([refused.status, refused.cookie("sRefreshToken")?.value]).toEqual([200, ""]);
    expect(refused.header("access-control-expose-headers")).toBe("front-token");
  });

  it("chooses the header, or the cookie when the header holds nothing of ours [wire R-1]", async () => {
    await signIn("cookie");
    const other = app.client("header");
    await other.send("POST", "/login", {}, JSON.stringify({ userId: "header-user" }));
    const cookie = `sRefreshToken=${refreshCookie()}`;
    const byHeader = await send(app.origin, "POST", PATH, {
      cookie,
      authorization: `Bearer ${other.refreshToken}`,
    });
    expect(tokenEffect(byHeader)).toBe(
      "gave st-access-token st-refresh-token, took sAccessToken sRefreshToken",
    );
    const byCookie = await send(app.origin, "POST", PATH, {
      cookie,
      authorization: `Bearer ${other.accessToken}`,
    });
    expect(tokenEffect(byCookie)).toBe("gave sAccessToken sRefreshToken");
  });

  it("no refresh token, with or without an access token: 401, everything cleared, no store [wire R-2]", async () => {
    await signIn("cookie");
    expectRefused(await send(app.origin, "POST", PATH));
    expectRefused(
      await send(app.origin, "POST", PATH, { cookie: `sAccessToken=${client.cookies.get("sAccessToken")}` }),
    );
    expectRefused(await send(app.origin, "POST", PATH, { cookie: "sRefreshToken=" }));
    expect(app.store.calls).toEqual([]);
  });

  it("VIA_CUSTOM_HEADER and no rid: 401, cleared; not asked of header tokens [wire R-3, N-4]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_CUSTOM_HEADER" });
    expectRefused(await client.copy().refresh({ rid: undefined }));
    expect(app.store.sessionCalls).toEqual([]);
    expect((await client.refresh({ rid: "" })).status).toBe(200);
    const other = app.client("header");
    await other.send("POST", "/login");
    expect((await other.refresh({ rid: undefined })).status).toBe(200);
  });

  it("malformed, tampered with, or of another secret: 401, cleared, no store [wire R-4] [sec D-03]", async () => {
    await signIn("cookie");
    const token = refreshCookie();
    const parts = token.split(".");
    const changed = (index: number, value: string): string =>
      parts.map((part, at) => (at === index ? value : part)).join(".");
    const wrong = [
      "garbage",
      `${token}x`,
      token.slice(0, -1),
      changed(2, "0".repeat(32)),
      changed(3, "1"),
      changed(4, "c"),
      changed(5, "A".repeat(43)),
      changed(6, "0".repeat(64)),
      changed(7, "A".repeat(43)),
      `${token.slice(0, -1)}%00`,
    ];
    for (const text of wrong) {
      expectRefused(
        await send(app.origin, "POST", PATH, { rid: "session", cookie: `sRefreshToken=${text}` }),
      );
    }
    expect(app.store.sessionCalls).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
  });

  it("bound to an anti-CSRF token that is missing or wrong: 401, cleared, the row untouched [wire R-5a, N-4]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    const row = await rowOf(app.store, handle());
    for (const wrong of [undefined, "", "wrong", "x".repeat(300)]) {
      expectRefused(await client.copy().refresh({ "anti-csrf": wrong }));
    }
    expect(await rowOf(app.store, handle())).toEqual(row);
    expect(app.store.sessionCalls).toEqual([]);
    const first = client.antiCsrf;
    const response = await client.refresh();
    expect(response.status).toBe(200);
    expect(response.header("anti-csrf")).not.toBe(first);
    expect(client.front.up.antiCsrfToken).toBe(response.header("anti-csrf"));
  });

  it("not bound yet: allowed, and bound from then on [wire R-5b, N-7]", async () => {
    await signIn("cookie", { antiCsrf: "NONE" });
    const later = await app.sibling({ antiCsrf: "VIA_TOKEN" });
    const twin = later.client("cookie");
    twin.cookies = client.cookies;
    expect((await twin.send("POST", "/me")).json).toEqual({ message: "try refresh token" });
    const response = await twin.refresh();
    expect(response.status).toBe(200);
    expect(response.header("anti-csrf")).toBeDefined();
    expect((await twin.send("POST", "/me")).status).toBe(200);
    expectRefused(await twin.copy().refresh({ "anti-csrf": undefined }));
    await later.close();
  });

  it("in the header there is no anti-CSRF check, and what comes is unbound [wire R-5c]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    const other = app.client("header");
    other.refreshToken = refreshCookie();
    const response = await other.refresh();
    expect(response.status).toBe(200);
    expect(response.header("anti-csrf")).toBeUndefined();
    expect(other.front.up.antiCsrfToken).toBeNull();
    // And back into a cookie: not bound, so no header is wanted.
    const back = await send(app.origin, "POST", PATH, { cookie: `sRefreshToken=${other.refreshToken}` });
    expect(back.header("anti-csrf")).toBeDefined();
  });

  it("the row is gone: 401, cleared [wire R-6, V-7]", async () => {
    await signIn("cookie");
    await app.session.revokeSession(handle());
    expectRefused(await client.refresh());
  });

  it("a current token: a marked child, the row's payload, one read and no write [wire R-7, E-3]", async () => {
    await signIn("cookie");
    await app.session.mergeIntoAccessTokenPayload(handle(), { color: "blue" });
    const row = await rowOf(app.store, handle());
    const parent = client.front.up.refreshTokenHash1;
    app.clock.advanceSeconds(10);
    app.store.reset();
    expect((await client.refresh()).status).toBe(200);
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    expect(await rowOf(app.store, handle())).toEqual(row);
    expect(client.front.up).toMatchObject({
      color: "blue",
      parentRefreshTokenHash1: parent,
      iat: app.clock.wallMs() / 1000,
    });
    expect(client.front.up.refreshTokenHash1).not.toBe(parent);
  });

  it("an unused child of the current token: promoted, then as current [wire R-8]", async () => {
    await signIn("cookie");
    await client.refresh();
    app.clock.advanceSeconds(10);
    app.store.reset();
    expect((await client.refresh()).status).toBe(200);
    expect(app.store.sessionCalls).toEqual(["getSession", "promoteSession"]);
    expect(await rowOf(app.store, handle())).toMatchObject({
      generation: 1,
      rotatedAtMs: app.clock.wallMs(),
      expiresAtMs: app.clock.wallMs() + 100 * DAY_MS,
    });
    expect(client.front.up.parentRefreshTokenHash1).not.toBeNull();
  });

  it("the previous token within grace: the current one again, marked, so that its first use looks at the row; nothing written [wire R-9]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    const parent = client.copy();
    await client.refresh();
    const child = [refreshCookie(), client.antiCsrf];
    await client.send("GET", "/me");
    const row = await rowOf(app.store, handle());
    app.store.reset();
    const response = await parent.refresh();
    expect(response.status).toBe(200);
    expect([parent.cookies.get("sRefreshToken"), parent.antiCsrf]).toEqual(child);
    expect(parent.front.up.parentRefreshTokenHash1).toMatch(/^[0-9a-f]{64}$/);
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    expect(await rowOf(app.store, handle())).toEqual(row);
    expect((await parent.send("GET", "/me")).status).toBe(200);
    expect(parent.front.up.parentRefreshTokenHash1).toBeNull();
    expect(app.store.sessionCalls).toEqual(["getSession", "promoteSession", "getSession"]);
    expect(await rowOf(app.store, handle())).toEqual(row);
    expect(app.events.filter(({ type }) => type === "grace_hit")).toHaveLength(1);
  });

  it("grace 0 is none at all [wire R-9, R-10]", async () => {
    await signIn("cookie", { refreshGracePeriodSeconds: 0 });
    const parent = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    expect((await parent.refresh()).json).toEqual({ message: "token theft detected" });
  });

  it("theft: 401 with the payload, cleared, the session revoked [wire R-10, K-7]", async () => {
    const seen: unknown[] = [];
    await signIn("cookie", {
      errorHandlers: {
        onTokenTheftDetected: (sessionHandle, userId, recipeUserId, _req, res) => {
          seen.push(sessionHandle, userId, recipeUserId);
          res.setStatusCode(401);
          res.sendJSONResponse({});
        },
      },
    });
    const stolen = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    const handleBefore = handle();
    app.clock.advanceSeconds(31);
    const response = await stolen.refresh();
    expect([response.status, response.json, tokenEffect(response)]).toEqual([401, {}, CLEARED_ALL]);
    expect(seen).toEqual([handleBefore, "user-1", "user-1"]);
    expect(await rowOf(app.store, handleBefore)).toBeUndefined();
  });

  it("success: new tokens of the right lifetimes and an empty object [wire R-11]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    app.clock.advanceSeconds(60);
    const response = await client.refresh();
    expect([response.status, response.json]).toEqual([200, {}]);
    expect(tokenEffect(response)).toBe("gave sAccessToken sRefreshToken");
    const expires = (name: string): number => Date.parse(response.cookie(name)?.expires as string);
    expect(expires("sRefreshToken")).toBe(app.clock.wallMs() + 100 * DAY_MS);
    expect(expires("sAccessToken")).toBe(app.clock.wallMs() + 365 * DAY_MS);
    expect(response.header("access-control-expose-headers")).toBe("front-token, anti-csrf");
    expect(decodeToken(client.cookies.get("sAccessToken") as string).payload).toEqual(client.front.up);
  });

  it("claims are neither built nor judged [wire R-12]", async () => {
    const claim = new TestClaim("role", "admin");
    await signIn("cookie", {
      plugins: [{ name: "p", claims: [claim], globalClaimValidators: [rule("no", false)] }],
    });
    claim.fetches = [];
    expect((await client.refresh()).status).toBe(200);
    expect(claim.fetches).toEqual([]);
    expect(client.front.up.role).toMatchObject({ v: "admin" });
  });

  it("the access token of the request plays no part [wire R-13]", async () => {
    await signIn("cookie");
    const other = app.client("cookie");
    await other.send("POST", "/login", {}, JSON.stringify({ userId: "user-2" }));
    for (const access of [undefined, "garbage", other.cookies.get("sAccessToken")]) {
      const cookie = `${access === undefined ? "" : `sAccessToken=${access}; `}sRefreshToken=${refreshCookie()}`;
      const response = await send(app.origin, "POST", PATH, { cookie });
      expect(response.status).toBe(200);
      expect(JSON.parse(Buffer.from(response.header("front-token") as string, "base64").toString()).uid).toBe(
        "user-1",
      );
    }
  });

  it("a store that fell back one generation takes the newest token; two back it is no theft either [sec R-12]", async () => {
    await signIn("cookie");
    const rows = [await rowOf(app.store, handle())];
    for (let i = 0; i < 2; i++) {
      await client.refresh();
      await client.send("GET", "/me");
      rows.push(await rowOf(app.store, handle()));
    }
    await putRow(app.store, rows[1] as NonNullable<(typeof rows)[1]>);
    expect((await client.copy().refresh()).status).toBe(200);
    await putRow(app.store, rows[0] as NonNullable<(typeof rows)[0]>);
    expectRefused(await client.copy().refresh());
    expect(app.events.map(({ type }) => type)).toContain("store_regression");
    expect(app.events.map(({ type }) => type)).not.toContain("theft");
  });

  it("without a request: the same, and no response to write to [wire N-10, R-4, R-5a, R-7, R-10]", async () => {
    await signIn("cookie", { antiCsrf: "VIA_TOKEN" });
    const refresh = app.session.refreshSessionWithoutRequestResponse;
    const first = refreshCookie();
    await expect(refresh("garbage")).rejects.toMatchObject({
      type: "UNAUTHORISED",
      payload: { clearTokens: true },
    });
    await expect(refresh(first)).rejects.toMatchObject({
      type: "UNAUTHORISED",
      payload: { clearTokens: true },
    });
    const bound = (await refresh(first, false, client.antiCsrf)).getAllSessionTokensDangerously();
    expect(bound).toMatchObject({
      accessAndFrontTokenUpdated: true,
      refreshToken: expect.any(String),
      antiCsrfToken: expect.any(String),
    });
    const unbound = (await refresh(first, true)).getAllSessionTokensDangerously();
    expect(unbound.antiCsrfToken).toBeUndefined();
    await app.session.getSessionWithoutRequestResponse(unbound.accessToken, undefined, {
      antiCsrfCheck: false,
    });
    app.clock.advanceSeconds(31);
    await expect(refresh(first, true)).rejects.toMatchObject({
      type: "TOKEN_THEFT_DETECTED",
      payload: { sessionHandle: expect.any(String), userId: "user-1", recipeUserId: "user-1" },
    });
    const custom = await app.sibling({ antiCsrf: "VIA_CUSTOM_HEADER" });
    await expect(custom.session.refreshSessionWithoutRequestResponse(first)).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
    });
    await custom.close();
  });
});
