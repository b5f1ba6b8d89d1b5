import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { SessionApis } from "../../src/config/session-options.js";
import { APP_INFO, type Handler, startApp, type TestApp, wrap } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";
const guard: Handler = async (req, res, _session, adapter) =>
  (await adapter.verifySession(wrap(req, res)))?.getUserId();
const withApis = (change: Partial<SessionApis>) => ({
  override: { apis: (original: SessionApis) => ({ ...original, ...change }) },
});

describe("refresh", () => {
  it("[wire P-1, R-11, F-8] answers 200 {} with new tokens and a front token", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    const response = await client.refresh();
    expect([response.status, response.body]).toEqual([200, "{}"]);
    expect(response.header("content-type")).toBe("application/json; charset=utf-8");
    expect(tokenEffect(response)).toBe("gave sAccessToken sRefreshToken");
    expect(response.header("front-token")).not.toBe("remove");
  });

  it.each([401, 440])(
    "[wire P-9, B-16, R-2] answers %i and clears when there is no refresh token, also beside an access token",
    async (sessionExpiredStatusCode) => {
      app = await startApp({ sessionExpiredStatusCode });
      for (const headers of [
        {},
        { cookie: "sAccessToken=dead" },
        { cookie: "sRefreshToken=" },
        { authorization: "Bearer x" },
      ]) {
        const response = await send(app.origin, "POST", REFRESH, { rid: "session", ...headers });
        expect([response.status, tokenEffect(response)]).toEqual([sessionExpiredStatusCode, CLEARED_ALL]);
        expect(response.json).toEqual({ message: "unauthorised" });
      }
    },
  );

  it("[wire B-18] whatever body it has is never parsed; that of sign-out is, and parses", async () => {
    app = await startApp(withApis({ refreshPOST: undefined }), {
      [`POST ${REFRESH}`]: async (req, res, session) => {
        await session.refreshSession(req, res);
        res.end("refresh success");
      },
    });
    const client = app.client();
    await client.send("POST", "/login");
    const refresh = await client.refresh();
    expect([refresh.status, refresh.body]).toEqual([200, "refresh success"]);
    expect((await client.send("POST", "/auth/signout")).json).toEqual({ status: "OK" });
  });

  it("[sec R-15] only POST on the exact path rotates", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    app.store.reset();
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await client.send(method, REFRESH);
      expect([method, response.status, tokenEffect(response)]).toEqual([method, 404, "untouched"]);
    }
    expect(app.store.calls).toEqual([]);
  });

  it("[sec D-07] answers before the request's body has arrived, and reads none of it", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(app.origin + REFRESH, {
        method: "POST",
        agent: false,
        headers: {
          cookie: `sRefreshToken=${client.cookies.get("sRefreshToken")}`,
          "content-length": 1_000_000_000,
        },
      });
      req.on("response", (res) => {
        resolve(res.statusCode);
        req.destroy();
      });
      req.on("error", reject);
      req.write("{not json");
    });
    expect(status).toBe(200);
  });
});

