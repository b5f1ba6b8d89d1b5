import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { emailVerifiedClaim } from "@acme/session-core/claims";
import auth from "@fastify/auth";
import cookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import {
  createSession,
  type FastifySession,
  MemoryStore,
  SessionError,
  type SessionRequest,
  silentLogger,
} from "../src/index.js";
import { startApp, type TestApp } from "./support/fastify-app.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();
const elsewhere = () => new Promise((resolve) => setImmediate(resolve));
const UNAUTHORISED = '{"message":"unauthorised"}';
const refuses = { id: "never", validate: () => ({ isValid: false as const, reason: { need: "more" } }) };

describe("guards", () => {
  const hooks = ["onRequest", "preValidation", "preHandler"] as const;
  for (const hook of hooks) {
    it.each(["async", "callback"])(
      `FA-01: ${hook} answers once, and the handler does not run behind an onSend that is %s`,
      async (kind) => {
        let runs = 0;
        app = await startApp((routes, session) => {
          if (kind === "async") routes.addHook("onSend", elsewhere as () => Promise<unknown>);
          else
            routes.addHook(
              "onSend",
              (_request, _reply, payload, done) => void setImmediate(done, null, payload),
            );
          routes.get("/guarded", { [hook]: session.verifySession() }, async () => {
            runs += 1;
            return "secret";
          });
        });
        const response = await app.client().get("/guarded");
        expect([response.status, response.body, runs]).toEqual([401, UNAUTHORISED, 0]);
        expect((await (await app.signedIn()).get("/guarded")).body).toBe("secret");
        expect([runs, app.warnings]).toEqual([1, []]);
      },
    );
  }

  it("a guard around everything leaves our endpoints alone: the keys are public, and anybody may sign out", async () => {
    const session = createSession({ store: new MemoryStore(), logger: silentLogger });
    const server = Fastify();
    server.addHook("onRequest", session.verifySession({ require: [refuses] }));
    await server.register(session.plugin);
    server.get("/auth/app-owned/jwks.json", async () => "secret");
    const user = await session.createNewSessionWithoutRequestResponse("user-1");
    const { accessToken, refreshToken } = user.getAllSessionTokensDangerously();
    const ask = async (method: "GET" | "HEAD" | "POST", url: string, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await server.inject({ method, url, headers })).statusCode;
    };
    for (const path of [
      "/auth/jwt/jwks.json",
      "/auth/jwt/jwks.json/",
      "/auth/.well-known/openid-configuration",
    ])
      for (const method of ["GET", "HEAD"] as const)
        expect([path, await ask(method, path)]).toEqual([path, 200]);
    expect(await ask("GET", "/auth/app-owned/jwks.json")).toBe(401);
    expect(await ask("POST", "/auth/session/refresh", refreshToken)).toBe(200);
    expect(await ask("POST", "/auth/signout", accessToken)).toBe(200);
    expect(await ask("POST", "/auth/signout")).toBe(401);
    await server.close();
  });

  it("a guard leaves nobody else's route alone, be it at an endpoint's path", async () => {
    const session = createSession({ store: new MemoryStore(), logger: silentLogger });
    const server = Fastify();
    server.addHook("onRequest", session.verifySession());
    server.get("/*", async () => "secret");
    expect((await server.inject("/auth/jwt/jwks.json")).statusCode).toBe(401);
    await server.close();
  });

  it("FA-12: HEAD on a guarded GET is guarded, and gets the cookies", async () => {
    app = await startApp((routes, session) => {
      routes.get("/guarded", { onRequest: session.verifySession() }, async () => "secret");
    });
    expect((await app.client().send("HEAD", "/guarded")).status).toBe(401);
    const user = await app.signedIn();
    await user.refresh();
    const response = await user.send("HEAD", "/guarded");
    expect([response.status, names(response)]).toEqual([200, ["sAccessToken"]]);
  });

  it("T13: as a step of @fastify/auth it throws, so that another step may let the request in", async () => {
    app = await startApp(async (routes, session) => {
      await routes.register(auth);
      const signedIn = session.verifySession({ onError: "throw" });
      const byKey = async (request: { headers: Record<string, unknown> }) => {
        if (request.headers["x-key"] !== "k") throw new Error("no key");
      };
      routes.after(() => {
        routes.get("/or", { preHandler: routes.auth([byKey, signedIn]) }, async () => "in");
        routes.get(
          "/and",
          { preHandler: routes.auth([byKey, signedIn], { relation: "and" }) },
          async () => "in",
        );
      });
    });
    const user = await app.signedIn();
    const key = { "x-key": "k" };
    expect((await user.get("/or")).body).toBe("in");
    expect((await app.client().get("/or", key)).body).toBe("in");
    const neither = await app.client().get("/or");
    expect([neither.status, neither.body]).toEqual([401, UNAUTHORISED]);
    expect((await user.get("/and", key)).body).toBe("in");
    expect((await app.client().get("/and", key)).body).toBe(UNAUTHORISED);
  });
});

