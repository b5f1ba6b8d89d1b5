import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import type { Server } from "@hapi/hapi";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { server as claims } from "./claims.js";
import { server as getSession } from "./get-session.js";
import { server as optionalSession } from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The snippet's server with our plugin and a login, on a free port instead of its own. */
async function serve(snippet: Server): Promise<WireClient> {
  await snippet.register(Session.plugin);
  snippet.route({
    method: "POST",
    path: "/login/{userId}",
    handler: async (request, h) => {
      await Session.createNewSession(request, h, String(request.params.userId));
      return {};
    },
  });
  await snippet.initialize();
  await new Promise<void>((resolve) => snippet.listener.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    snippet.listener.closeAllConnections();
    return new Promise((resolve) => snippet.listener.close(resolve));
  });
  return new WireClient(`http://127.0.0.1:${(snippet.listener.address() as AddressInfo).port}`);
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
