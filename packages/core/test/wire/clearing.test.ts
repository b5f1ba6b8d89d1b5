import { afterEach, describe, expect, it } from "vitest";
import type { SessionError } from "../../src/errors/session-error.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send, type WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const JSON_TYPE = "application/json; charset=utf-8";

async function signIn(mode: "cookie" | "header" = "cookie"): Promise<{ client: WireClient; handle: string }> {
  const client = app.client(mode);
  return { client, handle: ((await client.send("POST", "/login")).json as { handle: string }).handle };
}

/** A session whose first token is in use: presenting the first refresh token again is theft. */
async function stolen(): Promise<WireClient> {
  const { client } = await signIn();
  const thief = client.copy();
  await client.refresh();
  await client.send("GET", "/me");
  app.clock.advanceSeconds(31);
  return thief;
}

const unauthorised =
  (payload?: { clearTokens: boolean }): Handler =>
  async (_req, _res, session) => {
    throw new session.Error({
      type: "UNAUTHORISED",
      message: "only for the log",
      ...(payload && { payload }),
    } as never);
  };

describe("default answers (1.5)", () => {
  it.each([
    [401, 403],
    [440, 422],
  ])(
    "[wire K-4…K-8] [sec L-06] have a fixed body, and the configured statuses %i and %i",
    async (expired, invalid) => {
      app = await startApp(
        {
          sessionExpiredStatusCode: expired,
          invalidClaimStatusCode: invalid,
          accessTokenValiditySeconds: 60,
        },
        {
          "GET /unauthorised": unauthorised(),
          "GET /claims": async (req, res, session) =>
            session.getSession(req, res, {
              overrideGlobalClaimValidators: () => [
                {
                  id: "role",
                  validate: () => ({ isValid: false, reason: { message: "wrong value", n: 1 } }),
                },
                { id: "bare", validate: () => ({ isValid: false }) },
              ],
            }),
          "GET /duplicates": async (_req, _res, session) => {
            throw new session.Error({ type: "CLEAR_DUPLICATE_SESSION_COOKIES", message: "only for the log" });
          },
        },
      );
      const thief = await stolen();
      const { client } = await signIn();
      const answer = async (method: string, path: string, from = client.copy()) => {
        const response = await from.send(method, path);
        expect(response.header("content-type")).toBe(JSON_TYPE);
        return [response.status, response.json, tokenEffect(response)];
      };
      expect(await answer("GET", "/unauthorised")).toEqual([
        expired,
        { message: "unauthorised" },
        CLEARED_ALL,
      ]);
      expect(await answer("GET", "/claims")).toEqual([
        invalid,
        {
          message: "invalid claim",
          claimValidationErrors: [{ id: "role", reason: { message: "wrong value", n: 1 } }, { id: "bare" }],
        },
        "untouched",
      ]);
      const [status, body, effect] = await answer("GET", "/duplicates");
      expect([status, effect]).toEqual([200, "untouched"]);
      expect(body).toEqual({ message: expect.any(String) });
      expect(body).not.toMatchObject({ message: "only for the log" });
      expect(await answer("POST", "/auth/session/refresh", thief)).toEqual([
        expired,
        { message: "token theft detected" },
        CLEARED_ALL,
      ]);
      app.clock.advanceSeconds(60);
      expect(await answer("GET", "/me")).toEqual([expired, { message: "try refresh token" }, "untouched"]);
    },
  );
});