describe("endpoints", () => {
  it("FA-02, FA-03: they answer their own status behind an async onSend, whatever the body is, and nothing is logged", async () => {
    app = await startApp((routes) => {
      routes.addHook("onSend", elsewhere as () => Promise<unknown>);
    });
    const user = await app.signedIn();
    const shapes: [Record<string, string>, string | undefined][] = [
      [{}, undefined],
      [{ "content-type": "application/json" }, ""],
      [{ "content-type": "application/json", "transfer-encoding": "chunked" }, undefined],
      [{ "content-type": "application/x-www-form-urlencoded" }, "a=b"],
      [{ "content-type": "text/weird" }, "hello"],
      [{ "content-type": "no type at all" }, "hello"],
    ];
    for (const [headers, body] of shapes) {
      const response = await user.refresh(headers, body);
      expect([headers, response.status, response.body]).toEqual([headers, 200, "{}"]);
    }
    expect((await user.send("POST", "/auth/signout")).json).toEqual({ status: "OK" });
    expect((await app.client().get("/auth/nothing")).status).toBe(404);
    expect(app.warnings).toEqual([]);
  });

  it("FA-11: a prefix must agree with the configuration, and both forms of a path are there", async () => {
    const appInfo = {
      appName: "prefixed",
      apiDomain: "http://localhost:3000",
      websiteDomain: "http://localhost:3000",
      apiBasePath: "/api/auth",
    };
    app = await startApp((routes, session) => routes.register(session.plugin, { prefix: "/api" }), {
      appInfo,
      registersPlugin: false,
    });
    const user = await app.signedIn();
    expect((await user.send("POST", "/api/auth/signout/")).json).toEqual({ status: "OK" });
    await user.post("/login", {});
    expect((await user.send("POST", "/api/auth/signout")).json).toEqual({ status: "OK" });
    const other = createSession({ store: new MemoryStore() });
    await expect(Fastify().register(other.plugin, { prefix: "/api" }).ready()).rejects.toThrow(
      "set apiBasePath to /api/auth",
    );
  });

  it("an endpoint that is switched off leaves its path to the application; a guard there refreshes (P-6)", async () => {
    app = await startApp(
      (routes, session) => {
        routes.post("/auth/session/refresh", { preHandler: session.verifySession() }, async (request) => ({
          by: (request as SessionRequest).session?.getUserId(),
        }));
      },
      { override: { apis: (original) => ({ ...original, refreshPOST: undefined }) } },
    );
    const user = await app.signedIn();
    const response = await user.refresh();
    expect(response.json).toEqual({ by: "user-1" });
    expect(names(response)).toEqual(["sAccessToken", "sRefreshToken"]);
  });

  it("a tenant may stand in front, and is judged by the engine", async () => {
    app = await startApp(() => {});
    const user = await app.signedIn();
    expect((await user.send("POST", "/auth/tenant-1/signout")).json).toEqual({ status: "OK" });
    expect((await user.send("POST", "/auth/ten.ant/signout")).status).toBe(404);
  });
});

