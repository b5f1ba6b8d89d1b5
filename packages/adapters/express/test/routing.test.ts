import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp, versions } from "./support/express-app.js";
import { send } from "./support/wire.js";

let app: TestApp;
afterEach(() => app.close());

const APP_INFO = { appName: "test", apiDomain: "http://localhost", websiteDomain: "http://localhost" };

describe.each(versions)("routing in %s", (_name, make) => {
  it("EX-06: endpoints match exactly, but for a query and one trailing slash", async () => {
    app = await startApp(make, (routes) => {
      routes.all("/auth/app-owned", (_req, res) => {
        res.json("the application's");
      });
    });
    const browser = await app.signedIn();
    for (const path of ["/auth/session/refresh", "/auth/session/refresh/", "/auth/session/refresh?x=1"]) {
      const refresh = browser.cookies.get("sRefreshToken");
      const answer = await browser.post(path, undefined, { cookie: `sRefreshToken=${refresh}` });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.cookieNames).toEqual(["sAccessToken", "sRefreshToken"]);
    }
    for (const path of [
      "//auth/session/refresh",
      "/AUTH/session/refresh",
      "/auth/session%2Frefresh",
      "/auth/unknown",
    ]) {
      const answer = await send(app.origin, "POST", path);
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await send(app.origin, "GET", "/auth/session/refresh")).status).toBe(404);
    expect((await send(app.origin, "DELETE", "/auth/signout")).status).toBe(404);
    expect((await send(app.origin, "GET", "/auth/app-owned")).json).toBe("the application's");
  });

  it("EX-06, T5: below a router and a sub-app, endpoints and cookie paths are those of apiBasePath", async () => {
    app = await startApp(
      make,
      (routes, session, express) => {
        const router = express.Router();
        router.get("/me", session.verifySession(), (req, res) => {
          res.json({ id: session.of(req)?.getUserId(), url: req.url });
        });
        const child = make();
        child.use(session.middleware());
        child.use("/users", router);
        routes.use("/api/v1", child);
      },
      {
        appInfo: { ...APP_INFO, apiBasePath: "/api/v1/auth" },
        // The middleware at the top is not to answer: only the one in the sub-app sees the request.
        before: (routes, session) => {
          routes.use("/login-only", session.middleware());
        },
      },
    );
    const browser = app.browser();
    const login = await browser.post("/login", {});
    expect(login.cookieLine("sRefreshToken")).toContain("; Path=/api/v1/auth/session/refresh;");
    expect((await browser.get("/api/v1/users/me")).json).toEqual({ id: "user-1", url: "/me" });
    expect((await browser.post("/api/v1/auth/session/refresh")).status).toBe(200);
    expect((await browser.post("/api/v1/auth/signout")).json).toEqual({ status: "OK" });
    expect((await browser.post("/auth/signout")).status).toBe(404);
  });

  it("EX-06: a guard on the refresh endpoint's path refreshes", async () => {
    let runs = 0;
    app = await startApp(make, () => {}, {
      before: (routes, session) => {
        routes.post("/auth/session/refresh", session.verifySession(), (req, res) => {
          runs += 1;
          res.json({ id: session.of(req)?.getUserId() });
        });
      },
    });
    const browser = await app.signedIn();
    const answer = await browser.post("/auth/session/refresh");
    expect(answer.json).toEqual({ id: "user-1" });
    expect(answer.cookieNames).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(runs).toBe(1);
  });

  describe.each<[parser: string, body: (express: typeof make) => ReturnType<typeof make.json> | undefined]>([
    ["json", (express) => express.json({ type: "*/*", strict: false })],
    ["urlencoded", (express) => express.urlencoded({ extended: false })],
    ["raw", (express) => express.raw({ type: "*/*" })],
    ["text", (express) => express.text({ type: "*/*" })],
    ["no parser", () => undefined],
  ])("EX-07, T6, G-41, G-43: refresh behind %s", (parser, body) => {
    it.each([
      ["no body", {}, undefined],
      ["an empty JSON body", { "content-type": "application/json", "content-length": "0" }, undefined],
      ["JSON", { "content-type": "application/json" }, '{"a":1}'],
      ["a form", { "content-type": "application/x-www-form-urlencoded" }, "a=1&b=2"],
      ["an unknown type", { "content-type": "text/weird" }, '"text"'],
      [
        "a chunked empty JSON body",
        { "content-type": "application/json", "transfer-encoding": "chunked" },
        "",
      ],
    ])("with %s", async (_shape, headers, text) => {
      app = await startApp(make, () => {}, {
        before: (routes) => {
          const middleware = body(make);
          if (middleware) routes.use("/auth", middleware);
        },
      });
      const browser = await app.signedIn();
      // A form is no JSON: express.json() itself answers that before we are asked, as the application wanted.
      const isRejected = parser === "json" && text?.startsWith("a=");
      const answer = await browser.send("POST", "/auth/session/refresh", headers, text);
      expect(answer.status).toBe(isRejected ? 500 : 200);
      if (!isRejected) expect(answer.cookieNames).toEqual(["sAccessToken", "sRefreshToken"]);
    });
  });

  it("EX-07: a body that never ends does not hold up a refresh", async () => {
    app = await startApp(make, () => {});
    const browser = await app.signedIn();
    const status = await new Promise((resolve, reject) => {
      const headers = {
        "st-auth-mode": "cookie",
        "content-type": "application/json",
        "content-length": "1000",
        cookie: `sRefreshToken=${browser.cookies.get("sRefreshToken")}`,
      };
      const req = request(
        `${app.origin}/auth/session/refresh`,
        { method: "POST", headers, agent: false },
        (res) => {
          res.resume();
          resolve(res.statusCode);
          req.destroy();
        },
      );
      req.on("error", reject);
      req.write('{"slow":');
    });
    expect(status).toBe(200);
  });

  it("T12, G-51: OPTIONS on an all() route is guarded like any method", async () => {
    let runs = 0;
    app = await startApp(make, (routes, session) => {
      routes.all("/x", session.verifySession(), (_req, res) => {
        runs += 1;
        res.end();
      });
    });
    for (const method of ["OPTIONS", "TRACE", "PUT", "PROPFIND"]) {
      expect((await send(app.origin, method, "/x")).status).toBe(401);
    }
    expect(runs).toBe(0);
    expect((await (await app.signedIn()).send("OPTIONS", "/x")).status).toBe(200);
    expect(runs).toBe(1);
  });

  it("G-50: HEAD is guarded as GET is, and its answer has no body", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/x", session.verifySession(), (_req, res) => {
        res.json({ length: "some" });
      });
    });
    const denied = await send(app.origin, "HEAD", "/x");
    expect(denied).toMatchObject({ status: 401, body: "" });
    const browser = await app.signedIn();
    expect(await browser.send("HEAD", "/x")).toMatchObject({ status: 200, body: "" });
    const jwks = await send(app.origin, "HEAD", "/auth/jwt/jwks.json");
    expect(jwks).toMatchObject({ status: 200, body: "" });
    expect(jwks.header("cache-control")).toMatch(/^public/);
  });

  it("G-60: forwarded headers of a proxy nobody trusts change nothing", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/x", session.verifySession(), (_req, res) => {
        res.end();
      });
    });
    const browser = await app.signedIn();
    const forged = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "10.0.0.1",
      "x-original-url": "/public",
    };
    expect((await browser.get("/x", forged)).status).toBe(200);
    expect((await send(app.origin, "GET", "/x", forged)).status).toBe(401);
    const refreshed = await browser.post("/auth/session/refresh", undefined, forged);
    expect(refreshed.cookieLine("sAccessToken")).not.toMatch(/Secure|evil/);
  });

  it("sign-out is answered with and without a session, and clears the cookies", async () => {
    app = await startApp(make, () => {});
    const browser = await app.signedIn();
    const copy = browser.cookies.get("sRefreshToken");
    const out = await browser.post("/auth/signout");
    expect(out.json).toEqual({ status: "OK" });
    expect(out.header("front-token")).toBe("remove");
    expect([...browser.cookies.keys()]).toEqual([]);
    const reuse = await browser.post("/auth/session/refresh", undefined, { cookie: `sRefreshToken=${copy}` });
    expect(reuse.status).toBe(401);
  });
});
