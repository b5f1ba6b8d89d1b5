import { afterEach, expect, it } from "vitest";
import { createUserRoles } from "../../src/user-roles/index.js";
import { startApp, type TestApp } from "../support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

it("the seed's code: a global override asks for a role, a role lets the user in", async () => {
  const UserRoles = createUserRoles();
  app = await startApp(
    { plugins: [UserRoles] },
    {
      "POST /like-comment": async (req, res, session) => {
        const found = await session.getSession(req, res, {
          overrideGlobalClaimValidators: async (globalValidators) => [
            ...globalValidators,
            UserRoles.UserRoleClaim.validators.includes("admin"),
          ],
        });
        return { userId: found.getUserId() };
      },
      "POST /edit": async (req, res, session) => {
        await session.getSession(req, res, {
          overrideGlobalClaimValidators: (globalValidators) => [
            ...globalValidators,
            UserRoles.PermissionClaim.validators.includes("edit"),
          ],
        });
      },
    },
  );
  const stranger = app.client();
  await stranger.send("POST", "/login");
  expect(stranger.front.up["st-role"]).toEqual({ v: [], t: app.clock.wallMs() });
  expect(stranger.front.up["st-perm"]).toEqual({ v: [], t: app.clock.wallMs() });
  const refused = await stranger.send("POST", "/like-comment");
  expect(refused.status).toBe(403);
  expect(refused.json).toEqual({
    message: "invalid claim",
    claimValidationErrors: [
      { id: "st-role", reason: { message: "wrong value", expectedToInclude: "admin", actualValue: [] } },
    ],
  });

  await UserRoles.createNewRoleOrAddPermissions("admin", ["edit"]);
  await UserRoles.addRoleToUser("public", "user-2", "admin");
  const admin = app.client();
  await admin.send("POST", "/login", {}, JSON.stringify({ userId: "user-2" }));
  expect((await admin.send("POST", "/like-comment")).json).toEqual({ userId: "user-2" });
  expect((await admin.send("POST", "/edit")).status).toBe(200);
});