describe("errors", () => {
  const schema = {
    response: {
      "4xx": { type: "object", properties: { code: { type: "string" } } },
      200: { type: "object", properties: { ok: { type: "boolean" } } },
    },
  };

  it("FA-04: the body of the 403 survives a response schema, from a guard and from a handler", async () => {
    app = await startApp((routes, session) => {
      const options = { overrideGlobalClaimValidators: () => [refuses] };
      routes.get("/guard", { schema, preHandler: session.verifySession(options) }, async () => ({
        ok: true,
      }));
      routes.get("/handler", { schema }, async (request, reply) => {
        await session.getSession(request, reply, options);
        return { ok: true };
      });
    });
    const user = await app.signedIn();
    for (const path of ["/guard", "/handler"]) {
      const response = await user.get(path);
      expect([response.status, response.json]).toEqual([
        403,
        { message: "invalid claim", claimValidationErrors: [{ id: "never", reason: { need: "more" } }] },
      ]);
      expect(response.header("content-length")).toBe(String(response.body.length));
    }
  });

  it("T12: an error handler of the application has the first word, in every form it may take", async () => {
    app = await startApp((routes, session) => {
      const ours = session.errorHandler();
      const get = (path: string, handler: Parameters<typeof routes.setErrorHandler>[0]) =>
        routes.register((child, _options, done) => {
          child.setErrorHandler(handler);
          child.get(path, async (request, reply) => session.getSession(request, reply).then(() => "in"));
          done();
        });
      get("/answers", async (error, _request, reply) =>
        reply.code(418).send({ code: (error as SessionError).type }),
      );
      get("/answers-sync", (_error, _request, reply) => void reply.code(418).send("teapot"));
      get("/copies-headers", (error, _request, reply) => {
        reply.headers((error as { headers?: Record<string, string> }).headers ?? {});
        reply.code(418).send({ own: "answer" });
      });
      get("/throws", (error) => {
        throw error;
      });
      get("/rejects", async (error) => {
        await elsewhere();
        throw error;
      });
      get("/sends", (error, _request, reply) => void reply.send(error));
      get("/ours", (error, request, reply) => ours(error, request, reply));
    });
    const user = app.client();
    expect((await user.get("/answers")).json).toEqual({ code: "UNAUTHORISED" });
    expect((await user.get("/answers-sync")).body).toBe("teapot");
    expect((await user.get("/copies-headers")).json).toEqual({ own: "answer" });
    for (const path of ["/throws", "/rejects", "/sends", "/ours"]) {
      const response = await user.get(path);
      expect([path, response.status, response.body]).toEqual([path, 401, UNAUTHORISED]);
      expect(response.header("content-type")).toBe("application/json; charset=utf-8");
    }
    expect(app.warnings).toEqual([]);
  });

  it("what the application says clears; a handler for errors of the instance is asked", async () => {
    app = await startApp(
      (routes) => {
        routes.get("/", async () => {
          throw new SessionError({ type: "UNAUTHORISED", message: "says the application" });
        });
      },
      {
        errorHandlers: {
          onUnauthorised: (_message, _req, res) => {
            res.setStatusCode(401);
            return res.sendJSONResponse({ please: "sign in" });
          },
        },
      },
    );
    const response = await (await app.signedIn()).get("/");
    expect([response.status, response.json, names(response)]).toEqual([
      401,
      { please: "sign in" },
      ["sAccessToken", "sRefreshToken"],
    ]);
  });

  it("two instances in one application answer each its own errors", async () => {
    const second = createSession({
      property: "second",
      store: new MemoryStore(),
      appInfo: {
        appName: "second",
        apiDomain: "http://localhost:3000",
        websiteDomain: "http://localhost:3000",
        apiBasePath: "/second",
      },
    });
    app = await startApp(async (routes, session) => {
      await routes.register(second.plugin);
      routes.get("/first", { onRequest: session.verifySession() }, async () => "in");
      routes.get("/second", async (request, reply) => second.getSession(request, reply).then(() => "in"));
    });
    const user = await app.signedIn();
    expect((await user.get("/first")).body).toBe("in");
    expect((await app.client().get("/second")).body).toBe(UNAUTHORISED);
  });
});

