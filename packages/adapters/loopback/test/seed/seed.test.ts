import { WireClient } from "@acme/session-conformance";
import { type Constructor, inject } from "@loopback/core";
import { type MiddlewareContext, param, post, RestApplication, RestBindings } from "@loopback/rest";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { LikeComment as Claims } from "./claims.js";
import { LikeComment as GetSession } from "./get-session.js";
import { LikeComment as OptionalSession } from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

class Login {
  constructor(@inject(RestBindings.Http.CONTEXT) private readonly ctx: MiddlewareContext) {}

  @post("/login/{userId}")
  async login(@param.path.string("userId") userId: string) {
    await Session.createNewSession(this.ctx, this.ctx, userId);
    return {};
  }
}

/** The snippet's controller behind our middleware, and a login. */
async function serve(snippet: Constructor<object>): Promise<WireClient> {
  const app = new RestApplication({
    shutdown: { signals: [] },
    rest: { port: 0, host: "127.0.0.1", gracePeriodForClose: 0, cors: { origin: false } },
  });
  app.bind(RestBindings.SequenceActions.LOG_ERROR).to(() => {});
  app.middleware(Session.middleware());
  app.controller(Login);
  app.controller(snippet);
  await app.start();
  closing.push(() => {
    app.restServer.httpServer?.server.closeAllConnections();
    return app.stop();
  });
  return new WireClient(new URL(app.restServer.url ?? "").origin);
}

beforeAll(async () => {
  await UserRoles.createNewRoleOrAddPermissions("admin", ["edit"]);
  await UserRoles.addRoleToUser("public", "alice", "admin");
});

describe("the seed page's code, with Session from the application's own file", () => {
  it("getSession", async () => {
    const user = await serve(GetSession);
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
    const user = await serve(OptionalSession);
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: null });
    await user.post("/login/bob", {});
    expect((await user.post("/like-comment", {})).json).toEqual({ userId: "bob" });
  });

  it("getSession with a claim validator", async () => {
    const user = await serve(Claims);
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