describe("sign-out", () => {
  it('[wire P-2, K-9, F-8] answers 200 {"status":"OK"} that parses, and clears the session\'s own method', async () => {
    app = await startApp();
    for (const [mode, effect] of [
      ["cookie", "cleared cookies"],
      ["header", "cleared headers"],
    ] as const) {
      const client = app.client(mode);
      await client.send("POST", "/login");
      const response = await client.send("POST", "/auth/signout");
      expect([response.status, response.body, tokenEffect(response)]).toEqual([
        200,
        '{"status":"OK"}',
        effect,
      ]);
      expect(response.header("content-type")).toContain("application/json");
    }
  });

  it("[wire P-2, P-10] answers the session's own 401 when there is none, when it expired, or when anti-csrf fails", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN", accessTokenValiditySeconds: 60 });
    const client = app.client();
    expect(outcome(await client.send("POST", "/auth/signout"))).toBe("401-KEEP");
    await client.send("POST", "/login");
    expect(outcome(await client.send("POST", "/auth/signout", { "anti-csrf": undefined }))).toBe("401-TRY");
    expect(outcome(await client.send("POST", "/auth/signout", { "anti-csrf": "wrong" }))).toBe("401-TRY");
    app.clock.advanceSeconds(60);
    expect(outcome(await client.send("POST", "/auth/signout"))).toBe("401-TRY");
    await client.refresh();
    expect((await client.send("POST", "/auth/signout")).status).toBe(200);
  });

  it("[wire P-10] is not held up by claims, and asks the store for nothing but the deletion", async () => {
    const never = { id: "never", validate: () => ({ isValid: false as const }) };
    app = await startApp({
      plugins: [{ name: "strict", globalClaimValidators: [never] }],
      checkDatabaseByDefault: true,
    });
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/me")).status).toBe(403);
    app.store.reset();
    expect((await client.send("POST", "/auth/signout")).status).toBe(200);
    expect(app.store.sessionCalls).toEqual(["deleteSessions"]);
  });

  it("[wire P-10] of a session that is gone already still signs the user out", async () => {
    app = await startApp();
    const client = app.client();
    const { handle } = (await client.send("POST", "/login")).json as { handle: string };
    await app.session.revokeSession(handle);
    const response = await client.send("POST", "/auth/signout");
    expect([response.status, tokenEffect(response)]).toEqual([200, "cleared cookies"]);
  });

  it("[wire P-11] an override may answer GENERAL_ERROR with 200 and keep the session", async () => {
    const answer = { status: "GENERAL_ERROR", message: "finish your order first" } as const;
    app = await startApp(withApis({ signOutPOST: async () => answer }));
    const client = app.client();
    await client.send("POST", "/login");
    const response = await client.send("POST", "/auth/signout");
    expect([response.status, response.json, tokenEffect(response)]).toEqual([200, answer, "untouched"]);
    expect((await client.send("GET", "/me")).status).toBe(200);
  });
});

describe("JWKS and discovery", () => {
  it("[wire P-3, X-5, Y-7] publishes the public keys to everybody, for as long as no new one can appear", async () => {
    app = await startApp();
    await app.client().send("POST", "/login");
    const response = await send(app.origin, "GET", "/auth/jwt/jwks.json", {
      origin: "https://anywhere.test",
    });
    expect(response.status).toBe(200);
    expect(response.header("access-control-allow-origin")).toBe("*");
    expect(response.header("cache-control")).toMatch(/\bmax-age=[1-9]\d*, must-revalidate$/);
    const body = response.json as { keys: Record<string, unknown>[] };
    expect(Object.keys(body)).toEqual(["keys"]);
    expect(body.keys.length).toBeGreaterThan(0);
    for (const key of body.keys) {
      expect(key).toMatchObject({
        kty: "EC",
        alg: "ES256",
        use: "sig",
        kid: expect.stringMatching(/^[ds]-/),
      });
      expect(key).not.toHaveProperty("d");
    }
  });

  it("[wire P-4, X-5, A-5] describes the issuer, where its keys are, and with what it signs", async () => {
    app = await startApp({ signingAlgorithm: "RS256" });
    const response = await send(app.origin, "GET", "/auth/.well-known/openid-configuration");
    expect(response.header("access-control-allow-origin")).toBe("*");
    expect(response.json).toEqual({
      issuer: "https://api.example.com/auth",
      jwks_uri: "https://api.example.com/auth/jwt/jwks.json",
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code"],
    });
  });

  it("in development without appInfo the keys are where the request went", async () => {
    app = await startApp({ appInfo: undefined });
    const { json } = await send(app.origin, "GET", "/auth/.well-known/openid-configuration");
    // What tokens say of their issuer stays.
    expect(json).toMatchObject({ issuer: "http://localhost/auth" });
    const { jwks_uri } = json as { jwks_uri: string };
    expect(jwks_uri).toBe(`${app.origin}/auth/jwt/jwks.json`);
    expect(await (await fetch(jwks_uri)).json()).toMatchObject({ keys: [{ kty: "EC" }] });
  });

  it("[wire P-3, P-4] set no cookies and take no session", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    for (const path of ["/auth/jwt/jwks.json", "/auth/.well-known/openid-configuration"]) {
      const response = await client.send("GET", path);
      expect([response.status, tokenEffect(response)]).toEqual([200, "untouched"]);
    }
  });
});

