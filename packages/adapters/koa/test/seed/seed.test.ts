import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import Koa from "koa";
import KoaRouter from "koa-router";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { router as claims } from "./claims.js";
import { router as getSession } from "./get-session.js";
import { router as optionalSession } from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The snippet behind our middleware, and a login. */
async function serve(snippet: KoaRouter): Promise<WireClient> {
  const app = new Koa();
  const login = new KoaRouter();
  login.post("/login/:userId", async (ctx) => {
    await Session.createNewSession(ctx, ctx, ctx.params.userId ?? "");
    ctx.body = {};
  });
  app.use(Session.middleware());
  app.use(login.routes());
  app.use(snippet.routes());
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return new WireClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

beforeAll(async () => {
  await UserRoles.createNewRoleOrAddPermissions("admin", ["edit"]);
  await UserRoles.addRoleToUser("public", "alice", "admin");
});

describe("the seed page's code, with Session from the application's own file", () => {
  it("getSession", async () => {
    const user = await serve(getSession);
    const anonymous = await user.post("/like-comment", {});
    expect([anonymous.status, anonymous.body]).toEqual([401, '{"message":"unauthorised"}']);
    await user.post("/login/bob", {});
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: "bob" });
    clock.nowMs += 3_600_001;
    const expired = await user.post("/like-comment", {});
    expect([expired.status, expired.body]).toEqual([401, '{"message":"try refresh token"}']);
    expect((await user.refresh()).status).toBe(200);
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: "bob" });
  });

  it("getSession with sessionRequired: false", async () => {
    const user = await serve(optionalSession);
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: null });
    await user.post("/login/bob", {});
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: "bob" });
  });

  it("getSession with a claim validator", async () => {
    const user = await serve(claims);
    await user.post("/login/bob", {});
    const denied = await user.post("/like-comment", {});
    expect(denied.status).toBe(403);
    expect(denied.json).toMatchObject({
      message: "invalid claim",
      claimValidationErrors: [{ id: "st-role" }],
    });
    await user.post("/login/alice", {});
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: "alice" });
  });
});
