import { Readable } from "node:stream";
import { emailVerifiedClaim } from "@acme/session-core/claims";
import Router from "@koa/router";
import Koa from "koa";
import { koaBody } from "koa-body";
import bodyParser from "koa-bodyparser";
import mount from "koa-mount";
import koaSession from "koa-session";
import { afterEach, describe, expect, it } from "vitest";
import { createSession, MemoryStore, type SessionContext, SessionError } from "../src/index.js";
import { startApp, type TestApp } from "./support/koa-app.js";
import { koaVersions } from "./support/koa-versions.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();

// KO-10: every test here runs on Koa 2 and 3.
describe.each(koaVersions)("%s", (version, make) => {
  it("KO-01, KO-02: Secure cookies leave over plain HTTP, and keys neither sign them nor hide them", async () => {
    app = await startApp(
      make,
      (koa, session) => {
        koa.keys = ["a key of the application"];
        koa.use(session.middleware());
        koa.use(session.verifySession());
        koa.use((ctx) => {
          ctx.body = { id: (ctx as SessionContext).session?.getUserId() };
        });
      },
      { cookieSecure: true },
    );
    const user = app.client();
    const login = await user.post("/login", {});
    expect(names(login)).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(login.setCookies.every(({ secure }) => secure)).toBe(true);
    expect((await user.get("/")).json).toEqual({ id: "user-1" });
  });

  it("KO-03: an error of ours that is thrown past everything carries the new token of its exchange", async () => {
    app = await startApp(make, (koa, session) => {
      koa.use(async (ctx, next) => (ctx.path === "/admin" ? next() : session.middleware()(ctx, next)));
      const never = { id: "never", validate: () => ({ isValid: false as const }) };
      koa.use(session.verifySession({ onError: "throw", overrideGlobalClaimValidators: () => [never] }));
    });
    const user = await app.signedIn();
    await user.refresh();
    const refused = await user.get("/admin");
    expect(refused.status).toBe(403);
    expect(names(refused)).toEqual(["sAccessToken"]);
    expect(refused.header("front-token")).toBeDefined();
  });

  it("KO-04: on an error of the application our headers and the error's own are both sent; the error stays the same object", async () => {
    const failure = Object.assign(new Error("away"), {
      status: 503,
      headers: { "Retry-After": "7", "Set-Cookie": "own=1" },
    });
    app = await startApp(make, (koa, session) => {
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        await (await session.getSession(ctx, ctx)).mergeIntoAccessTokenPayload({ a: 1 });
        throw failure;
      });
    });
    const user = await app.signedIn();
    const response = await user.get("/");
    expect([response.status, response.header("retry-after")]).toEqual([503, "7"]);
    expect(names(response)).toEqual(["own", "sAccessToken"]);
    expect(response.header("cache-control")).toBe("private, no-store");
    expect(app.errors).toEqual([failure]);
    expect(app.errors[0]).toBe(failure);
  });

  it("KO-04: an error that takes no property passes as it is", async () => {
    const failure = Object.freeze(new Error("frozen"));
    app = await startApp(make, (koa, session) => {
      koa.use(async (_ctx, next) => {
        await expect(next()).rejects.toBe(failure);
      });
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        await session.createNewSession(ctx, ctx, "user-2");
        throw failure;
      });
    });
    expect(names(await app.client().get("/"))).toEqual(["sAccessToken", "sRefreshToken"]);
  });

  const parsers: [string, () => Koa.Middleware][] = [
    ["koa-bodyparser", () => bodyParser()],
    ["koa-body", () => koaBody() as Koa.Middleware],
    [
      "a parser of the application's own",
      () => async (ctx, next) => {
        for await (const _ of ctx.req);
        await next();
      },
    ],
  ];
  it.each(parsers)("KO-05: a refresh works behind %s", async (_, parser) => {
    app = await startApp(make, (koa, session) => {
      koa.use(parser());
      koa.use(session.middleware());
    });
    const user = await app.signedIn();
    const response = await user.refresh({ "content-type": "application/json" }, '{"a":1}');
    expect([response.status, response.body]).toEqual([200, "{}"]);
  });

  it.each(["before", "after"])(
    "KO-06: koa-session %s us keeps its own session, and ours is not in its cookie",
    async (order) => {
      app = await startApp(make, (koa, session) => {
        koa.keys = ["a key of the application"];
        if (order === "before") koa.use(koaSession({ key: "koa" }, koa) as Koa.Middleware);
        koa.use(session.middleware());
        if (order === "after") koa.use(koaSession({ key: "koa" }, koa) as Koa.Middleware);
        koa.use(session.verifySession());
        koa.use((ctx) => {
          const views = ((ctx.session as unknown as { views?: number }).views ?? 0) + 1;
          Object.assign(ctx.session as object, { views });
          const ours = ctx.state.session as { getUserId(): string };
          ctx.body = { views, id: ours.getUserId(), of: session.of(ctx)?.getUserId() };
        });
      });
      const user = await app.signedIn();
      const first = await user.get("/");
      expect(first.json).toEqual({ views: 1, id: "user-1", of: "user-1" });
      const kept = JSON.parse(Buffer.from(user.cookie("koa"), "base64").toString("utf8"));
      expect(Object.keys(kept).sort()).toEqual(["_expire", "_maxAge", "views"]);
      expect((await user.get("/")).json).toEqual({ views: 2, id: "user-1", of: "user-1" });
    },
  );

  if (version.startsWith("koa3")) {
    it("KO-07: a Fetch Response as the body keeps its cookies and ours on lines of their own", async () => {
      app = await startApp(make, (koa, session) => {
        koa.use(session.middleware());
        koa.use(async (ctx) => {
          await session.createNewSession(ctx, ctx, "user-2");
          const headers = new Headers({ "cache-control": "public, max-age=60", vary: "Accept" });
          headers.append("set-cookie", "r=1; Path=/");
          headers.append("set-cookie", "r2=2; Path=/");
          ctx.body = new Response("from fetch", { status: 201, headers });
        });
      });
      const response = await app.client().get("/");
      expect([response.status, response.body]).toEqual([201, "from fetch"]);
      expect(names(response)).toEqual(["r", "r2", "sAccessToken", "sRefreshToken"]);
      expect(response.header("front-token")).toBeDefined();
      expect(response.header("cache-control")).toBe("private, no-store");
    });
  }

  it("KO-08: a change after the head has gone is RESPONSE_COMMITTED, where Koa itself stays silent", async () => {
    let failure: unknown;
    app = await startApp(make, (koa, session) => {
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        ctx.respond = false;
        ctx.res.flushHeaders();
        ctx.set("x-late", "1");
        failure = await session.createNewSession(ctx, ctx, "user-1").catch((error: unknown) => error);
        ctx.res.end("done");
      });
    });
    const response = await app.client().get("/");
    expect([response.body, response.header("x-late"), names(response)]).toEqual(["done", undefined, []]);
    expect(failure).toMatchObject({ type: "RESPONSE_COMMITTED" });
  });

  it("KO-09, T11: what comes from inside is answered or thrown on once; the error event tells of others only", async () => {
    const failure = new Error("the application's");
    let runs = 0;
    app = await startApp(make, (koa, session) => {
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        runs += 1;
        if (ctx.path === "/foreign") throw failure;
        await session.getSession(ctx, ctx);
      });
    });
    expect((await app.client().get("/")).body).toBe('{"message":"unauthorised"}');
    expect(app.errors).toEqual([]);
    expect((await app.client().get("/foreign")).status).toBe(500);
    expect([app.errors.length, app.errors[0] === failure, runs]).toEqual([1, true, 2]);
  });

  it("KO-11: the status of an error wins over one set before it, and over the body", async () => {
    app = await startApp(make, (koa, session) => {
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        ctx.status = 201;
        ctx.type = "html";
        ctx.body = Readable.from(["<p>not this</p>"]);
        throw new SessionError({ type: "UNAUTHORISED", message: "says the application" });
      });
    });
    const response = await app.client().get("/");
    expect([response.status, response.body, response.header("content-type")]).toEqual([
      401,
      '{"message":"unauthorised"}',
      "application/json; charset=utf-8",
    ]);
    expect(names(response)).toEqual(["sAccessToken", "sRefreshToken"]);
  });

  it("T9: an application that answers by itself sends our cookies with its head", async () => {
    app = await startApp(make, (koa, session) => {
      koa.use(session.middleware());
      koa.use(async (ctx) => {
        await session.createNewSession(ctx, ctx, "user-2");
        ctx.respond = false;
        ctx.res.writeHead(200, { "content-type": "text/event-stream" });
        ctx.res.end("data: 1\n\n");
      });
    });
    const response = await app.client().get("/");
    expect([response.status, response.body]).toEqual([200, "data: 1\n\n"]);
    expect(names(response)).toEqual(["sAccessToken", "sRefreshToken"]);
  });

  it("a refusal and our endpoints are sent where Koa was told before to send nothing", async () => {
    app = await startApp(make, (koa, session) => {
      koa.use(async (ctx, next) => {
        ctx.respond = false;
        await next();
      });
      koa.use(session.middleware());
      koa.use(session.verifySession());
      koa.use((ctx) => {
        ctx.res.end("secret");
      });
    });
    const { client } = app;
    const refused = await client().get("/");
    expect([refused.status, refused.body]).toEqual([401, '{"message":"unauthorised"}']);
    expect(refused.header("content-type")).toBe("application/json; charset=utf-8");
    const keys = await client().get("/auth/jwt/jwks.json");
    expect([keys.status, Object.keys(keys.json as object)]).toEqual([200, ["keys"]]);
    expect((await client().post("/auth/session/refresh", {})).status).toBe(401);
    expect((await client().send("HEAD", "/")).status).toBe(401);
  });

  it("T12: below koa-mount and a nested router our endpoints stand where the configuration says", async () => {
    app = await startApp(
      make,
      (koa, session) => {
        const inner = new Router({ prefix: "/v1" });
        inner.get("/me", session.verifySession(), (ctx) => {
          ctx.body = { id: session.of(ctx)?.getUserId() };
        });
        const composed = new Router();
        composed.use(session.middleware(), inner.routes());
        koa.use(mount("/api", session.middleware() as Koa.Middleware));
        koa.use(mount("/api", composed.routes() as Koa.Middleware));
      },
      {
        appInfo: {
          appName: "mounted",
          apiDomain: "http://localhost:3000",
          websiteDomain: "http://localhost:3000",
          apiBasePath: "/api/auth",
        },
      },
    );
    const user = await app.signedIn();
    expect((await user.get("/api/v1/me")).json).toEqual({ id: "user-1" });
    expect((await user.send("POST", "/api/auth/signout")).json).toEqual({ status: "OK" });
    expect((await user.send("POST", "/auth/signout")).status).toBe(404);
  });

  it("G-66: a state that somebody else has filled is not overwritten, and the message says what to do", async () => {
    app = await startApp(make, (koa, session) => {
      koa.use(async (ctx, next) => {
        ctx.state.session = { theirs: true };
        await next();
      });
      koa.use(session.middleware());
      koa.use(session.verifySession());
    });
    const user = await app.signedIn();
    expect((await user.get("/")).status).toBe(500);
    expect(app.errors.map((error) => (error as Error).message)).toEqual([
      expect.stringContaining('createSession({ property: "auth" })'),
    ]);
  });

  it("two guards in one chain agree, and a name of the application's own choice is used", async () => {
    app = await startApp(
      make,
      (koa, session) => {
        koa.use(session.middleware());
        koa.use(session.verifySession({ sessionRequired: false }));
        koa.use(session.verifySession());
        koa.use((ctx) => {
          const { auth } = ctx as unknown as { auth: { getUserId(): string } };
          ctx.body = { id: auth.getUserId(), state: ctx.state.auth === auth, session: "session" in ctx };
        });
      },
      { property: "auth" },
    );
    expect((await (await app.signedIn()).get("/")).json).toEqual({
      id: "user-1",
      state: true,
      session: false,
    });
  });
});

it.each(["unparsed", "parsed"])("endpoints that claims bring read a body that is %s", async (kind) => {
  const seen: string[] = [];
  const verified = emailVerifiedClaim({
    endpoints: true,
    isVerified: () => false,
    consumeToken: (token) => void seen.push(token),
  });
  app = await startApp(
    Koa,
    (koa, session) => {
      if (kind === "parsed") koa.use(bodyParser());
      koa.use(session.middleware());
    },
    { plugins: [verified] },
  );
  const user = await app.signedIn();
  const response = await user.post("/auth/user/email/verify", { method: "token", token: "a token" });
  expect([response.status, seen]).toEqual([200, ["a token"]]);
});

it("G-11: what is no context is refused", async () => {
  const session = createSession({ store: new MemoryStore() });
  const notContexts = [
    undefined,
    null,
    {},
    { req: {} },
    { raw: {}, headers: {} },
  ] as unknown as Koa.Context[];
  for (const ctx of notContexts) {
    await expect(Promise.resolve().then(() => session.getSession(ctx, ctx))).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
    });
  }
  expect(() => createSession({ property: "" })).toThrow(/option `property`/);
});
