import { afterEach, describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/store/memory-store.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { rowOf } from "../support/store-rows.js";
import type { WireClient } from "../support/wire-client.js";

const DAY_SECONDS = 86_400;

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(...start: Parameters<typeof startApp>): Promise<void> {
  app = await startApp(...start);
  client = app.client();
  await client.send("POST", "/login", {}, JSON.stringify({ data: { n: 1 } }));
  app.store.reset();
}

const handle = (): string => client.front.up.sessionHandle as string;
const GONE = { type: "UNAUTHORISED", payload: { clearTokens: false } };

describe("revocation", () => {
  it("the container's: one delete, its method's tokens cleared, no failure when the row was gone [wire V-1, K-9]", async () => {
    for (const isGone of [false, true]) {
      for (const mode of ["cookie", "header"] as const) {
        await signIn();
        client = app.client(mode);
        await client.send("POST", "/login");
        // By another process: this one would know.
        if (isGone) await MemoryStore.prototype.deleteSessions.call(app.store, [handle()], 0);
        app.store.reset();
        const response = await client.send("POST", "/logout");
        expect([response.status, tokenEffect(response)]).toEqual([200, `cleared ${mode}s`]);
        expect(app.store.sessionCalls).toEqual(["deleteSessions"]);
        if (!isGone || mode === "cookie") await app.close();
      }
    }
  });

  it("by handle: whether it was there; several: those that were there [wire V-2, V-3, K-10]", async () => {
    await signIn();
    const second = await app.session.createNewSessionWithoutRequestResponse("user-1");
    expect(await app.session.revokeSession(handle())).toBe(true);
    expect(await app.session.revokeSession(handle())).toBe(false);
    expect(await app.session.revokeMultipleSessions([handle(), second.getHandle(), "none"])).toEqual([
      second.getHandle(),
    ]);
    expect(await app.session.revokeMultipleSessions([])).toEqual([]);
  });

  it("of a user: all tenants or one, live ones only, nobody else's [wire V-4] [sec R-09]", async () => {
    await signIn({ refreshTokenValidityMinutes: 120 });
    const create = (userId: string, tenantId = "public"): Promise<string> =>
      app.session.createNewSessionWithoutRequestResponse({ userId, tenantId }).then((one) => one.getHandle());
    const other = await create("user-2");
    const tenant = await create("user-1", "acme");
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toEqual([handle(), tenant]);
    expect(await app.session.revokeAllSessionsForUser("user-1", "acme")).toEqual([tenant]);
    expect(await app.session.revokeAllSessionsForUser("user-1")).toEqual([handle()]);
    expect(await app.session.revokeAllSessionsForUser("user-1")).toEqual([]);
    expect(await app.session.getAllSessionHandlesForUser("user-2", "public")).toEqual([other]);
    app.clock.advanceSeconds(7200);
    expect(await app.session.revokeAllSessionsForUser("user-2")).toEqual([]);
  });

  it("afterwards: in the process that revoked nothing works any more; a refresh clears [wire V-5, V-6, V-7]", async () => {
    await signIn();
    await client.refresh();
    const marked = client.copy();
    await client.send("GET", "/me");
    await app.session.revokeSession(handle());
    expect(outcome(await client.send("GET", "/me"))).toBe("401-KEEP");
    // Design decision 2: the refresh that follows clears.
    expect(outcome(await client.send("GET", "/checked"))).toBe("401-KEEP");
    expect(outcome(await marked.send("GET", "/me"))).toBe("401-KEEP");
    expect(outcome(await client.refresh())).toBe("401-CLEAR");
  });

  it("the same container afterwards: what needs the row throws, what is in the token stays [wire V-8]", async () => {
    await signIn();
    const session = await app.session.getSessionWithoutRequestResponse(client.cookies.get("sAccessToken"));
    await session.revokeSession();
    await expect(session.getSessionData()).rejects.toMatchObject(GONE);
    await expect(session.updateSessionData({})).rejects.toMatchObject(GONE);
    await expect(session.mergeIntoAccessTokenPayload({ a: 1 })).rejects.toMatchObject(GONE);
    await expect(session.getExpiry()).rejects.toMatchObject(GONE);
    await expect(session.getTimeCreated()).rejects.toMatchObject(GONE);
    expect([session.getUserId(), session.getHandle(), session.getTenantId()]).toEqual([
      "user-1",
      handle(),
      "public",
    ]);
    await session.revokeSession();
  });

  it("inside a refresh override, then 200: cleared tokens and no anti-csrf [wire V-9]", async () => {
    for (const where of ["api", "function"] as const) {
      await signIn({
        antiCsrf: "VIA_TOKEN",
        override:
          where === "api"
            ? {
                apis: (original) => ({
                  ...original,
                  refreshPOST: async (input) => {
                    const session = await (original.refreshPOST as NonNullable<typeof original.refreshPOST>)(
                      input,
                    );
                    await session.revokeSession();
                    return session;
                  },
                }),
              }
            : {
                functions: (original) => ({
                  ...original,
                  refreshSession: async (input) => {
                    const session = await original.refreshSession(input);
                    await session.revokeSession();
                    return session;
                  },
                }),
              },
      });
      const response = await client.refresh();
      expect([response.status, tokenEffect(response)]).toEqual([200, "cleared cookies"]);
      expect(response.header("anti-csrf")).toBeUndefined();
      if (where === "api") await app.close();
    }
  });

  it("a 401 from a refresh override that neither revokes nor throws: the new tokens go out [wire V-10]", async () => {
    await signIn({
      override: {
        apis: (original) => ({
          ...original,
          refreshPOST: async (input) => {
            const session = await (original.refreshPOST as NonNullable<typeof original.refreshPOST>)(input);
            input.res.setStatusCode(401);
            input.res.sendJSONResponse({ no: true });
            return session;
          },
        }),
      },
    });
    const response = await client.refresh();
    expect([response.status, response.json]).toEqual([401, { no: true }]);
    expect(tokenEffect(response)).toBe("gave sAccessToken sRefreshToken");
  });
});

describe("expiry", () => {
  it("a row is dead for every purpose from its expiry on, also before it is deleted [wire E-1]", async () => {
    await signIn({ accessTokenValiditySeconds: 30 * DAY_SECONDS, refreshTokenValidityMinutes: 201 * 1440 });
    await client.refresh();
    app.clock.advanceSeconds(201 * DAY_SECONDS - 1);
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toHaveLength(1);
    app.clock.advanceSeconds(1);
    expect(await rowOf(app.store, handle())).toBeDefined();
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toEqual([]);
    expect(await app.session.getSessionInformation(handle())).toBeUndefined();
    expect(await app.session.updateSessionData(handle(), {})).toBe(false);
    expect(await app.session.mergeIntoAccessTokenPayload(handle(), { a: 1 })).toBe(false);
    expect(await app.session.revokeSession(handle())).toBe(false);
    expect(outcome(await client.refresh())).toBe("401-CLEAR");
  });

  it("dead rows are deleted behind a login, twice a day, and on demand [wire E-2, ST-9]", async () => {
    await signIn({ refreshTokenValidityMinutes: 120 });
    app.clock.advanceSeconds(DAY_SECONDS / 2);
    app.store.reset();
    const before = handle();
    await app.client().send("POST", "/login");
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.store.calls).toContain("deleteExpiredSessions");
    expect(await rowOf(app.store, before)).toBeUndefined();
    app.clock.advanceSeconds(DAY_SECONDS / 4);
    expect(await app.session.deleteExpiredSessions()).toBe(1);
  });

  it("only creation and promotion move the expiry; the cookie may outlive the row [wire E-3]", async () => {
    await signIn();
    const expires = async (): Promise<number | undefined> => (await rowOf(app.store, handle()))?.expiresAtMs;
    const start = await expires();
    app.clock.advanceSeconds(DAY_SECONDS);
    const refreshed = await client.refresh();
    expect(await expires()).toBe(start);
    expect(Date.parse(refreshed.cookie("sRefreshToken")?.expires as string)).toBe(
      (start as number) + DAY_SECONDS * 1000,
    );
    await client.send("POST", "/merge", {}, '{"a":1}');
    expect(await expires()).toBe((start as number) + DAY_SECONDS * 1000);
    app.clock.advanceSeconds(60);
    await client.send("POST", "/merge", {}, '{"a":2}');
    await client.send("GET", "/checked");
    expect(await expires()).toBe((start as number) + DAY_SECONDS * 1000);
  });

  it("minted on get: full validity; by a merge: the old expiry [wire E-4, M-4]", async () => {
    await signIn();
    const exp = (): number => client.front.up.exp as number;
    const now = (): number => app.clock.wallMs() / 1000;
    app.clock.advanceSeconds(600);
    const before = exp();
    await client.send("POST", "/merge", {}, '{"a":1}');
    expect([exp(), client.front.up.iat]).toEqual([before, now()]);
    await app.session.mergeIntoAccessTokenPayload(handle(), { a: 2 });
    await client.send("GET", "/checked");
    expect(exp()).toBe(now() + 900);
  });

  it("jitter is off unless asked for, and then shortens only [wire E-5] [sec T-11]", async () => {
    await signIn({ accessTokenValidityJitter: 0.05 });
    const lives = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const { exp, iat } = (
        await app.session.createNewSessionWithoutRequestResponse("u")
      ).getAccessTokenPayload();
      lives.add(exp - iat);
    }
    expect(lives.size).toBeGreaterThan(5);
    expect(Math.max(...lives)).toBeLessThanOrEqual(900);
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(855);
  });

  it("durations are checked when the instance is made [wire E-6]", async () => {
    const wrong = [
      { accessTokenValiditySeconds: 0 },
      { accessTokenValiditySeconds: 2_592_001 },
      { accessTokenValiditySeconds: 3600, refreshTokenValidityMinutes: 60 },
      { accessTokenSigningKeyUpdateIntervalHours: 0.99 },
      { refreshGracePeriodSeconds: -1 },
      { refreshGracePeriodSeconds: 61 },
    ];
    for (const options of wrong) {
      await expect(startApp(options)).rejects.toMatchObject({ type: "INVALID_OPTION" });
    }
    app = await startApp({
      accessTokenValiditySeconds: 1,
      refreshTokenValidityMinutes: 1.001 / 60,
      accessTokenSigningKeyUpdateIntervalHours: 0.01,
      allowTestValues: true,
    });
  });
});

