import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { decodeToken } from "../support/forge-token.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { rowOf } from "../support/store-rows.js";
import { rule, TestClaim } from "../support/test-claims.js";
import { send, type WireClient } from "../support/wire-client.js";

const DAY_MS = 86_400_000;

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(...start: Parameters<typeof startApp>): Promise<void> {
  app = await startApp(...start);
  client = app.client();
  await client.send("POST", "/login", {}, JSON.stringify({ payload: { color: "red" } }));
  app.store.reset();
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const cookie = (token: string): { cookie: string } => ({ cookie: `sAccessToken=${token}` });
const accessToken = (): string => client.cookies.get("sAccessToken") as string;
const handle = (): string => client.front.up.sessionHandle as string;

describe("getSession", () => {
  it("the first use of a refreshed token promotes it [wire G-14, E-4]", async () => {
    await signIn({ antiCsrf: "VIA_TOKEN" });
    const before = await rowOf(app.store, handle());
    app.clock.advanceSeconds(100);
    await client.refresh();
    const marked = client.front.up;
    expect(sha256(marked.parentRefreshTokenHash1 as string)).toBe(before?.refreshTokenHash2);
    // Changed by handle meanwhile: the minted token has the row's payload.
    await app.session.mergeIntoAccessTokenPayload(handle(), { color: "blue" });
    app.clock.advanceSeconds(50);
    app.store.reset();
    const response = await client.send("GET", "/me");
    expect(outcome(response)).toBe("session + tokens");
    expect(response.cookie("sRefreshToken")).toBeUndefined();
    expect(response.header("anti-csrf")).toBeUndefined();
    expect(app.store.sessionCalls).toEqual(["promoteSession"]);
    const nowMs = app.clock.wallMs();
    const after = await rowOf(app.store, handle());
    expect(after).toMatchObject({
      previousRefreshTokenHash2: before?.refreshTokenHash2,
      rotatedAtMs: nowMs,
      generation: 1,
      expiresAtMs: nowMs + 100 * DAY_MS,
    });
    expect(after?.refreshTokenHash2).not.toBe(before?.refreshTokenHash2);
    expect(client.front.up).toEqual({
      ...marked,
      color: "blue",
      parentRefreshTokenHash1: null,
      iat: nowMs / 1000,
      exp: nowMs / 1000 + 900,
    });
    // The container the handler saw is the new one.
    expect((response.json as { payload: unknown }).payload).toEqual(client.front.up);
  });

  it("whoever comes second with the marked token gets an unmarked one without a row write [wire G-15]", async () => {
    await signIn();
    await client.refresh();
    const marked = accessToken();
    await client.send("GET", "/me");
    const row = await rowOf(app.store, handle());
    app.clock.advanceSeconds(5);
    const second = await send(app.origin, "GET", "/me", cookie(marked));
    expect(outcome(second)).toBe("session + tokens");
    const minted = decodeToken(second.cookie("sAccessToken")?.value as string).payload;
    expect(minted).toMatchObject({
      parentRefreshTokenHash1: null,
      refreshTokenHash1: client.front.up.refreshTokenHash1,
    });
    expect(await rowOf(app.store, handle())).toEqual(row);
  });

  it("many at once with the marked token: one promotion, no failure [wire G-14, G-15] [sec CC-04]", async () => {
    await signIn();
    await client.refresh();
    const marked = accessToken();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => send(app.origin, "GET", "/me", cookie(marked))),
    );
    expect(new Set(responses.map(outcome))).toEqual(new Set(["session + tokens"]));
    expect((await rowOf(app.store, handle()))?.generation).toBe(1);
  });

  it("checkDatabase brings the row's payload, whether the token is marked or not [wire G-16, M-11]", async () => {
    await signIn();
    for (const isMarked of [false, true]) {
      if (isMarked) await client.refresh();
      await app.session.mergeIntoAccessTokenPayload(handle(), { color: `blue ${isMarked}` });
      const row = await rowOf(app.store, handle());
      app.store.reset();
      expect(outcome(await client.send("GET", "/checked"))).toBe("session + tokens");
      expect(client.front.up).toMatchObject({ color: `blue ${isMarked}`, parentRefreshTokenHash1: null });
      expect(app.store.sessionCalls).toEqual([isMarked ? "promoteSession" : "getSession"]);
      if (!isMarked) expect(await rowOf(app.store, handle())).toEqual(row);
      expect(outcome(await client.send("GET", "/checked"))).toBe("session");
    }
  });

  it("key order in the stored payload is no difference [wire G-16]", async () => {
    await signIn();
    await app.session.mergeIntoAccessTokenPayload(handle(), { list: [{ a: 1, b: 2 }] });
    await client.send("GET", "/checked");
    await app.session.mergeIntoAccessTokenPayload(handle(), { list: [{ b: 2, a: 1 }] });
    expect(outcome(await client.send("GET", "/checked"))).toBe("session");
  });

  it("checkDatabase takes the current and the previous generation, marked or not [wire G-15b, G-17]", async () => {
    await signIn();
    const generation0 = accessToken();
    await client.refresh();
    const marked1 = accessToken();
    await client.send("GET", "/me");
    expect(outcome(await send(app.origin, "GET", "/checked", cookie(generation0)))).toBe("session");
    await client.refresh();
    await client.send("GET", "/me");
    expect(outcome(await send(app.origin, "GET", "/checked", cookie(generation0)))).toBe("401-TRY");
    expect(outcome(await send(app.origin, "GET", "/checked", cookie(marked1)))).toBe("session");
    await client.refresh();
    await client.send("GET", "/me");
    expect(outcome(await send(app.origin, "GET", "/checked", cookie(marked1)))).toBe("401-TRY");
    // Nothing was cleared and the session goes on.
    expect(outcome(await client.send("GET", "/checked"))).toBe("session");
  });

  it("a promotion that coincides with a 403 is not lost [wire G-18]", async () => {
    await signIn({ plugins: [{ name: "p", globalClaimValidators: [rule("no", false)] }] });
    await client.refresh();
    const response = await client.send("GET", "/me");
    expect(outcome(response)).toBe("403 + tokens");
    expect(client.front.up.parentRefreshTokenHash1).toBeNull();
    app.store.reset();
    expect(outcome(await client.send("GET", "/me"))).toBe("403");
    expect(app.store.calls).toEqual([]);
  });

  it("later changes of the session land on this response [wire G-19]", async () => {
    const change: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      await found.mergeIntoAccessTokenPayload({ late: true });
      return found.getAccessTokenPayload();
    };
    await signIn({}, { "GET /change": change });
    const response = await client.send("GET", "/change");
    expect(outcome(response)).toBe("session + tokens");
    expect(response.json).toEqual(client.front.up);
    expect(client.front.up.late).toBe(true);
  });

  it("asked for twice in one request, it is verified and promoted once [wire G-19, M-8]", async () => {
    const twice: Handler = async (req, res, session) => {
      const [a, b] = await Promise.all([session.getSession(req, res), session.getSession(req, res)]);
      return [a === b, (await session.getSession(req, res)) === a];
    };
    await signIn({}, { "GET /twice": twice });
    await client.refresh();
    app.store.reset();
    expect((await client.send("GET", "/twice")).json).toEqual([true, true]);
    expect(app.store.sessionCalls).toEqual(["promoteSession"]);
  });
});

