import { type Emulator, startEmulator } from "@acme/lambda-emulator";
import type { LambdaEvent } from "@acme/session-aws-lambda";
import { WireClient } from "@acme/session-conformance";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { handler as claims } from "./claims.js";
import { handler as getSession } from "./get-session.js";
import { handler as optionalSession } from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";

const running: Emulator[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

const login = Session.middleware(async (event: LambdaEvent) => {
  await Session.createNewSession(event, event, event.rawPath?.split("/").at(-1) ?? "");
  return { statusCode: 200, body: "{}" };
});

/** The snippet as one function, a login as another. */
async function serve(snippet: typeof getSession): Promise<WireClient> {
  const emulator = await startEmulator("http-2.0", (event: LambdaEvent, context: unknown) =>
    event.rawPath?.startsWith("/login/") ? login(event, context) : snippet(event, context),
  );
  running.push(emulator);
  return new WireClient(emulator.origin);
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