describe("beside other plugins", () => {
  /** A context of its own with the plugin in it. */
  const around = (session: FastifySession) => async (context: FastifyInstance) => {
    await context.register(session.plugin);
  };

  it("FA-05: a property that another plugin owns is refused when the application gets ready, and may be renamed", async () => {
    const make = async (property?: string) => {
      const session = createSession({
        store: new MemoryStore(),
        ...(property === undefined ? {} : { property }),
      });
      const server = Fastify();
      server.register(cookie);
      server.register(fastifySession, {
        secret: "a secret of the application's own, long",
        cookie: { secure: false },
      });
      server.register(session.plugin);
      await server.ready();
    };
    await expect(make()).rejects.toThrow('createSession({ property: "auth" })');
    await expect(make("auth")).resolves.toBeUndefined();
    expect(() => createSession({ property: "" })).toThrow(/option `property`/);
  });

  it("a plugin that is registered twice is told so, and blames nobody else", async () => {
    const make = () => createSession({ store: new MemoryStore(), logger: silentLogger });
    const session = make();
    for (const second of [session, make()])
      for (const inside of [false, true]) {
        const server = Fastify();
        server.register(session.plugin);
        if (inside) server.register(around(second));
        else server.register(second.plugin);
        const ready = expect(server.ready()).rejects;
        await ready.toThrow(/registered twice/);
        await ready.not.toThrow("@fastify/session");
        await server.close();
      }
  });

  it("plugins of contexts side by side are no matter of each other", async () => {
    const server = Fastify();
    for (const apiBasePath of ["/a/auth", "/b/auth"]) {
      const session = createSession({
        store: new MemoryStore(),
        logger: silentLogger,
        appInfo: { appName: "side", apiDomain: "http://a.test", websiteDomain: "http://a.test", apiBasePath },
      });
      server.register(around(session));
    }
    await expect(server.ready()).resolves.toBeDefined();
    await server.close();
  });

  it("G-66: a guard refuses what somebody else has put on the request; guards in a row agree", async () => {
    app = await startApp((routes, session) => {
      const theirs = async (request: object) => {
        Object.assign(request, { session: { theirs: true } });
      };
      routes.get("/theirs", { preHandler: [theirs, session.verifySession()] }, async () => "in");
      const both = [session.verifySession({ sessionRequired: false }), session.verifySession()];
      routes.get("/both", { preHandler: both }, async (request) => ({
        same: (request as SessionRequest).session === session.of(request),
      }));
    });
    const user = await app.signedIn();
    const refused = await user.get("/theirs");
    expect([refused.status, refused.body.includes("choose another name")]).toEqual([500, true]);
    expect((await user.get("/both")).json).toEqual({ same: true });
  });

  it("FA-06: below a prefix or in a context of its own, siblings are left alone", async () => {
    app = await startApp(
      async (routes, session) => {
        await routes.register((inside, _options, done) => {
          inside.register(session.plugin);
          inside.get("/inside", async (request, reply) =>
            session.getSession(request, reply).then(() => "in"),
          );
          done();
        });
        routes.get("/sibling", async (request) => ({ has: "session" in request }));
      },
      { registersPlugin: false },
    );
    expect((await app.client().get("/inside")).body).toBe(UNAUTHORISED);
    expect((await app.client().get("/sibling")).json).toEqual({ has: false });
  });

  it.each(["first", "last"])(
    "FA-07, T7: @fastify/session registered %s keeps its cookie, and ours is replaced, not repeated",
    async (order) => {
      app = await startApp(
        async (routes, session) => {
          const theirs = async () => {
            await routes.register(cookie);
            await routes.register(fastifySession, {
              secret: "a secret of the application's own, long",
              cookie: { secure: false },
            });
          };
          if (order === "first") await theirs();
          await routes.register(session.plugin);
          if (order === "last") await theirs();
          routes.get("/twice", { preHandler: session.verifySession() }, async (request, reply) => {
            (request as unknown as { session: { views: number } }).session.views = 1;
            reply.setCookie("app", "1");
            const ours = session.of(request);
            await ours?.mergeIntoAccessTokenPayload({ a: 1 });
            await ours?.mergeIntoAccessTokenPayload({ a: 2 });
            if (request.url.endsWith("?fail")) throw new Error("away");
            return { id: ours?.getUserId() };
          });
        },
        { property: "auth", registersPlugin: false },
      );
      const user = await app.signedIn();
      const response = await user.get("/twice");
      expect(response.json).toEqual({ id: "user-1" });
      expect(names(response)).toEqual(["app", "sAccessToken", "sessionId"]);
      const failed = await user.get("/twice?fail");
      expect(failed.status).toBe(500);
      expect(names(failed)).toEqual(expect.arrayContaining(["app", "sAccessToken"]));
    },
  );

  it("FA-08, FA-09: after hijack nothing can be changed any more; what was set before is put on the raw response", async () => {
    const late: unknown[] = [];
    app = await startApp((routes, session) => {
      routes.get("/raw", async (request, reply) => {
        const found = await session.getSession(request, reply);
        await found.mergeIntoAccessTokenPayload({ a: 1 });
        reply.hijack();
        await found.mergeIntoAccessTokenPayload({ a: 2 }).catch((error: unknown) => late.push(error));
        session.applyTo(reply.raw, request);
        reply.raw.writeHead(200, { "content-type": "text/event-stream" });
        reply.raw.end("data: 1\n\n");
      });
    });
    const user = await app.signedIn();
    const response = await user.get("/raw");
    expect([response.body, names(response)]).toEqual(["data: 1\n\n", ["sAccessToken"]]);
    expect(late).toMatchObject([{ type: "RESPONSE_COMMITTED" }]);
  });
});