describe("session data", () => {
  it("is read fresh, and replaced as a whole [wire U-1, U-3, U-5]", async () => {
    const work: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      const seen = [await found.getSessionData()];
      await found.updateSessionData({ b: [null, { c: "ü" }] });
      seen.push(await found.getSessionData(), await found.getSessionDataFromDatabase());
      await session.updateSessionData(found.getHandle(), { outside: true });
      seen.push(await found.getSessionData());
      for (const nothing of [null, undefined]) {
        await found.updateSessionDataInDatabase(nothing);
        seen.push(await found.getSessionData());
      }
      return seen;
    };
    await signIn({}, { "POST /work": work });
    const response = await client.send("POST", "/work");
    const replaced = { b: [null, { c: "ü" }] };
    expect(response.json).toEqual([{ n: 1 }, replaced, replaced, { outside: true }, {}, {}]);
    expect(tokenEffect(response)).toBe("untouched");
  });

  it("of a missing row: UNAUTHORISED from the container (not clearing: design decision 2), false by handle [wire U-2, U-4, U-5]", async () => {
    const work: Handler = async (req, res, session) => {
      const found = await session.getSession(req, res);
      await session.revokeSession(found.getHandle());
      return req.url?.includes("write") ? found.updateSessionData({}) : found.getSessionData();
    };
    await signIn({}, { "POST /work": work });
    expect(outcome(await client.send("POST", "/work?read"))).toBe("401-KEEP");
    expect(outcome(await client.send("POST", "/work?write"))).toBe("401-KEEP");
    expect(await app.session.updateSessionData(handle(), { a: 1 })).toBe(false);
    expect(await app.session.updateSessionDataInDatabase("none", undefined)).toBe(false);
  });

  it("the last writer wins, and nothing is mixed [wire U-6]", async () => {
    await signIn();
    const writes = Array.from({ length: 10 }, (_, i) =>
      app.session.updateSessionData(handle(), { [`k${i}`]: i }),
    );
    expect(await Promise.all(writes)).toEqual(Array(10).fill(true));
    expect((await app.session.getSessionInformation(handle()))?.sessionData).toEqual({ k9: 9 });
  });

  it("an application's own UNAUTHORISED clears, unless it says otherwise [wire K-4, K-5]", async () => {
    const refuse: Handler = async (req, _res, session) => {
      throw new session.Error({
        type: "UNAUTHORISED",
        message: "banned",
        ...(req.url?.includes("keep") ? { payload: { clearTokens: false } } : {}),
      });
    };
    await signIn({}, { "POST /refuse": refuse });
    expect(outcome(await client.send("POST", "/refuse?keep"))).toBe("401-KEEP");
    expect(tokenEffect(await client.send("POST", "/refuse"))).toBe(CLEARED_ALL);
  });
});