describe("claims on getSession", () => {
  it("all claims are fetched first, then all validators judge; one write, failures in order [wire G-18]", async () => {
    const role = new TestClaim("role", "admin");
    const mail = new TestClaim("mail", true);
    await signIn({
      plugins: [
        {
          name: "p",
          globalClaimValidators: [
            rule("first", false, { n: 1 }),
            role.is("user"),
            mail.is(true),
            rule("last", false),
          ],
        },
      ],
    });
    const response = await client.send("GET", "/me");
    expect(response.json).toEqual({
      message: "invalid claim",
      claimValidationErrors: [
        { id: "first", reason: { n: 1 } },
        { id: "role", reason: { message: "wrong value" } },
        { id: "last" },
      ],
    });
    expect(app.store.sessionCalls).toEqual(["updateAccessTokenPayload"]);
    expect(client.front.up).toMatchObject({ role: { v: "admin" }, mail: { v: true } });
    await client.send("GET", "/me");
    expect([role.fetches.length, mail.fetches.length]).toEqual([1, 1]);
    expect(role.fetches[0]).toMatchObject({ userId: "user-1", tenantId: "public", sessionHandle: handle() });
  });

  it("a claim that fetches nothing changes nothing [wire G-18]", async () => {
    const absent = new TestClaim("absent", undefined);
    await signIn({ plugins: [{ name: "p", globalClaimValidators: [absent.is("x")] }] });
    expect(outcome(await client.send("GET", "/me"))).toBe("403");
    expect(app.store.calls).toEqual([]);
  });

  it("the route's list replaces the global one, whether it comes at once or later [wire G-18]", async () => {
    const handed: string[][] = [];
    const route =
      (isAsync: boolean): Handler =>
      async (req, res, session) => {
        const found = await session.getSession(req, res, {
          overrideGlobalClaimValidators: (globals, container, context) => {
            handed.push([...globals.map(({ id }) => id), container.getUserId(), typeof context]);
            const list = [...globals.filter(({ id }) => id !== "no"), rule("extra", true)];
            return isAsync ? Promise.resolve(list) : list;
          },
        });
        return found.getUserId();
      };
    await signIn(
      { plugins: [{ name: "p", globalClaimValidators: [rule("yes", true), rule("no", false)] }] },
      { "GET /sync": route(false), "GET /async": route(true) },
    );
    expect((await client.send("GET", "/sync")).json).toBe("user-1");
    expect((await client.send("GET", "/async")).json).toBe("user-1");
    expect(handed).toEqual(Array(2).fill(["yes", "no", "user-1", "object"]));
    expect((await client.send("GET", "/me")).status).toBe(403);
  });
});

