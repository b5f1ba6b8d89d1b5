import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../support/wire.js";
import { app as claims } from "./claims.js";
import { app as getSession } from "./get-session.js";
import { app as optionalSession } from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";
import { verifySession } from "./verify-session.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The snippet between our middleware and our error handler, as the seed page has it, and a login. */
async function serve(snippet: Express): Promise<Browser> {
  const app = express();
  app.use(Session.middleware());
  app.post("/login/:userId", async (req, res, next) => {
    Session.createNewSession(req, res, req.params.userId).then(() => res.json({}), next);
  });
  app.use(snippet);
  app.use(Session.errorHandler());
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

beforeAll(async () => {
  await UserRoles.createNewRoleOrAddPermissions("admin", ["edit"]);
  await UserRoles.addRoleToUser("public", "alice", "admin");
});

describe("the seed page's code, with Session from the application's own file", () => {
  it("getSession", async () => {
    const browser = await serve(getSession);
    expect(await browser.post("/like-comment")).toMatchObject({
      status: 401,
      body: '{"message":"unauthorised"}',
    });
    await browser.post("/login/bob");
    expect((await browser.post("/like-comment")).json).toEqual({ userId: "bob" });
    clock.nowMs += 3_600_001;
    expect(await browser.post("/like-comment")).toMatchObject({
      status: 401,
      body: '{"message":"try refresh token"}',
    });
    expect((await browser.post("/auth/session/refresh")).status).toBe(200);
    expect((await browser.post("/like-comment")).json).toEqual({ userId: "bob" });
  });

  it("getSession with sessionRequired: false", async () => {
    const browser = await serve(optionalSession);
    expect((await browser.post("/like-comment")).json).toEqual({ userId: null });
    await browser.post("/login/bob");
    expect((await browser.post("/like-comment")).json).toEqual({ userId: "bob" });
    clock.nowMs += 3_600_001;
    expect((await browser.post("/like-comment")).status).toBe(401);
  });

  it("getSession with a claim validator", async () => {
    const browser = await serve(claims);
    await browser.post("/login/bob");
    const denied = await browser.post("/like-comment");
    expect(denied.status).toBe(403);
    expect(denied.json).toMatchObject({
      message: "invalid claim",
      claimValidationErrors: [{ id: "st-role" }],
    });
    await browser.post("/login/alice");
    expect((await browser.post("/like-comment")).json).toEqual({ userId: "alice" });
  });

  describe("a verifySession of one's own", () => {
    it("lets a session through, and answers the four types of error in the default way", async () => {
      const app = express();
      const guarded: express.RequestHandler = (req, res) => {
        res.json({
          userId: (req as object as { session?: { getUserId(): string } }).session?.getUserId() ?? null,
        });
      };
      app.get("/required", verifySession(), guarded);
      app.get("/optional", verifySession({ sessionRequired: false }), guarded);
      const includesAdmin = UserRoles.UserRoleClaim.validators.includes("admin");
      app.get(
        "/admin",
        verifySession({ overrideGlobalClaimValidators: (all) => [...all, includesAdmin] }),
        guarded,
      );
      app.get(
        "/theft",
        verifySession({
          overrideGlobalClaimValidators(_all, session) {
            throw new Session.Error({
              type: Session.Error.TOKEN_THEFT_DETECTED,
              message: "found by the application",
              payload: { sessionHandle: session.getHandle(), userId: "bob", recipeUserId: "bob" },
            });
          },
        }),
        guarded,
      );
      app.get(
        "/broken",
        verifySession({
          overrideGlobalClaimValidators() {
            throw Object.assign(new Error("the application's"), { status: 418 });
          },
        }),
        guarded,
      );
      const browser = await serve(app);
      expect((await browser.get("/required")).body).toBe('{"message":"unauthorised"}');
      expect((await browser.get("/optional")).json).toEqual({ userId: null });
      await browser.post("/login/bob");
      expect((await browser.get("/required")).json).toEqual({ userId: "bob" });
      expect((await browser.get("/optional")).json).toEqual({ userId: "bob" });
      expect((await browser.get("/admin")).json).toMatchObject({ message: "invalid claim" });
      expect((await browser.get("/broken")).status).toBe(418);
      clock.nowMs += 3_600_001;
      const expired = await browser.get("/required");
      expect([expired.status, expired.body, expired.cookieNames]).toEqual([
        401,
        '{"message":"try refresh token"}',
        [],
      ]);
      await browser.post("/auth/session/refresh");
      const theft = await browser.get("/theft");
      expect([theft.status, theft.body]).toEqual([401, '{"message":"token theft detected"}']);
      expect([...browser.cookies.keys()]).toEqual([]);
    });
  });
});
