import { Readable } from "node:stream";
import { emailVerifiedClaim } from "@acme/session-core/claims";
import * as Boom from "@hapi/boom";
import cookie from "@hapi/cookie";
import type { Lifecycle } from "@hapi/hapi";
import * as Hapi from "@hapi/hapi";
import yar from "@hapi/yar";
import { afterEach, describe, expect, it } from "vitest";
import {
  createSession,
  type HapiSession,
  MemoryStore,
  SessionError,
  silentLogger,
  type VerifySessionOptions,
} from "../src/index.js";
import { startApp, type TestApp } from "./support/hapi-app.js";
import { hapiVersions } from "./support/hapi-versions.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** From the whole domain to the API's own. */
const MOVED = {
  appInfo: { appName: "moved", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
  cookieDomain: ".api.example.com",
  olderCookieDomain: ".example.com",
};

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();
const answerOf = ({ status, body }: { status: number; body: string }) => [status, body];
const UNAUTHORISED = [401, '{"message":"unauthorised"}'];
const never = { id: "never", validate: () => ({ isValid: false as const }) };
const ok: Lifecycle.Method = () => ({ ok: true });

type Plain = (request: Hapi.Request, h: Hapi.ResponseToolkit) => Lifecycle.ReturnValue;

/** A handler that changes the session's token, and goes on as the test says. */
const merging =
  (session: HapiSession, andThen: Lifecycle.Method): Lifecycle.Method =>
  async (request, h) => {
    await (await session.getSession(request, h)).mergeIntoAccessTokenPayload({ merged: request.path });
    return (andThen as Plain)(request, h);
  };

/** A handler that ends the session, and goes on as the test says. */
const revoking =
  (session: HapiSession, andThen: Lifecycle.Method): Lifecycle.Method =>
  async (request, h) => {
    await (await session.getSession(request, h)).revokeSession();
    return (andThen as Plain)(request, h);
  };

/** A response of each kind, as a handler makes it. */
const kinds: Record<string, [status: number, Lifecycle.Method]> = {
  "/200": [200, ok],
  "/204": [204, (_request, h) => h.response().code(204)],
  "/302": [302, (_request, h) => h.redirect("/")],
  "/401": [401, () => Boom.unauthorized("own")],
  "/403": [
    403,
    () => {
      throw new SessionError({ type: "INVALID_CLAIMS", message: "no", payload: [{ id: "own" }] });
    },
  ],
  "/500": [
    500,
    () => {
      throw new Error("away");
    },
  ],
  "/stream": [200, (_request, h) => h.response(Readable.from(["a", "b"], { objectMode: false }))],
  "/takeover": [202, (_request, h) => h.response("mine").code(202).takeover()],
};

describe.each(hapiVersions)("%s", (_version, make) => {
  it("HA-01: an error of ours is answered wherever it was thrown", async () => {
    app = await startApp(make, (server, session) => {
      const get = async (request: Hapi.Request, h: Hapi.ResponseToolkit) =>
        (await session.getSession(request, h)).getUserId();
      server.route([
        { method: "GET", path: "/handler", handler: get },
        { method: "GET", path: "/pre", options: { pre: [{ method: get }] }, handler: ok },
        { method: "GET", path: "/scheme", options: { auth: "session" }, handler: ok },
        {
          method: "GET",
          path: "/ext",
          options: { ext: { onPreHandler: { method: get } } },
          handler: ok,
        },
        {
          method: "GET",
          path: "/claims",
          options: {
            pre: [{ method: session.verifySession({ overrideGlobalClaimValidators: () => [never] }) }],
          },
          handler: ok,
        },
      ]);
    });
    for (const path of ["/handler", "/pre", "/scheme", "/ext", "/claims"]) {
      const response = await app.client().get(path);
      expect([path, ...answerOf(response)]).toEqual([path, ...UNAUTHORISED]);
      expect(response.header("content-type")).toBe("application/json; charset=utf-8");
      expect(response.setCookies).toEqual([]);
    }
    expect(answerOf(await (await app.signedIn()).get("/claims"))).toEqual([
      403,
      '{"message":"invalid claim","claimValidationErrors":[{"id":"never"}]}',
    ]);
  });

  it("HA-02: a new token is delivered on every kind of response", async () => {
    app = await startApp(make, (server, session) => {
      for (const [path, [, andThen]] of Object.entries(kinds)) {
        server.route({ method: "GET", path, handler: merging(session, andThen) });
      }
    });
    const user = await app.signedIn();
    for (const [path, [status]] of Object.entries(kinds)) {
      const response = await user.get(path);
      expect([path, response.status, names(response)]).toEqual([path, status, ["sAccessToken"]]);
      expect(response.header("cache-control")).toBe("private, no-store");
      expect(response.header("front-token")).toBeDefined();
    }
  });

  it("HA-02: clearing ones are, too", async () => {
    app = await startApp(make, (server, session) => {
      for (const [path, [, andThen]] of Object.entries(kinds)) {
        server.route({ method: "GET", path, handler: revoking(session, andThen) });
      }
      server.route({
        method: "GET",
        path: "/thrown",
        handler: () => {
          throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
        },
      });
    });
    for (const [path, status] of [
      ...Object.entries(kinds).map(([kind, [expected]]) => [kind, expected] as const),
      ["/thrown", 401] as const,
    ]) {
      const user = await app.signedIn();
      const response = await user.get(path);
      expect([path, response.status, names(response)]).toEqual([
        path,
        status,
        ["sAccessToken", "sRefreshToken"],
      ]);
      expect(user.cookieHeader()).toBeUndefined();
    }
  });

  it("HA-03: cookies of one name and two domains are both sent, beside one of hapi's own", async () => {
    app = await startApp(
      make,
      (server, session) => {
        server.route({
          method: "GET",
          path: "/",
          handler: merging(session, (_request, h) => h.response("").state("own", "1")),
        });
      },
      { session: MOVED },
    );
    const user = await app.signedIn();
    const token = user.cookie("sAccessToken");
    const response = await app.client().get("/", { cookie: `sAccessToken=${token}; sAccessToken=${token}` });
    expect(response.setCookies.map(({ name, domain }) => [name, domain]).sort()).toEqual([
      ["own", undefined],
      ["sAccessToken", ".api.example.com"],
      ["sAccessToken", ".example.com"],
    ]);
  });

  it("HA-04: a malformed cookie of a third party stops an application's route, but neither refresh nor sign-out", async () => {
    app = await startApp(make, (server) => {
      server.route([
        { method: "GET", path: "/strict", options: { auth: "session" }, handler: ok },
        {
          method: "GET",
          path: "/lenient",
          options: { auth: "session", state: { failAction: "ignore" } },
          handler: ok,
        },
      ]);
    });
    const user = await app.signedIn();
    const withForeign = (isRefresh: boolean) => ({
      cookie: `g_state={"i_l":0}; ${user.cookieHeader(isRefresh)}`,
    });
    expect((await user.get("/strict", withForeign(false))).status).toBe(400);
    expect((await user.get("/lenient", withForeign(false))).status).toBe(200);
    expect((await user.refresh(withForeign(true))).status).toBe(200);
    expect((await user.post("/auth/signout", {}, withForeign(false))).status).toBe(200);
  });

  it("HA-05: a new token survives extensions that replace the response, before ours and after it", async () => {
    const replace: Lifecycle.Method = (_request, h) => h.response("replaced").takeover();
    const delivered = async (isFirst: boolean): Promise<string[]> => {
      app = await startApp(make, (server) => (isFirst ? undefined : server.ext("onPreResponse", replace)), {
        before: (server) => (isFirst ? server.ext("onPreResponse", replace) : undefined),
      });
      const response = await app.client().post("/login", {});
      await app.close();
      expect(response.body).toBe("replaced");
      return names(response);
    };
    const tokens = ["sAccessToken", "sRefreshToken"];
    expect([await delivered(true), await delivered(false)]).toEqual([tokens, tokens]);
  });

  it("HA-06: the application's own onPreResponse sees our errors, and its answer counts", async () => {
    const own: Lifecycle.Method = ({ response }, h) =>
      SessionError.is(response) ? h.response({ own: response.type }).code(418) : h.continue;
    app = await startApp(
      make,
      (server) => {
        server.route({ method: "GET", path: "/", options: { auth: "session" }, handler: ok });
      },
      { before: (server) => server.ext("onPreResponse", own) },
    );
    expect(answerOf(await app.client().get("/"))).toEqual([418, '{"own":"UNAUTHORISED"}']);
  });

  it("an error page of the application that was put up before ours shows the status of our answer", async () => {
    const page: Lifecycle.Method = ({ response }, h) => {
      if (!(response instanceof Error)) return h.continue;
      const { statusCode, payload } = response.output;
      return h.response(`<h1>${statusCode} ${payload.message}</h1>`).code(statusCode);
    };
    const denied = { overrideGlobalClaimValidators: () => [never] };
    app = await startApp(
      make,
      (server, session) => {
        server.auth.strategy("admin", "acme-session", denied);
        server.route([
          { method: "GET", path: "/scheme", options: { auth: "session" }, handler: ok },
          { method: "GET", path: "/claims", options: { auth: "admin" }, handler: ok },
          { method: "GET", path: "/pre", options: { pre: [session.verifySession()] }, handler: ok },
          { method: "GET", path: "/own", handler: (request, h) => session.getSession(request, h) as never },
        ]);
      },
      { before: (server) => server.ext("onPreResponse", page) },
    );
    for (const path of ["/scheme", "/pre", "/own"]) {
      expect(answerOf(await app.client().get(path))).toEqual([401, "<h1>401 unauthorised</h1>"]);
    }
    const user = await app.signedIn();
    expect(answerOf(await user.get("/claims"))).toEqual([403, "<h1>403 invalid claim</h1>"]);
  });

  it("server.auth.test tells who asks, whatever authentication the route has", async () => {
    const handler: Lifecycle.Method = async (request) => {
      const { credentials } = await request.server.auth.test("session", request);
      return { id: credentials.user && (credentials.user as { id: string }).id };
    };
    app = await startApp(make, (server) => {
      server.route([
        { method: "GET", path: "/none", handler },
        { method: "GET", path: "/false", options: { auth: false }, handler },
        { method: "GET", path: "/try", options: { auth: { strategy: "session", mode: "try" } }, handler },
      ]);
    });
    const user = await app.signedIn();
    for (const path of ["/none", "/false", "/try"]) {
      expect([path, (await user.get(path)).json]).toEqual([path, { id: "user-1" }]);
      expect([path, (await app.client().get(path)).status]).toEqual([path, 401]);
    }
  });

  it("HA-07: header names are looked up whatever their case, the application's own questions too", async () => {
    const seen: unknown[] = [];
    app = await startApp(make, (server, session) => {
      server.route({
        method: "GET",
        path: "/",
        handler: async (request, h) => {
          const options: VerifySessionOptions = {
            overrideGlobalClaimValidators: (globals, _session, userContext) => {
              seen.push(session.getRequestFromUserContext(userContext)?.getHeaderValue("X-ODD-case"));
              return globals;
            },
          };
          return (await session.getSession(request, h, options))?.getUserId() ?? null;
        },
      });
    });
    const user = await app.signedIn();
    const odd = { CoOkIe: user.cookieHeader(), "x-oDD-Case": "odd" };
    expect([(await app.client().get("/", odd)).body, seen]).toEqual(["user-1", ["odd"]]);
  });

  it("HA-08: modes: `try` lets an expired session through and says why, `optional` lets none through", async () => {
    const clock = { nowMs: 1_800_000_000_000, wallMs: () => clock.nowMs, monoMs: () => clock.nowMs };
    app = await startApp(
      make,
      (server, session) => {
        for (const mode of ["required", "optional", "try"] as const) {
          server.route({
            method: "GET",
            path: `/${mode}`,
            options: { auth: { strategy: "session", mode } },
            handler: (request) => ({
              userId: session.of(request)?.getUserId() ?? null,
              isAuthenticated: request.auth.isAuthenticated,
              error: request.auth.error?.message,
            }),
          });
        }
      },
      { session: { clock } },
    );
    const user = await app.signedIn();
    const signedIn = { userId: "user-1", isAuthenticated: true };
    for (const mode of ["/required", "/optional", "/try"]) {
      expect([mode, (await user.get(mode)).json]).toEqual([mode, signedIn]);
    }
    const stranger = app.client();
    expect(answerOf(await stranger.get("/required"))).toEqual(UNAUTHORISED);
    for (const mode of ["/optional", "/try"]) {
      const response = await stranger.get(mode);
      expect([response.status, response.json]).toEqual([
        200,
        { userId: null, isAuthenticated: false, error: "Missing authentication" },
      ]);
    }
    clock.nowMs += 3_600_001;
    const expired = [401, '{"message":"try refresh token"}'];
    expect(answerOf(await user.get("/required"))).toEqual(expired);
    expect(answerOf(await user.get("/optional"))).toEqual(expired);
    const tried = await user.get("/try");
    expect([tried.status, tried.json]).toMatchObject([200, { userId: null, isAuthenticated: false }]);
    expect((tried.json as { error: string }).error).toMatch(/expired/);
  });

  it("HA-08: what is cleared while a route only tries is delivered", async () => {
    app = await startApp(
      make,
      (server) => {
        server.route({
          method: "GET",
          path: "/try",
          options: { auth: { strategy: "session", mode: "try" } },
          handler: (request) => ({ isAuthenticated: request.auth.isAuthenticated }),
        });
      },
      { session: MOVED },
    );
    const token = (await app.signedIn()).cookie("sAccessToken");
    const response = await app.client().get("/try", {
      cookie: `sAccessToken=${token}; sAccessToken=${token}`,
    });
    expect(response.json).toEqual({ isAuthenticated: true });
    expect(response.setCookies).toMatchObject([{ name: "sAccessToken", value: "", domain: ".example.com" }]);
  });

  it("HA-09: a refresh takes any payload", async () => {
    app = await startApp(make, () => {});
    const user = await app.signedIn();
    const shapes: [type: string | undefined, body: string | undefined][] = [
      [undefined, undefined],
      ["application/json", ""],
      ["application/json", "{"],
      ["application/x-www-form-urlencoded", "a=1"],
      ["multipart/form-data; boundary=x", "--x--"],
      ["text/weird", "?"],
      ["not a type", "?"],
    ];
    for (const [type, body] of shapes) {
      const response = await user.refresh({ "content-type": type }, body);
      expect([type, body, response.status]).toEqual([type, body, 200]);
    }
  });

  it("serves the endpoints that claims bring, and reads their bodies", async () => {
    const seen: string[] = [];
    const verified = emailVerifiedClaim({
      endpoints: true,
      isVerified: () => false,
      consumeToken: (token) => void seen.push(token),
    });
    app = await startApp(make, () => {}, { session: { plugins: [verified] } });
    const user = await app.signedIn();
    const response = await user.post("/auth/user/email/verify", { method: "token", token: "a token" });
    expect([response.status, seen]).toEqual([200, ["a token"]]);
  });

  it("HA-10: below a prefix and a virtual host, and routes of the application beside ours stay its own", async () => {
    const session = createSession({
      store: new MemoryStore(),
      logger: silentLogger,
      strategy: "api",
      appInfo: {
        appName: "test",
        apiDomain: "http://localhost:8000",
        websiteDomain: "http://localhost:8000",
        apiBasePath: "/api/v1/auth",
      },
    });
    app = await startApp(make, async (server) => {
      await server.register(session.plugin, { routes: { prefix: "/api/v1", vhost: "api.example.com" } });
      server.route([
        { method: "GET", path: "/api/v1/auth/app-owned", handler: ok },
        { method: "POST", path: "/api/v1/auth/{any*}", handler: () => "the application's" },
        {
          method: "POST",
          path: "/api/v1/login",
          handler: async (request, h) => {
            await session.createNewSession(request, h, "user-2");
            return {};
          },
        },
      ]);
    });
    const user = app.client();
    const host = "api.example.com";
    await user.post("/api/v1/login", {});
    const cookies = { host, cookie: user.cookieHeader(true) };
    const refreshed = await user.send("POST", "/api/v1/auth/session/refresh", cookies);
    expect(answerOf(refreshed)).toEqual([200, "{}"]);
    expect(names(refreshed)).toEqual(["sAccessToken", "sRefreshToken"]);
    expect((await user.send("POST", "/api/v1/auth/session/refresh")).body).toBe("the application's");
    expect((await user.get("/api/v1/auth/app-owned")).json).toEqual({ ok: true });
    await session.close();
  });

  it("HA-10: a prefix that is not in apiBasePath is refused, since cookies would not be sent there", async () => {
    const session = createSession({ store: new MemoryStore(), logger: silentLogger });
    const server = make();
    await expect(server.register(session.plugin, { routes: { prefix: "/api" } })).rejects.toThrow(
      "set apiBasePath to /api/auth",
    );
    await session.close();
  });

  it("HA-11: with h.abandon and h.close a new token is delivered by the raw response, until its head is out", async () => {
    app = await startApp(make, (server, session) => {
      server.route([
        {
          method: "GET",
          path: "/raw",
          handler: merging(session, (request, h) => {
            request.raw.res.setHeader("x-own", "1");
            request.raw.res.end("raw");
            return h.abandon;
          }),
        },
        {
          method: "GET",
          path: "/closed",
          handler: merging(session, (request, h) => {
            request.raw.res.write("raw");
            return h.close;
          }),
        },
        {
          method: "GET",
          path: "/late",
          handler: merging(session, async (request, h) => {
            request.raw.res.write("raw ");
            const failure = await (await session.getSession(request, h))
              .mergeIntoAccessTokenPayload({ late: true })
              .catch((error: unknown) => error);
            request.raw.res.end(SessionError.is(failure) ? failure.type : "merged");
            return h.abandon;
          }),
        },
      ]);
    });
    const user = await app.signedIn();
    const raw = await user.get("/raw");
    expect([raw.body, names(raw), raw.header("x-own")]).toEqual(["raw", ["sAccessToken"], "1"]);
    const closed = await user.get("/closed");
    expect([closed.body, names(closed)]).toEqual(["raw", ["sAccessToken"]]);
    expect((await user.get("/late")).body).toBe("raw RESPONSE_COMMITTED");
  });

  it("HA-12: beside @hapi/cookie and @hapi/yar, everybody keeps what is theirs", async () => {
    const password = "a password of thirty-two characters and more";
    app = await startApp(make, async (server, session) => {
      await server.register([
        cookie,
        { plugin: yar, options: { cookieOptions: { password, isSecure: false } } },
      ]);
      server.auth.strategy("cookie", "cookie", { cookie: { name: "sid", password, isSecure: false } });
      server.route([
        {
          method: "POST",
          path: "/both",
          handler: async (request, h) => {
            (request as unknown as { cookieAuth: { set(value: object): void } }).cookieAuth.set({
              id: "cookie-user",
            });
            (request as unknown as { yar: { set(key: string, value: string): void } }).yar.set("a", "1");
            await session.createNewSession(request, h, "user-2");
            return {};
          },
        },
        {
          method: "GET",
          path: "/both",
          options: { auth: "cookie" },
          handler: async (request, h) => ({
            cookie: request.auth.credentials.id,
            yar: (request as unknown as { yar: { get(key: string): unknown } }).yar.get("a"),
            ours: (await session.getSession(request, h)).getUserId(),
          }),
        },
      ]);
    });
    const user = app.client();
    expect(names(await user.post("/both", {}))).toEqual(["sAccessToken", "sRefreshToken", "session", "sid"]);
    expect((await user.get("/both")).json).toEqual({ cookie: "cookie-user", yar: "1", ours: "user-2" });
  });

  it("HA-13: hapi's list of exposed headers and ours are one list", async () => {
    app = await startApp(make, () => {}, {
      server: { routes: { cors: { origin: ["https://example.com"], credentials: true } } },
    });
    const response = await app.client().post("/login", {}, { origin: "https://example.com" });
    const exposed = response.header("access-control-expose-headers")?.split(/, ?/) ?? [];
    expect(exposed).toEqual(
      expect.arrayContaining(["front-token", "WWW-Authenticate", "Server-Authorization"]),
    );
    expect(new Set(exposed).size).toBe(exposed.length);
  });

  it("falls back to the next strategy without a session, and not with one that does not hold", async () => {
    const clock = { nowMs: 1_800_000_000_000, wallMs: () => clock.nowMs, monoMs: () => clock.nowMs };
    app = await startApp(
      make,
      (server) => {
        server.auth.scheme("key", () => ({
          authenticate: (request, h) =>
            request.headers["x-key"] === undefined
              ? h.unauthenticated(Boom.unauthorized(null, "Key"))
              : h.authenticated({ credentials: { user: { id: "machine" } } }),
        }));
        server.auth.strategy("key", "key");
        server.route({
          method: "GET",
          path: "/",
          options: { auth: { strategies: ["session", "key"] } },
          handler: ({ auth }) => ({ by: auth.strategy }),
        });
      },
      { session: { clock } },
    );
    const user = await app.signedIn();
    expect((await user.get("/")).json).toEqual({ by: "session" });
    expect((await app.client().get("/", { "x-key": "1" })).json).toEqual({ by: "key" });
    const nobody = await app.client().get("/");
    expect([nobody.status, nobody.header("www-authenticate")]).toEqual([401, "acme-session, Key"]);
    clock.nowMs += 3_600_001;
    expect((await user.get("/", { "x-key": "1" })).body).toBe('{"message":"try refresh token"}');
  });

  it("is the server's default strategy where it is told to be, and options of a strategy count", async () => {
    app = await startApp(make, (server) => {
      server.auth.strategy("strict", "acme-session", { overrideGlobalClaimValidators: () => [never] });
      server.auth.default("session");
      server.route([
        { method: "GET", path: "/", handler: ({ auth }) => ({ user: auth.credentials.user }) },
        { method: "GET", path: "/strict", options: { auth: "strict" }, handler: ok },
      ]);
    });
    expect(answerOf(await app.client().get("/"))).toEqual(UNAUTHORISED);
    const user = await app.signedIn();
    expect((await user.get("/")).json).toEqual({ user: { id: "user-1" } });
    expect((await user.get("/strict")).status).toBe(403);
  });

  it("gives roles to hapi's own scopes", async () => {
    app = await startApp(make, (server) => {
      server.route({
        method: "GET",
        path: "/admin",
        options: { auth: { strategy: "session", access: { scope: ["admin"] } } },
        handler: ok,
      });
    });
    const payload = (role: string) => ({ "st-role": { v: [role], t: 1 } });
    expect((await (await app.signedIn(payload("admin"))).get("/admin")).status).toBe(200);
    const refused = await (await app.signedIn(payload("reader"))).get("/admin");
    expect([refused.status, refused.json]).toMatchObject([403, { message: "Insufficient scope" }]);
  });

  it("leaves errors of the application alone: the same object, and hapi's own answer", async () => {
    const failure = Boom.teapot("own");
    const seen: unknown[] = [];
    app = await startApp(make, (server, session) => {
      server.ext("onPreResponse", ({ response }, h) => {
        if (response instanceof Error) seen.push(response);
        return h.continue;
      });
      server.route({
        method: "GET",
        path: "/",
        options: { pre: [session.verifySession()] },
        handler: () => {
          throw failure;
        },
      });
    });
    const response = await (await app.signedIn()).get("/");
    expect([response.status, seen[0] === failure]).toEqual([418, true]);
  });
});

describe("what can be held wrongly", () => {
  it("the plugin twice is refused, and the routes are there once", async () => {
    app = await startApp(Hapi.server, async (server, session) => {
      await expect(server.register(session.plugin)).rejects.toThrow("Session.plugin is already registered");
    });
    const { server } = app;
    expect(server.table().filter(({ path }) => path === "/auth/session/refresh")).toHaveLength(1);
  });

  it("a second instance is registered where plugins are registered once, or says what it lacks", async () => {
    const other = (strategy?: string, apiBasePath = "/other") =>
      createSession({
        store: new MemoryStore(),
        logger: silentLogger,
        strategy,
        appInfo: {
          appName: "other",
          apiDomain: "http://127.0.0.1",
          websiteDomain: "http://127.0.0.1",
          apiBasePath,
        },
      });
    const second = other("admin");
    const clashing = other();
    app = await startApp(Hapi.server, async (server) => {
      await server.register(second.plugin, { once: true });
      await expect(server.register(clashing.plugin)).rejects.toThrow(
        'option `strategy`: another instance on this server has the strategy "session"',
      );
    });
    expect((await app.client().get("/other/jwt/jwks.json")).status).toBe(200);
    await second.close();
    await clashing.close();
  });

  it("a server without the plugin is told so", async () => {
    const session = createSession({ store: new MemoryStore(), logger: silentLogger });
    const server = Hapi.server({ debug: false });
    const errors: string[] = [];
    server.ext("onPreResponse", ({ response }, h) => {
      if (response instanceof Error) errors.push(response.message);
      return h.continue;
    });
    server.route({
      method: "GET",
      path: "/",
      handler: (request, h) => session.getSession(request, h) as never,
    });
    expect((await server.inject("/")).statusCode).toBe(500);
    expect(errors).toEqual(["the server lacks our plugin: await server.register(Session.plugin)"]);
    await session.close();
  });

  it.each([
    ["strategy", { strategy: "" }],
    ["strategy", { strategy: 1 as unknown as string }],
  ])("option %s", (option, options) => {
    expect(() => createSession({ store: new MemoryStore(), logger: silentLogger, ...options })).toThrow(
      `option \`${option}\``,
    );
  });

  it("arguments that are not hapi's", async () => {
    app = await startApp(Hapi.server, (server, session) => {
      server.route({
        method: "GET",
        path: "/",
        handler: async (request, h) => {
          const wrong = [
            () => session.getSession(undefined as never, h),
            () => session.getSession(request.raw.req as never, h),
            () => session.getSession(request, undefined as never),
            () => session.getSession(request, {} as never),
          ];
          const types = wrong.map((call) =>
            call().catch((error: unknown) => (SessionError.is(error) ? error.type : "?")),
          );
          return Promise.all(types);
        },
      });
    });
    const response = await (await app.signedIn()).get("/");
    expect(response.json).toEqual(Array(4).fill("INVALID_ARGUMENT"));
  });
});
