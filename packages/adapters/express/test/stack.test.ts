import { request } from "node:http";
import compression from "compression";
import cors from "cors";
import helmet from "helmet";
import { afterEach, describe, expect, it } from "vitest";
import { SessionError } from "../src/index.js";
import { startApp, type TestApp, versions } from "./support/express-app.js";
import { send } from "./support/wire.js";

let app: TestApp;
afterEach(() => app.close());

const WEBSITE = "http://localhost:3000";

describe.each(versions)("beside other middleware in %s", (_name, make) => {
  it("EX-11, T11: helmet, compression and cors leave our cookies and headers alone", async () => {
    app = await startApp(
      make,
      (routes, session) => {
        routes.get("/json", session.verifySession(), async (req, res, next) => {
          try {
            await session.of(req)?.mergeIntoAccessTokenPayload({ seen: "json" });
            res.json({ text: "x".repeat(5000) });
          } catch (error) {
            next(error);
          }
        });
        routes.get("/stream", session.verifySession(), async (req, res, next) => {
          try {
            await session.of(req)?.mergeIntoAccessTokenPayload({ seen: "stream" });
            for (const part of ["one ", "two ", "three"]) res.write(part.repeat(500));
            res.end();
          } catch (error) {
            next(error);
          }
        });
      },
      {
        before: (routes, session) => {
          routes.use(helmet());
          routes.use(
            cors({
              origin: WEBSITE,
              credentials: true,
              allowedHeaders: ["content-type", ...session.getAllCORSHeaders()],
              exposedHeaders: ["X-Total", "Front-Token"],
            }),
          );
          routes.use(compression({ threshold: 0 }));
        },
      },
    );
    const browser = await app.signedIn();
    const gzip = { "accept-encoding": "gzip", origin: WEBSITE };
    for (const path of ["/json", "/stream"]) {
      const answer = await browser.get(path, gzip);
      expect(answer.status).toBe(200);
      expect(answer.cookieNames).toEqual(["sAccessToken"]);
      expect(answer.header("front-token")).toBeDefined();
      expect(answer.header("x-content-type-options")).toBe("nosniff");
      expect(answer.header("access-control-allow-origin")).toBe(WEBSITE);
      // G-52: token-wise, whatever the case.
      expect(answer.header("access-control-expose-headers")).toBe("X-Total,Front-Token");
    }
    const denied = await send(app.origin, "GET", "/json", gzip);
    expect(denied.status).toBe(401);
    expect(denied.header("access-control-allow-origin")).toBe(WEBSITE);

    const preflight = await send(app.origin, "OPTIONS", "/json", {
      origin: WEBSITE,
      "access-control-request-method": "GET",
      "access-control-request-headers": "rid,fdi-version,anti-csrf,st-auth-mode,authorization",
    });
    expect(preflight.status).toBe(204);
    const allowed = preflight.header("access-control-allow-headers")?.split(",");
    expect(allowed).toEqual(
      expect.arrayContaining(["rid", "fdi-version", "anti-csrf", "st-auth-mode", "authorization"]),
    );
    expect(app.warnings).toEqual([]);
  });

  it("T8, G-06, G-53: an event stream has its cookie in the head; a change after that is refused before the store", async () => {
    const late: unknown[] = [];
    app = await startApp(make, (routes, session) => {
      routes.get("/events", session.verifySession(), async (req, res, next) => {
        try {
          const found = session.of(req);
          await found?.mergeIntoAccessTokenPayload({ streaming: true });
          res.setHeader("content-type", "text/event-stream");
          res.write("data: 1\n\n");
          await Promise.all(
            [
              () => found?.mergeIntoAccessTokenPayload({ late: true }),
              () => session.createNewSession(req, res, "user-2"),
              () => session.refreshSession(req, res),
            ].map((change) => Promise.resolve(change()).catch((error: unknown) => late.push(error))),
          );
          res.end("data: 2\n\n");
        } catch (error) {
          next(error);
        }
      });
    });
    const browser = await app.signedIn();
    const answer = await browser.get("/events");
    expect(answer).toMatchObject({ status: 200, body: "data: 1\n\ndata: 2\n\n", isComplete: true });
    expect(answer.cookieNames).toEqual(["sAccessToken"]);
    expect(late.map((error) => SessionError.is(error) && [error.type, error.status])).toEqual(
      Array(3).fill(["RESPONSE_COMMITTED", 500]),
    );
    const [handle, ...others] = await app.session.getAllSessionHandlesForUser("user-1");
    expect(others).toEqual([]);
    const stored = await app.session.getSessionInformation(handle ?? "");
    expect(stored?.customClaimsInAccessTokenPayload).toMatchObject({ streaming: true });
    expect(stored?.customClaimsInAccessTokenPayload).not.toHaveProperty("late");
    expect(await app.session.getAllSessionHandlesForUser("user-2")).toEqual([]);
  });

  it("G-53: chunks arrive as they are written, not at the end", async () => {
    let finish = (): void => {};
    app = await startApp(make, (routes, session) => {
      routes.get("/stream", session.verifySession(), (_req, res) => {
        res.write("first");
        finish = () => res.end("last");
      });
    });
    const cookie = `sAccessToken=${(await app.signedIn()).cookies.get("sAccessToken")}`;
    const text = await new Promise((resolve, reject) => {
      const req = request(`${app.origin}/stream`, { headers: { cookie }, agent: false }, (res) => {
        let received = "";
        // Only what has arrived lets the handler go on: a buffered first chunk would hang here.
        res.once("data", () => finish());
        res.on("data", (chunk) => {
          received += String(chunk);
        });
        res.on("end", () => resolve(received));
      });
      req.on("error", reject);
      req.end();
    });
    expect(text).toBe("firstlast");
  });

  it("a client that goes away while its session is being looked up harms nobody", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = (): void => {};
    const inStore = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    app = await startApp(make, (routes, session) => {
      routes.get("/x", session.verifySession({ checkDatabase: true }), (_req, res) => {
        res.json({});
      });
    });
    const browser = await app.signedIn();
    const original = app.store.getSession.bind(app.store);
    app.store.getSession = async (...args) => {
      arrived();
      await held;
      return original(...args);
    };
    const cookie = `sAccessToken=${browser.cookies.get("sAccessToken")}`;
    const req = request(`${app.origin}/x`, { headers: { cookie }, agent: false });
    const gone = new Promise((resolve) => req.on("error", resolve));
    req.end();
    await inStore;
    req.destroy();
    await gone;
    release();
    expect((await browser.get("/x")).status).toBe(200);
    expect(app.errors).toEqual([]);
  });
});
