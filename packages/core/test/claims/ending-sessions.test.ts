import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/store/memory-store.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { startApp } from "../support/http-app.js";

/** More than three pages of users, and more than the limit of what is pushed. */
const HOLDERS = 330;
const REVOKE = { revokeSessions: true } as const;

async function staff(options: Parameters<typeof createUserRoles>[0] = {}) {
  const roles = createUserRoles({ maxPushedSessions: 10, ...options });
  const app = await startApp({ plugins: [roles] });
  await roles.createNewRoleOrAddPermissions("admin", ["edit", "ban"]);
  const users = Array.from({ length: HOLDERS }, (_, index) => `user-${index}`);
  for (const user of users) {
    await roles.addRoleToUser("public", user, "admin");
    await app.session.createNewSessionWithoutRequestResponse(user);
  }
  await app.session.createNewSessionWithoutRequestResponse("visitor");
  /** Users who are still signed in. */
  const signedIn = async (): Promise<string[]> => {
    const { rows } = await app.store.scanSessions(undefined, 10_000);
    return [...new Set(rows.map(({ userId }) => userId))];
  };
  /** The database goes away once so many users have been signed out. */
  const failAfter = (revocations: number): void => {
    let left = revocations;
    app.store.fail = (operation) =>
      operation === "deleteSessionsOfUser" && --left < 0 ? "before" : undefined;
  };
  return { roles, app, users, signedIn, failAfter };
}

