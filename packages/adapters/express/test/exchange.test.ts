import { afterEach, describe, expect, it } from "vitest";
import { createSession, MemoryStore, SessionError } from "../src/index.js";
import { startApp, type TestApp, versions } from "./support/express-app.js";
import { send } from "./support/wire.js";

let app: TestApp;
afterEach(() => app?.close());

describe.each(versions)("one exchange in %s", (_name, make) => {
  it("G-03, G-04: guard, handler and five calls at once share one container", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/many", session.verifySession(), async (req, res, next) => {
        try {
          const all = await Promise.all(Array.from({ length: 5 }, () => session.getSession(req, res)));
          all.push(await session.getSession(req, res, { overrideGlobalClaimValidators: () => [] }));
          res.json(all.map((found) => found === session.of(req)));
        } catch (error) {
          next(error);
        }
      });
    });
    expect((await (await app.signedIn()).get("/many")).json).toEqual(Array(6).fill(true));
  });

  it("G-05: after a new login, the request's own session is the new one", async () => {
    app = await startApp(make, (routes, session) => {
      routes.post("/switch", session.verifySession(), async (req, res, next) => {
        try {
          const created = await session.createNewSession(req, res, "user-2", { step: 1 });
          await created.mergeIntoAccessTokenPayload({ step: 2 });
          const found = await session.getSession(req, res);
          res.json({
            same: found === created,
            of: session.of(req) === created,
            payload: found.getAccessTokenPayload(),
          });
        } catch (error) {
          next(error);
        }
      });
    });
    expect((await (await app.signedIn()).post("/switch")).json).toMatchObject({
      same: true,
      of: true,
      payload: { sub: "user-2", step: 2 },
    });
  });

  it("G-65, G-66: Session.of answers on any request, and never makes a session", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/public", (req, res) => {
        res.json({ of: String(session.of(req)), own: Object.keys(req).includes("session") });
      });
      routes.get("/optional", session.verifySession({ sessionRequired: false }), (req, res) => {
        res.json({ of: session.of(req)?.getUserId() ?? null, property: "session" in req });
      });
    });
    const browser = await app.signedIn();
    expect((await browser.get("/public")).json).toEqual({ of: "undefined", own: false });
    expect((await browser.get("/optional")).json).toEqual({ of: "user-1", property: true });
    expect((await send(app.origin, "GET", "/optional")).json).toEqual({ of: null, property: true });
    expect(app.session.of({ method: "GET", url: "/", headers: {} })).toBeUndefined();
  });

  it("G-10, G-65: handler() gives the session, runs once, and what it throws is answered or passed on", async () => {
    let runs = 0;
    const foreign = new Error("the handler's");
    app = await startApp(make, (routes, session) => {
      routes.get(
        "/ok",
        session.handler((_req, res, found) => {
          runs += 1;
          res.json({ id: found.getUserId() });
        }),
      );
      routes.get(
        "/foreign",
        session.handler(async () => {
          runs += 1;
          throw foreign;
        }),
      );
      routes.get(
        "/ours",
        session.handler(() => {
          runs += 1;
          throw new SessionError({ type: "INVALID_CLAIMS", message: "no", payload: [{ id: "plan" }] });
        }),
      );
    });
    expect((await send(app.origin, "GET", "/ok")).status).toBe(401);
    expect(runs).toBe(0);
    const browser = await app.signedIn();
    expect((await browser.get("/ok")).json).toEqual({ id: "user-1" });
    expect((await browser.get("/foreign")).status).toBe(500);
    expect(app.errors).toEqual([foreign]);
    const ours = await browser.get("/ours");
    expect([ours.status, ours.json]).toEqual([
      403,
      { message: "invalid claim", claimValidationErrors: [{ id: "plan" }] },
    ]);
    expect(runs).toBe(3);
  });

  it("two instances on one request never see each other's session", async () => {
    const other = createSession({
      store: new MemoryStore(),
      property: "staff",
      getCookieNameForTokenType: (_req, type) => `staff-${type}`,
    });
    app = await startApp(make, (routes, session) => {
      routes.post("/staff-login", async (req, res, next) => {
        other.createNewSession(req, res, "staff-1").then(() => res.json({}), next);
      });
      routes.get(
        "/both",
        session.verifySession(),
        other.verifySession({ sessionRequired: false }),
        session.verifySession(),
        (req, res) => {
          res.json([session.of(req)?.getUserId() ?? null, other.of(req)?.getUserId() ?? null]);
        },
      );
    });
    const browser = await app.signedIn();
    expect((await browser.get("/both")).json).toEqual(["user-1", null]);
    await browser.post("/staff-login");
    expect((await browser.get("/both")).json).toEqual(["user-1", "staff-1"]);
    await other.close();
  });

  it("a second guard takes the session that the first one's request has got since", async () => {
    app = await startApp(make, (routes, session) => {
      routes.post(
        "/switch",
        session.verifySession(),
        (req, res, next) => {
          session.createNewSession(req, res, "user-2").then(() => next(), next);
        },
        session.verifySession(),
        (req, res) => {
          res.json((req as object as { session?: { getUserId(): string } }).session?.getUserId());
        },
      );
    });
    expect((await (await app.signedIn()).post("/switch")).json).toBe("user-2");
  });

  it("middleware() lets every other request go on at once, without waiting for a promise", async () => {
    const order: string[] = [];
    app = await startApp(make, () => {}, {
      before: (routes, session) => {
        const ours = session.middleware();
        routes.get("/public", (req, res) => {
          ours(req, res, () => order.push("next"));
          order.push("returned");
          res.end();
        });
      },
    });
    await send(app.origin, "GET", "/public");
    expect(order).toEqual(["next", "returned"]);
  });

  it("its functions work without `this`", async () => {
    app = await startApp(make, (routes, { getSession, verifySession, errorHandler }) => {
      routes.get("/x", verifySession(), (req, res, next) => {
        getSession(req, res).then((found) => res.json(found.getUserId()), next);
      });
      routes.use(errorHandler());
    });
    expect((await (await app.signedIn()).get("/x")).json).toBe("user-1");
  });
});

describe("options of the adapter", () => {
  it.each([
    ["", "must be a string, and not empty"],
    [5, "must be a string, and not empty"],
  ])("property: %j is refused by name", (property, message) => {
    expect(() => createSession({ store: new MemoryStore(), property: property as string })).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("G-62: creating an instance opens nothing and starts no timer", () => {
    const before = process.getActiveResourcesInfo();
    createSession({ store: new MemoryStore() });
    expect(process.getActiveResourcesInfo()).toEqual(before);
  });
});