describe("routing", () => {
  it("[wire P-5] an endpoint that is switched off belongs to the application, also with its errors", async () => {
    app = await startApp(withApis({ refreshPOST: undefined, signOutPOST: undefined }), {
      [`POST ${REFRESH}`]: async () => "my refresh",
      "POST /auth/signout": async () => "my sign-out",
    });
    expect((await send(app.origin, "POST", REFRESH)).json).toBe("my refresh");
    expect((await send(app.origin, "POST", "/auth/signout")).json).toBe("my sign-out");
    expect((await send(app.origin, "GET", "/auth/jwt/jwks.json")).status).toBe(200);
  });

  it("[wire P-6, J-40] verifySession on the refresh path refreshes, whatever its options, and leaves the body to the route", async () => {
    app = await startApp(withApis({ refreshPOST: undefined }), {
      [`POST ${REFRESH}`]: async (req, res, _session, adapter) => {
        const found = await adapter.verifySession(
          wrap(req, res),
          adapter.guardOptions({ sessionRequired: false, checkDatabase: true }),
        );
        return { refreshed: found?.getUserId() };
      },
    });
    const client = app.client();
    await client.send("POST", "/login");
    const refreshed = await client.refresh();
    expect([refreshed.json, tokenEffect(refreshed)]).toEqual([
      { refreshed: "user-1" },
      "gave sAccessToken sRefreshToken",
    ]);
    const none = await send(app.origin, "POST", `${REFRESH}?x=1`);
    expect([none.status, tokenEffect(none)]).toEqual([401, CLEARED_ALL]);
  });

  it("[wire P-6, A-4] verifySession finds the refresh path behind a gateway too", async () => {
    const appInfo = { ...APP_INFO, apiGatewayPath: "/dev" };
    app = await startApp(
      { ...withApis({ refreshPOST: undefined }), appInfo },
      { [`POST ${REFRESH}`]: guard },
    );
    const client = app.client();
    await client.send("POST", "/login");
    expect(tokenEffect(await client.refresh())).toBe("gave sAccessToken sRefreshToken");
  });

  it("[wire P-6] verifySession only verifies on other methods and paths", async () => {
    app = await startApp({}, { [`GET ${REFRESH}`]: guard, "POST /auth/session/refresh2": guard });
    const client = app.client();
    await client.send("POST", "/login");
    for (const [method, path] of [
      ["GET", REFRESH],
      ["POST", "/auth/session/refresh2"],
    ] as const) {
      const response = await client.send(method, path);
      expect([response.json, tokenEffect(response)]).toEqual(["user-1", "untouched"]);
    }
  });

  it("[wire P-7, J-39] OPTIONS and TRACE are guarded like every method, as design decision 20 has it", async () => {
    app = await startApp({}, { "OPTIONS /guarded": guard, "TRACE /guarded": guard });
    const client = app.client();
    expect(outcome(await client.send("OPTIONS", "/guarded"))).toBe("401-KEEP");
    expect(outcome(await client.send("TRACE", "/guarded"))).toBe("401-KEEP");
    await client.send("POST", "/login");
    expect((await client.send("OPTIONS", "/guarded")).json).toBe("user-1");
  });

  it.each(["anti-csrf", "session", "emailpassword", "", undefined])(
    "[wire P-8, I-1] rid %j never decides whether an endpoint is found",
    async (rid) => {
      app = await startApp();
      const client = app.client();
      await client.send("POST", "/login");
      expect((await client.refresh({ rid })).status).toBe(200);
      expect((await client.send("GET", "/auth/jwt/jwks.json", { rid })).status).toBe(200);
      expect((await client.send("POST", "/auth/signout", { rid })).status).toBe(200);
    },
  );

  it("[wire I-2] fdi-version is ignored", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login");
    for (const version of ["1.16,1.17,1.18,1.19,2.0,3.0,3.1,4.0,4.1,4.2", "99.0", "nonsense"]) {
      expect((await client.refresh({ "fdi-version": version })).status).toBe(200);
    }
  });

  it("[sec X-04] the method is the request's own, and Content-Type plays no part", async () => {
    app = await startApp({ antiCsrf: "VIA_CUSTOM_HEADER" });
    const client = app.client();
    await client.send("POST", "/login");
    for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      expect((await client.send("GET", REFRESH, { [name]: "POST" })).status).toBe(404);
      expect(outcome(await client.send("POST", "/me", { [name]: "GET", rid: undefined }))).toBe("401-TRY");
      expect(outcome(await client.send("POST", "/me?_method=GET", { rid: undefined }))).toBe("401-TRY");
    }
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ]) {
      expect(outcome(await client.send("POST", "/me", { rid: undefined, "content-type": type }))).toBe(
        "401-TRY",
      );
      expect(outcome(await client.send("POST", "/me", { "content-type": type }))).toBe("session");
    }
  });

  const PATHS: [string, boolean][] = [
    ["/auth/session/refresh", true],
    ["/auth/session/refresh/", true],
    ["/auth/session/refresh?x=1", true],
    ["/auth/session/refresh/?next=/a/b", true],
    ["/auth/public/session/refresh", true],
    ["/auth/t-1/session/refresh", true],
    ["/auth/session/refresh//", false],
    ["//auth/session/refresh", false],
    ["/auth//session/refresh", false],
    ["/Auth/session/refresh", false],
    ["/auth/session/REFRESH", false],
    ["/auth/session/refresh;x=1", false],
    ["/auth/session%2Frefresh", false],
    ["/auth/./session/refresh", false],
    ["/auth/a/b/session/refresh", false],
    ["/auth/t_1/session/refresh", false],
    ["/authx/session/refresh", false],
    ["/session/refresh", false],
    ["/x/auth/session/refresh", false],
    ["/auth/session/refresh/more", false],
  ];
  it.each(PATHS)("[wire P-1] [sec D-08] POST %s is ours: %s", async (path, isOurs) => {
    app = await startApp();
    expect((await send(app.origin, "POST", path)).status).toBe(isOurs ? 401 : 404);
  });

  it("[wire A-4] [sec C-01] a gateway's prefix is taken into account for routes, cookie path and issuer", async () => {
    app = await startApp({ appInfo: { ...APP_INFO, apiGatewayPath: "/dev", apiBasePath: "/session-api" } });
    // The gateway takes /dev away before the request reaches us.
    const login = await send(app.origin, "POST", "/login", { "st-auth-mode": "cookie" });
    expect(login.cookie("sRefreshToken")?.path).toBe("/dev/session-api/session/refresh");
    const cookie = `sRefreshToken=${login.cookie("sRefreshToken")?.value}`;
    expect((await send(app.origin, "POST", "/session-api/session/refresh", { cookie })).status).toBe(200);
    expect((await send(app.origin, "POST", "/dev/session-api/session/refresh", { cookie })).status).toBe(404);
    const discovery = await send(app.origin, "GET", "/session-api/.well-known/openid-configuration");
    expect(discovery.json).toMatchObject({ issuer: "https://api.example.com/dev/session-api" });
  });

  it("[wire A-3] a base path of / puts the endpoints at the root", async () => {
    app = await startApp({ appInfo: { ...APP_INFO, apiBasePath: "/" } });
    expect((await send(app.origin, "POST", "/session/refresh")).status).toBe(401);
    expect((await send(app.origin, "POST", "/signout")).status).toBe(401);
    const login = await send(app.origin, "POST", "/login", { "st-auth-mode": "cookie" });
    expect(login.cookie("sRefreshToken")?.path).toBe("/session/refresh");
  });
});