describe("what clears", () => {
  it.each([
    ["K-4", undefined, "401-CLEAR"],
    ["K-4", { clearTokens: true }, "401-CLEAR"],
    ["K-5", { clearTokens: false }, "401-KEEP"],
  ])("[wire %s] an UNAUTHORISED of the application with payload %j: %s", async (_, payload, expected) => {
    app = await startApp({}, { "GET /no": unauthorised(payload) });
    for (const mode of ["cookie", "header"] as const) {
      const { client } = await signIn(mode);
      expect(outcome(await client.send("GET", "/no"))).toBe(expected);
    }
  });

  it("[wire K-1] clearing does not depend on what the request carried: both cookies and both headers, always", async () => {
    app = await startApp({}, { "GET /no": unauthorised() });
    for (const headers of [{}, { cookie: "sAccessToken=x" }, { authorization: "Bearer x" }]) {
      expect(tokenEffect(await send(app.origin, "GET", "/no", headers))).toBe(CLEARED_ALL);
    }
  });

  it("[wire K-3, F-7] says so in front-token too, for clients behind proxies that drop empty headers", async () => {
    app = await startApp({}, { "GET /no": unauthorised() });
    const response = await send(app.origin, "GET", "/no");
    const withoutEmpty = response.lines.filter(([, value]) => value !== "");
    expect(withoutEmpty).toContainEqual(["front-token", "remove"]);
  });

  it("[wire K-5, B-14, T-13, D-2] a request without a session of ours keeps what the client has, so that it reaches refresh", async () => {
    app = await startApp();
    for (const cookie of [
      undefined,
      "sAccessToken=garbage",
      "sRefreshToken=x",
      "sFrontToken=x; sAntiCsrf=y",
    ]) {
      expect(outcome(await send(app.origin, "GET", "/me", { cookie }))).toBe("401-KEEP");
      expect(outcome(await send(app.origin, "GET", "/optional", { cookie }))).toBe("none");
    }
    await expect(app.session.getSessionWithoutRequestResponse("garbage")).rejects.toMatchObject({
      type: "UNAUTHORISED",
      payload: { clearTokens: false },
    });
  });

  it("[wire K-6] TRY_REFRESH_TOKEN clears nothing", async () => {
    app = await startApp({ accessTokenValiditySeconds: 60 });
    const { client } = await signIn();
    app.clock.advanceSeconds(60);
    expect(outcome(await client.send("GET", "/me"))).toBe("401-TRY");
  });

  it("[wire K-4, B-15, J-20] a revoked session found on get clears nothing, by design decision 2: the refresh that follows does", async () => {
    app = await startApp();
    const { client, handle } = await signIn();
    await app.session.revokeSession(handle);
    expect(outcome(await client.send("GET", "/checked"))).toBe("401-KEEP");
    const refresh = await client.refresh();
    expect([refresh.status, tokenEffect(refresh)]).toEqual([401, CLEARED_ALL]);
  });

  it("[wire B-16] [sec O-03] every refresh that answers 401 clears", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const thief = await stolen();
    const { client, handle } = await signIn();
    const unbound = await client.copy().refresh({ "anti-csrf": undefined });
    const forged = await client.copy().refresh({ cookie: "sRefreshToken=1.x.y" });
    await app.session.revokeSession(handle);
    const gone = await client.refresh();
    for (const response of [unbound, forged, gone, await thief.refresh()]) {
      expect([response.status, tokenEffect(response)]).toEqual([401, CLEARED_ALL]);
    }
  });

  it("[wire K-7, W-2] theft clears before the application's handler runs, and the session is gone by then", async () => {
    const seen: unknown[] = [];
    app = await startApp({
      errorHandlers: {
        async onTokenTheftDetected(sessionHandle, userId, recipeUserId, _req, res) {
          seen.push([userId, recipeUserId, await app.session.getSessionInformation(sessionHandle)]);
          seen.push(res.getHeader("front-token"));
          res.setStatusCode(401);
          res.sendJSONResponse({ stolen: true });
        },
      },
    });
    const response = await (await stolen()).refresh();
    expect(seen).toEqual([["user-1", "user-1", undefined], "remove"]);
    expect([response.json, tokenEffect(response)]).toEqual([{ stolen: true }, CLEARED_ALL]);
  });

  it("[wire K-8] INVALID_CLAIMS clears nothing", async () => {
    const never = { id: "never", validate: () => ({ isValid: false as const }) };
    app = await startApp({ plugins: [{ name: "p", globalClaimValidators: [never] }] });
    const { client } = await signIn();
    expect(outcome(await client.send("GET", "/me"))).toBe("403");
  });

  it("[wire K-9, V-1] revokeSession of a container clears its own method only, also when the store had nothing left to delete", async () => {
    app = await startApp(
      {},
      {
        "POST /logout-twice": async (req, res, session) => {
          const found = await session.getSession(req, res);
          await session.revokeSession(found.getHandle());
          await found.revokeSession();
        },
      },
    );
    for (const [mode, effect] of [
      ["cookie", "cleared cookies"],
      ["header", "cleared headers"],
    ] as const) {
      expect(tokenEffect(await (await signIn(mode)).client.send("POST", "/logout"))).toBe(effect);
      expect(tokenEffect(await (await signIn(mode)).client.send("POST", "/logout-twice"))).toBe(effect);
    }
  });

  it("[wire K-10, V-2] revoking by handle or user clears nothing: no response is at hand", async () => {
    app = await startApp(
      {},
      {
        "POST /kick": async (req, res, session) => {
          const found = await session.getSession(req, res);
          await session.revokeSession(found.getHandle());
          await session.revokeMultipleSessions([found.getHandle()]);
          await session.revokeAllSessionsForUser(found.getUserId());
        },
      },
    );
    const response = await (await signIn()).client.send("POST", "/kick");
    expect([response.status, tokenEffect(response)]).toEqual([200, "untouched"]);
  });

  it("[wire K-13] an error the application catches and answers itself clears nothing: clearing is the error handler's", async () => {
    app = await startApp(
      {},
      {
        "GET /own-answer": async (_req, res, session) => {
          try {
            throw new session.Error({ type: "UNAUTHORISED", message: "no", payload: { clearTokens: true } });
          } catch (error) {
            res.statusCode = 401;
            return { caught: (error as SessionError).type };
          }
        },
        "POST /own-refresh": async (req, res, session) => {
          const failed = await session.refreshSession(req, res).catch((error: SessionError) => error.type);
          res.statusCode = 401;
          return { caught: failed };
        },
      },
    );
    const { client } = await signIn();
    for (const [method, path] of [
      ["GET", "/own-answer"],
      ["POST", "/own-refresh"],
    ] as const) {
      const response = await client.send(method, path);
      expect([response.status, response.json, tokenEffect(response)]).toEqual([
        401,
        { caught: "UNAUTHORISED" },
        "untouched",
      ]);
    }
  });
});