it("FA-10: over HTTP/2, with the cookie in crumbs", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger });
  const server = Fastify({ http2: true });
  await server.register(session.plugin);
  server.post("/login", async (request, reply) =>
    session.createNewSession(request, reply, "user-1").then(() => ({})),
  );
  server.get("/me", { onRequest: session.verifySession() }, async (request) => ({
    id: session.of(request)?.getUserId(),
  }));
  await server.listen({ port: 0, host: "127.0.0.1" });
  const client = connect(`http://127.0.0.1:${(server.server.address() as AddressInfo).port}`);
  const send = (headers: Record<string, string | string[]>) =>
    new Promise<{ status: unknown; cookies: string[]; body: string }>((resolve, reject) => {
      const stream = client.request(headers);
      let head: Record<string, unknown> = {};
      let body = "";
      stream.setEncoding("utf8");
      stream.on("response", (given) => {
        head = given;
      });
      stream.on("data", (chunk: string) => {
        body += chunk;
      });
      stream.on("error", reject);
      stream.on("end", () =>
        resolve({ status: head[":status"], cookies: (head["set-cookie"] ?? []) as string[], body }),
      );
      stream.end();
    });
  try {
    const login = await send({ ":method": "POST", ":path": "/login", "st-auth-mode": "cookie" });
    expect(login).toMatchObject({ status: 200, body: "{}" });
    expect(login.cookies.map((line) => line.split("=")[0])).toEqual(["sAccessToken", "sRefreshToken"]);
    const pair = (login.cookies[0] ?? "").split(";")[0] ?? "";
    const me = await send({ ":path": "/me", cookie: ["a=1", pair, "b=2"] });
    expect([me.status, me.body]).toEqual([200, '{"id":"user-1"}']);
    const anonymous = await send({ ":path": "/me" });
    expect([anonymous.status, anonymous.body]).toEqual([401, UNAUTHORISED]);
    const refreshed = await send({
      ":method": "POST",
      ":path": "/auth/session/refresh",
      cookie: (login.cookies[1] ?? "").split(";")[0] ?? "",
    });
    expect([refreshed.status, refreshed.cookies.length]).toEqual([200, 2]);
  } finally {
    client.close();
    await server.close();
    await session.close();
  }
});

it("endpoints that claims bring are served, and read their bodies", async () => {
  const seen: string[] = [];
  const verified = emailVerifiedClaim({
    endpoints: true,
    isVerified: () => false,
    consumeToken: (token) => void seen.push(token),
  });
  app = await startApp(() => {}, { plugins: [verified] });
  const user = await app.signedIn();
  const response = await user.post("/auth/user/email/verify", { method: "token", token: "a token" });
  expect([response.status, seen]).toEqual([200, ["a token"]]);
});

it("G-11: what is no request and reply is refused", async () => {
  const session = createSession({ store: new MemoryStore() });
  const request = { raw: {}, headers: {}, originalUrl: "/" };
  const wrong = [
    [undefined, undefined],
    [{}, {}],
    [request, {}],
    [request, undefined],
  ] as unknown as [typeof request, Parameters<typeof session.getSession>[1]][];
  for (const [req, reply] of wrong) {
    await expect(Promise.resolve().then(() => session.getSession(req, reply))).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
    });
  }
});