describe("a demotion that ends sessions reaches everybody, or says that it did not", () => {
  it.each([
    ["a permission is taken away", "removePermissionsFromRole", ["ban"]],
    ["all permissions are taken away", "removeAllPermissionsFromRole", undefined],
    ["other parents", "setRoleInheritance", []],
  ] as const)(
    "%s: no live session of a holder remains, above the limit of a push too",
    async (_, name, argument) => {
      const { roles, app, signedIn } = await staff();
      const change = () =>
        name === "removeAllPermissionsFromRole"
          ? roles[name]("admin", undefined, REVOKE)
          : roles[name]("admin", [...argument], undefined, REVOKE);
      expect(await change()).toEqual({ status: "OK", propagated: true, updatedSessions: HOLDERS });
      expect(await signedIn()).toEqual(["visitor"]);
      await app.close();
    },
  );

  it("a deleted role: its holders and those of roles that inherit from it are signed out, nobody else", async () => {
    const { roles, app, signedIn } = await staff();
    await roles.createNewRoleOrAddPermissions("owner", ["sell"]);
    await roles.setRoleInheritance("owner", ["admin"], undefined, { propagate: false });
    await roles.addRoleToUser("t1", "boss", "owner");
    await app.session.createNewSessionWithoutRequestResponse({ userId: "boss", tenantId: "t1" });
    const progress: number[] = [];
    const done = await roles.deleteRole("admin", undefined, {
      revokeSessions: true,
      onProgress: ({ updatedSessions }) => void progress.push(updatedSessions),
    });
    expect(done).toEqual({
      status: "OK",
      didRoleExist: true,
      propagated: true,
      updatedSessions: HOLDERS + 1,
    });
    expect(progress.length).toBeGreaterThan(3);
    expect(await signedIn()).toEqual(["visitor"]);
    expect(await roles.getRolesForUser("public", "user-0")).toEqual({ status: "OK", roles: [] });
    expect(await roles.getInheritedRoles("owner")).toEqual({ status: "OK", inherits: [] });
    expect(await roles.getRolesForUser("t1", "boss")).toEqual({ status: "OK", roles: ["owner"] });
    await app.close();
  });

  it("whoever signs in again while a role is being deleted does not keep it", async () => {
    const { roles, app, signedIn } = await staff();
    let again = false;
    await roles.deleteRole("admin", undefined, {
      revokeSessions: true,
      onProgress: () => {
        if (again) return;
        again = true;
        for (const user of ["user-0", "user-9"])
          void app.session.createNewSessionWithoutRequestResponse(user);
      },
    });
    const { rows } = await app.store.scanSessions(undefined, 10_000);
    expect(rows.filter(({ accessTokenPayloadJson }) => accessTokenPayloadJson.includes("admin"))).toEqual([]);
    expect(await signedIn()).toContain("visitor");
    await app.close();
  });

  it.each(["deleteRole", "removeAllPermissionsFromRole"] as const)(
    "%s: a store that fails in the middle is an error, and the same call again finishes it",
    async (name) => {
      const { roles, app, signedIn, failAfter } = await staff();
      failAfter(150);
      await expect(roles[name]("admin", undefined, REVOKE)).rejects.toMatchObject({
        type: "STORE_UNAVAILABLE",
        message: expect.stringContaining("the same call again"),
        cause: expect.anything(),
      });
      const left = await signedIn();
      expect(left.length).toBeGreaterThan(100);
      app.store.fail = undefined;
      expect(await roles[name]("admin", undefined, REVOKE)).toMatchObject({
        status: "OK",
        propagated: true,
        updatedSessions: left.length - 1,
      });
      expect(await signedIn()).toEqual(["visitor"]);
      await app.close();
    },
  );

  it("one user: a revocation that fails is an error, and the same call again ends the sessions", async () => {
    const { roles, app, signedIn, failAfter } = await staff();
    for (const [index, demote] of [
      () => roles.removeUserRole("public", "user-0", "admin", undefined, REVOKE),
      () => roles.removeAllRolesOfUser("user-1", "public", undefined, REVOKE),
    ].entries()) {
      failAfter(0);
      await expect(demote()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
      app.store.fail = undefined;
      expect(await demote()).toMatchObject({ status: "OK", propagated: true, updatedSessions: 1 });
      expect(await signedIn()).not.toContain(`user-${index}`);
    }
    await app.close();
  });

  it("users behind one whose sessions could not be ended are signed out all the same", async () => {
    const { roles, app, signedIn } = await staff();
    let calls = 0;
    app.store.fail = (operation) =>
      operation === "deleteSessionsOfUser" && ++calls === 1 ? "before" : undefined;
    await expect(roles.deleteRole("admin", undefined, REVOKE)).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("of 1 of the users concerned (99 were ended)"),
    });
    // A page of a hundred, of whom one was not reached.
    expect(await signedIn()).toHaveLength(HOLDERS - 99 + 1);
    await app.close();
  });

  it("one user in one tenant: his sessions there end also when he has the role already, and none elsewhere", async () => {
    const { roles, app } = await staff();
    await app.session.createNewSessionWithoutRequestResponse({ userId: "user-0", tenantId: "t1" });
    expect(await roles.addRoleToUser("public", "user-0", "admin", undefined, REVOKE)).toEqual({
      status: "OK",
      didUserAlreadyHaveRole: true,
      propagated: true,
      updatedSessions: 1,
    });
    expect(await app.session.getAllSessionHandlesForUser("user-0", "public")).toEqual([]);
    expect(await app.session.getAllSessionHandlesForUser("user-0", "t1")).toHaveLength(1);
    await app.close();
  });

  it("users of every instance that the roles serve are signed out", async () => {
    const roles = createUserRoles({ store: new MemoryStore() });
    const apps = await Promise.all([1, 2].map(() => startApp({ plugins: [roles] })));
    await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
    await roles.addRoleToUser("public", "u", "admin");
    for (const { session } of apps) await session.createNewSessionWithoutRequestResponse("u");
    expect(await roles.removeUserRole("public", "u", "admin", undefined, REVOKE)).toMatchObject({
      updatedSessions: 2,
    });
    for (const app of apps) {
      expect(await app.session.getAllSessionHandlesForUser("u")).toEqual([]);
      await app.close();
    }
  });

  it("roles without an instance refuse to end sessions before anything is changed", async () => {
    const roles = createUserRoles({ store: new MemoryStore() });
    await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
    await roles.addRoleToUser("public", "u", "admin");
    for (const demote of [
      () => roles.deleteRole("admin", undefined, REVOKE),
      () => roles.removePermissionsFromRole("admin", ["edit"], undefined, REVOKE),
      () => roles.removeUserRole("public", "u", "admin", undefined, REVOKE),
      () => roles.removeAllRolesOfUser("u", undefined, undefined, REVOKE),
    ]) {
      await expect(demote()).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
    expect(await roles.getRolesForUser("public", "u")).toEqual({ status: "OK", roles: ["admin"] });
    expect(await roles.getPermissionsForRole("admin")).toEqual({ status: "OK", permissions: ["edit"] });
  });

  it("an override that drops `endSessions` is told so", async () => {
    const { roles, app } = await staff({
      override: {
        functions: (original) => ({
          ...original,
          deleteRole: ({ role, userContext }) => original.deleteRole({ role, userContext }),
        }),
      },
    });
    await expect(roles.deleteRole("admin", undefined, REVOKE)).rejects.toThrow("endSessions");
    await app.close();
  });
});

describe("a push", () => {
  it("of a deletion says that it stopped at its limit, though none of those it reached was signed in", async () => {
    const roles = createUserRoles({ maxPushedSessions: 10 });
    const app = await startApp({ plugins: [roles] });
    await roles.createNewRoleOrAddPermissions("admin", []);
    for (let index = 0; index < 12; index += 1) {
      await roles.addRoleToUser("public", `user-${10 + index}`, "admin");
    }
    await app.session.createNewSessionWithoutRequestResponse("user-21");
    expect(await roles.deleteRole("admin")).toMatchObject({
      didRoleExist: true,
      propagated: false,
      updatedSessions: 0,
    });
    await app.close();
  });

  it("goes on when `onProgress` throws or rejects", async () => {
    const { roles, app } = await staff({ maxPushedSessions: 1_000 });
    for (const onProgress of [
      () => {
        throw new Error("progress bar");
      },
      async () => {
        throw new Error("progress bar");
      },
    ]) {
      expect(
        await roles.removePermissionsFromRole("admin", ["ban"], undefined, { onProgress }),
      ).toMatchObject({ propagated: true, updatedSessions: HOLDERS });
    }
    await app.close();
  });
});