describe("getSessionWithoutRequestResponse", () => {
  it("with VIA_CUSTOM_HEADER the caller has to say that it looked [wire G-20, N-10]", async () => {
    await signIn({ antiCsrf: "VIA_CUSTOM_HEADER" });
    const { getSessionWithoutRequestResponse } = app.session;
    await expect(getSessionWithoutRequestResponse(accessToken())).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
    });
    await expect(
      getSessionWithoutRequestResponse(undefined, undefined, { sessionRequired: false }),
    ).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    const found = await getSessionWithoutRequestResponse(accessToken(), undefined, { antiCsrfCheck: false });
    expect(found?.getUserId()).toBe("user-1");
  });

  it("with the mode unset there is no anti-CSRF at all [wire G-20]", async () => {
    await signIn({
      appInfo: { appName: "t", apiDomain: "https://api.a.com", websiteDomain: "https://b.com" },
    });
    expect((await app.session.getSessionWithoutRequestResponse(accessToken())).getUserId()).toBe("user-1");
  });

  it("no token, or not one of ours: undefined or UNAUTHORISED that keeps [wire G-21, G-22]", async () => {
    await signIn();
    for (const token of [undefined, "", "garbage", `${accessToken()}.x`]) {
      expect(
        await app.session.getSessionWithoutRequestResponse(token, undefined, { sessionRequired: false }),
      ).toBeUndefined();
      await expect(app.session.getSessionWithoutRequestResponse(token)).rejects.toMatchObject({
        type: "UNAUTHORISED",
        payload: { clearTokens: false },
      });
    }
  });

  it("with VIA_TOKEN the token is checked unless told otherwise [wire G-23]", async () => {
    await signIn({ antiCsrf: "VIA_TOKEN" });
    const get = app.session.getSessionWithoutRequestResponse;
    for (const wrong of [undefined, "", "wrong"]) {
      await expect(get(accessToken(), wrong)).rejects.toMatchObject({ type: "TRY_REFRESH_TOKEN" });
      await expect(get(accessToken(), wrong, { sessionRequired: false })).rejects.toMatchObject({
        type: "TRY_REFRESH_TOKEN",
      });
    }
    expect((await get(accessToken(), client.antiCsrf)).getUserId()).toBe("user-1");
    expect((await get(accessToken(), undefined, { antiCsrfCheck: false }))?.getUserId()).toBe("user-1");
  });

  it("the rest is as with a request; new tokens are in the container [wire G-24]", async () => {
    const claim = new TestClaim("role", "admin");
    await signIn({ plugins: [{ name: "p", globalClaimValidators: [claim.is("admin")] }] });
    await client.refresh();
    const found = await app.session.getSessionWithoutRequestResponse(accessToken());
    const tokens = found.getAllSessionTokensDangerously();
    expect(tokens.accessAndFrontTokenUpdated).toBe(true);
    expect(decodeToken(tokens.accessToken).payload).toMatchObject({
      parentRefreshTokenHash1: null,
      role: { v: "admin" },
    });
    expect(tokens.refreshToken).toBeUndefined();
    const again = await app.session.getSessionWithoutRequestResponse(tokens.accessToken);
    expect(again.getAllSessionTokensDangerously().accessAndFrontTokenUpdated).toBe(false);
    claim.value = "user";
    await again.removeClaim(claim);
    await expect(app.session.getSessionWithoutRequestResponse(again.getAccessToken())).rejects.toMatchObject({
      type: "INVALID_CLAIMS",
      payload: [{ id: "role" }],
    });
    await app.session.revokeSession(handle());
    await expect(
      app.session.getSessionWithoutRequestResponse(again.getAccessToken(), undefined, {
        checkDatabase: true,
      }),
    ).rejects.toMatchObject({ type: "UNAUTHORISED", payload: { clearTokens: false } });
    app.clock.advanceSeconds(3600);
    await expect(app.session.getSessionWithoutRequestResponse(again.getAccessToken())).rejects.toMatchObject({
      type: "TRY_REFRESH_TOKEN",
    });
  });
});
