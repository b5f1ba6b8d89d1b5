import cookieParser from "cookie-parser";
import expressSession from "express-session";
import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp, versions } from "./support/express-app.js";
import { send } from "./support/wire.js";

let app: TestApp;
afterEach(() => app.close());

const foreignSession = () =>
  expressSession({ secret: "keyboard cat", resave: false, saveUninitialized: true });

describe.each(versions)("cookies in %s", (_name, make) => {
  it("EX-03, T3: what cookie-parser makes of our cookies is not looked at", async () => {
    app = await startApp(
      make,
      (routes, session) => {
        routes.get("/me", session.verifySession(), (req, res) => {
          res.json({ id: session.of(req)?.getUserId(), parsed: typeof req.cookies.sAccessToken });
        });
      },
      { before: (routes) => routes.use(cookieParser("secret", { decode: () => "overwritten" })) },
    );
    const browser = await app.signedIn();
    expect((await browser.get("/me")).json).toEqual({ id: "user-1", parsed: "string" });
    for (const value of ['j:{"sub":"user-1"}', "s:abc.def", "%E0%A4%A", "j:null"]) {
      const answer = await send(app.origin, "GET", "/me", { cookie: `sAccessToken=${value}` });
      expect(answer.status).toBe(401);
      expect(answer.all("set-cookie")).toEqual([]);
    }
    expect(app.errors).toEqual([]);
  });

  it("EX-04, G-20…G-22, G-25: names that begin like ours live beside ours, each on a line of its own", async () => {
    app = await startApp(make, (routes, session) => {
      routes.post("/again", async (req, res, next) => {
        try {
          res.cookie("sAccess", "before");
          res.cookie("sAccessTokenOfMine", "mine");
          const created = await session.createNewSession(req, res, "user-2");
          await created.mergeIntoAccessTokenPayload({ step: 1 });
          await created.mergeIntoAccessTokenPayload({ step: 2 });
          res.cookie("after", "x");
          res.json({});
        } catch (error) {
          next(error);
        }
      });
      routes.get("/me", async (req, res, next) => {
        session.getSession(req, res).then((found) => res.json(found.getAccessTokenPayload()), next);
      });
    });
    const browser = app.browser();
    const answer = await browser.post("/again", {}, { "x-forwarded-proto": "https" });
    expect(answer.cookieNames.sort()).toEqual([
      "after",
      "sAccess",
      "sAccessToken",
      "sAccessTokenOfMine",
      "sRefreshToken",
    ]);
    expect(answer.cookieLine("sAccessToken")).not.toContain("Secure");
    expect(browser.cookies.get("sAccess")).toBe("before");
    expect((await browser.get("/me")).json).toMatchObject({ sub: "user-2", step: 2 });
  });

  it("EX-08, T4: express-session before us keeps req.session and its cookie; we use another property", async () => {
    app = await startApp(
      make,
      (routes, session) => {
        routes.get("/me", session.verifySession(), (req, res) => {
          const visits = (req.session as unknown as { visits?: number }).visits ?? 0;
          Object.assign(req.session, { visits: visits + 1 });
          const ours = (req as unknown as { auth: { getUserId(): string } }).auth;
          res.json({ id: ours.getUserId(), of: session.of(req) === ours, visits });
        });
      },
      { property: "auth", before: (routes) => routes.use(foreignSession()) },
    );
    const browser = app.browser();
    const login = await browser.post("/login", {});
    expect(login.cookieNames.sort()).toEqual(["connect.sid", "sAccessToken", "sRefreshToken"]);
    expect((await browser.get("/me")).json).toEqual({ id: "user-1", of: true, visits: 0 });
    expect((await browser.get("/me")).json).toEqual({ id: "user-1", of: true, visits: 1 });
  });

  it("EX-08, T4: express-session after us works too", async () => {
    app = await startApp(
      make,
      (routes, session) => {
        routes.use(foreignSession());
        routes.post("/again", async (req, res, next) => {
          session
            .createNewSession(req, res, "user-2")
            .then(() => res.json({ sid: req.session.id.length > 0 }), next);
        });
      },
      { property: "auth" },
    );
    const answer = await app.browser().post("/again");
    expect(answer.json).toEqual({ sid: true });
    expect(answer.cookieNames.sort()).toEqual(["connect.sid", "sAccessToken", "sRefreshToken"]);
  });

  it("EX-08, T4, G-66: req.session of another library is refused at the first request, saying what to do", async () => {
    let runs = 0;
    app = await startApp(
      make,
      (routes, session) => {
        const handler = (_req: unknown, res: { end(): unknown }): void => {
          runs += 1;
          res.end();
        };
        routes.get("/value", session.verifySession(), handler);
        routes.get(
          "/accessor",
          (req, _res, next) => {
            // As cookie-session defines it.
            Object.defineProperty(req, "session", {
              configurable: true,
              get() {
                throw new Error("must not be read");
              },
            });
            next();
          },
          session.verifySession(),
          handler,
        );
      },
      { before: (routes) => routes.use("/value", foreignSession()) },
    );
    const browser = await app.signedIn();
    for (const path of ["/value", "/accessor"]) expect((await browser.get(path)).status).toBe(500);
    expect(runs).toBe(0);
    expect(app.errors.map((error) => (error as Error).message)).toEqual(
      Array(2).fill(
        expect.stringMatching(
          /req\.session belongs to another library.*property: "auth".*Session\.of\(req\)/,
        ),
      ),
    );
  });

  it("two guards of one instance share the property, and what the application put there itself may stay", async () => {
    app = await startApp(make, (routes, session) => {
      routes.use("/twice", session.verifySession({ sessionRequired: false }), session.verifySession());
      routes.use("/twice", async (req, res, next) => {
        try {
          (req as { session?: unknown }).session = await session.getSession(req, res);
          next();
        } catch (error) {
          next(error);
        }
      });
      routes.get("/twice", session.verifySession(), (req, res) => {
        res.json({ same: (req as { session?: unknown }).session === session.of(req) });
      });
    });
    const browser = await app.signedIn();
    expect((await browser.get("/twice")).json).toEqual({ same: true });
  });

  it.each([
    ["an object", (lines: string[]) => [200, { "Set-Cookie": lines }]],
    ["a flat list", (lines: string[]) => [200, "OK", ["Set-Cookie", lines[0]]]],
  ])(
    "EX-09, T9: Set-Cookie in res.writeHead, as %s, replaces ours: a warning once, without the token",
    async (_form, args) => {
      app = await startApp(make, (routes, session) => {
        routes.post("/x", async (req, res, next) => {
          try {
            await session.createNewSession(req, res, "user-1");
            Reflect.apply(res.writeHead, res, args(["mine=1"]));
            res.end();
          } catch (error) {
            next(error);
          }
        });
      });
      for (const _ of [1, 2]) {
        const answer = await app.browser().post("/x");
        expect(answer.status).toBe(200);
        expect(answer.cookieNames).toEqual(["mine"]);
      }
      expect(app.warnings).toEqual([
        expect.stringMatching(
          /without the session's cookies \(sAccessToken, sRefreshToken\).*res\.appendHeader/,
        ),
      ]);
      expect(app.warnings[0]).not.toContain("eyJ");
    },
  );

  it("EX-09: writeHead without Set-Cookie keeps ours and warns of nothing, nor does a clean response", async () => {
    app = await startApp(make, (routes, session) => {
      routes.post("/x", async (req, res, next) => {
        try {
          await session.createNewSession(req, res, "user-1");
          res.appendHeader("Set-Cookie", "mine=1");
          res.writeHead(201, { "x-own": "1" });
          res.end();
        } catch (error) {
          next(error);
        }
      });
    });
    const answer = await app.browser().post("/x");
    expect(answer.status).toBe(201);
    expect(answer.cookieNames.sort()).toEqual(["mine", "sAccessToken", "sRefreshToken"]);
    expect(app.warnings).toEqual([]);
  });

  it("EX-09: warnOnLostCookies: false leaves res.writeHead alone", async () => {
    app = await startApp(
      make,
      (routes, session) => {
        routes.post("/x", async (req, res, next) => {
          session
            .createNewSession(req, res, "user-1")
            .then(() => res.json(Object.hasOwn(res, "writeHead")), next);
        });
      },
      { warnOnLostCookies: false },
    );
    expect((await app.browser().post("/x")).json).toBe(false);
  });

  it("T10, G-27: a 304 still carries a changed token, and no-store", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/page", async (req, res, next) => {
        try {
          const found = await session.getSession(req, res);
          if (req.query.merge !== undefined)
            await found.mergeIntoAccessTokenPayload({ seen: String(req.query.merge) });
          res.setHeader("ETag", '"v1"');
          res.send("content");
        } catch (error) {
          next(error);
        }
      });
    });
    const browser = await app.signedIn();
    const plain = await browser.get("/page");
    expect(plain.status).toBe(200);
    expect(plain.header("cache-control")).toBeUndefined();
    const revalidated = await browser.get("/page?merge=1", { "if-none-match": '"v1"' });
    expect(revalidated.status).toBe(304);
    expect(revalidated.cookieNames).toEqual(["sAccessToken"]);
    expect(revalidated.header("cache-control")).toBe("private, no-store");
  });

  it("G-07: what a handler changed before it threw reaches the client on the error's response", async () => {
    app = await startApp(make, (routes, session) => {
      routes.post("/x", session.verifySession(), async (req, _res, next) => {
        await session.of(req)?.mergeIntoAccessTokenPayload({ changed: true });
        next(new Error("then it failed"));
      });
    });
    const answer = await (await app.signedIn()).post("/x");
    expect(answer.status).toBe(500);
    expect(answer.cookieNames).toEqual(["sAccessToken"]);
  });
});
