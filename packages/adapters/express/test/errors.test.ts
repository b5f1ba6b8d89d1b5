import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSession, MemoryStore, SessionError } from "../src/index.js";
import { startApp, type TestApp, versions } from "./support/express-app.js";
import { Browser, send } from "./support/wire.js";

let app: TestApp;
let unhandled: unknown[];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await app?.close();
  // Node tells of unhandled rejections after the microtasks of the tick they happened in.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

describe.each(versions)("errors in %s", (name, make) => {
  it("EX-01, T1: getSession in try/catch(next) is answered by errorHandler", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/me", async (req, res, next) => {
        try {
          res.json({ id: (await session.getSession(req, res)).getUserId() });
        } catch (error) {
          next(error);
        }
      });
    });
    const answer = await send(app.origin, "GET", "/me");
    expect(answer.status).toBe(401);
    expect(answer.body).toBe('{"message":"unauthorised"}');
    expect(answer.all("content-type")).toEqual(["application/json; charset=utf-8"]);
    expect((await (await app.signedIn()).get("/me")).json).toEqual({ id: "user-1" });
    expect(app.errors).toEqual([]);
  });

  // Express 4 does not look at what a handler returns.
  if (name === "express 5") {
    it("T2: a rejected handler without try/catch is answered too", async () => {
      app = await startApp(make, (routes, session) => {
        routes.get("/me", async (req, res) => {
          res.json({ id: (await session.getSession(req, res)).getUserId() });
        });
      });
      expect((await send(app.origin, "GET", "/me")).body).toBe('{"message":"unauthorised"}');
    });
  }

  it("EX-01: an override that fails reaches next(err) as the same object, and the handler does not run; G-34", async () => {
    const failure = new Error("the database of claims is away");
    let runs = 0;
    app = await startApp(make, (routes, session) => {
      const options = {
        overrideGlobalClaimValidators: () => {
          throw failure;
        },
      };
      routes.get("/x", session.verifySession(options), (_req, res) => {
        runs += 1;
        res.end();
      });
    });
    const answer = await (await app.signedIn()).get("/x");
    expect(answer.body).toBe("the application's error page");
    expect(app.errors).toHaveLength(1);
    expect(app.errors[0]).toBe(failure);
    expect(runs).toBe(0);
  });

  it.each([undefined, null, "", 0, "route", "router"])(
    "a guard that failed with %j does not let the request through",
    async (thrown) => {
      let runs = 0;
      app = await startApp(make, (routes, session) => {
        const overrideGlobalClaimValidators = () => Promise.reject(thrown);
        const handler = (_req: unknown, res: { end(): unknown }): void => {
          runs += 1;
          res.end();
        };
        routes.get("/x", session.verifySession({ overrideGlobalClaimValidators }), handler);
        routes.get("/x", handler);
        routes.get("/y", session.handler(handler, { overrideGlobalClaimValidators }));
        routes.get("/y", handler);
      });
      const browser = await app.signedIn();
      expect((await browser.get("/x")).status).toBe(500);
      expect((await browser.get("/y")).status).toBe(500);
      expect(runs).toBe(0);
      expect(app.errors.map((error) => (error as Error).cause)).toEqual([thrown, thrown]);
    },
  );

  it("EX-02: a synchronous throw behind verifySession is the application's, once, also when it is one of ours", async () => {
    const thrown = new Error("downstream");
    let runs = 0;
    app = await startApp(make, (routes, session) => {
      routes.get("/foreign", session.verifySession(), () => {
        runs += 1;
        throw thrown;
      });
      routes.get("/ours", session.verifySession(), () => {
        runs += 1;
        throw new SessionError({ type: "UNAUTHORISED", message: "the application says no" });
      });
    });
    const browser = await app.signedIn();
    expect((await browser.get("/foreign")).body).toBe("the application's error page");
    expect(app.errors).toEqual([thrown]);
    const ours = await browser.get("/ours");
    expect(ours.body).toBe('{"message":"unauthorised"}');
    expect(ours.cookieNames).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(app.errors).toHaveLength(1);
    expect(runs).toBe(2);
  });

  it("EX-05, T7, G-35: an error after the first byte goes to next(err), and the connection breaks", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/late", (_req, res, next) => {
        res.write("begun");
        next(new SessionError({ type: "UNAUTHORISED", message: "too late" }));
      });
      routes.get("/late-guard", (_req, res, next) => {
        res.write("begun");
        next();
      });
      routes.get("/late-guard", session.verifySession());
    });
    for (const path of ["/late", "/late-guard"]) {
      const answer = await send(app.origin, "GET", path);
      expect(answer).toMatchObject({ status: 200, body: "begun", isComplete: false });
    }
    expect(app.errors.map((error) => SessionError.is(error) && error.type)).toEqual([
      "UNAUTHORISED",
      "UNAUTHORISED",
    ]);
  });

  it("EX-12: an error that only looks like ours is not ours", async () => {
    const lookalike = Object.assign(new Error("jwt expired"), {
      status: 401,
      type: "UNAUTHORISED",
      payload: {},
    });
    app = await startApp(make, (routes) => {
      routes.get("/x", () => {
        throw lookalike;
      });
    });
    const answer = await send(app.origin, "GET", "/x");
    expect(answer.body).toBe("the application's error page");
    expect(app.errors[0]).toBe(lookalike);
  });

  it("G-31, G-32: without errorHandler the framework's default path has the status, and cleared cookies stay", async () => {
    const session = createSession({ store: new MemoryStore() });
    const framework = make();
    framework.set("env", "test");
    framework.post("/login", (req, res, next) => {
      session.createNewSession(req, res, "user-1").then(() => res.json({}), next);
    });
    framework.post("/logout", async (req, res, next) => {
      try {
        const found = await session.getSession(req, res);
        await found.revokeSession();
        await found.getSessionData();
      } catch (error) {
        next(error);
      }
    });
    const server = createServer(framework);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await browser.post("/login");
    const answer = await browser.post("/logout");
    expect(answer.status).toBe(401);
    expect(answer.header("front-token")).toBe("remove");
    expect([...browser.cookies.keys()]).toEqual([]);
    expect((await browser.post("/logout")).status).toBe(401);
    await new Promise((resolve) => server.close(resolve));
    await session.close();
  });

  it('onError: "next" leaves the answer to the application', async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/x", session.verifySession({ onError: "next" }), (_req, res) => {
        res.end();
      });
      routes.use(
        (
          error: unknown,
          _req: unknown,
          res: { status(code: number): { end(): unknown } },
          next: (e: unknown) => void,
        ) => {
          if (SessionError.is(error)) res.status(418).end();
          else next(error);
        },
      );
    });
    expect((await send(app.origin, "GET", "/x")).status).toBe(418);
  });

  it('G-11: something that is not a request and its response is an error, never "no session"', async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/x", async (req, res, next) => {
        const wrong = { answer: 42 } as unknown as typeof res;
        const noRequest = undefined as unknown as typeof req;
        const attempts = [
          () => session.getSession(req, wrong, { sessionRequired: false }),
          () => session.getSession(noRequest, res, { sessionRequired: false }),
        ];
        try {
          const types = [];
          for (const attempt of attempts) {
            types.push(
              await attempt().then(String, (error: unknown) => SessionError.is(error) && error.message),
            );
          }
          res.json(types);
        } catch (error) {
          next(error);
        }
      });
    });
    const browser = await app.signedIn();
    expect((await browser.get("/x")).json).toEqual([
      expect.stringContaining("second argument must be the response"),
      expect.stringContaining("first argument must be the request"),
    ]);
  });

  it("an outage of the store is 503 through verifySession, and signs nobody out [sec O-01]", async () => {
    app = await startApp(make, (routes, session) => {
      routes.get("/x", session.verifySession({ checkDatabase: true }), (_req, res) => {
        res.end();
      });
    });
    const browser = await app.signedIn();
    app.store.getSession = async () => {
      throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    };
    const answer = await browser.get("/x");
    expect(answer.status).toBe(503);
    expect(answer.header("retry-after")).toBe("1");
    expect(answer.all("set-cookie")).toEqual([]);
    expect(answer.header("front-token")).toBeUndefined();
  });
});

it("EX-02: under a host that catches nothing, a throw behind next() is an uncaught exception, not a rejection", async () => {
  const thrown = new Error("downstream");
  const session = createSession({ store: new MemoryStore() });
  const guard = session.verifySession({ sessionRequired: false });
  let ran = 0;
  const server = createServer((req, res) => {
    guard(req, res, () => {
      ran += 1;
      res.end("done");
      throw thrown;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const uncaught = new Promise((resolve) =>
    process.once("uncaughtException", (error, origin) => resolve([error, origin])),
  );
  const answer = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "GET", "/");
  expect(answer.body).toBe("done");
  expect(await uncaught).toEqual([thrown, "uncaughtException"]);
  for (const listener of others) process.on("uncaughtException", listener);
  expect(ran).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  await session.close();
});
