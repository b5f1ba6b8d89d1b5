import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grantCovers } from "../../src/claims/grants.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { createUserRoles, definePermissions, type RolePropagation } from "../../src/user-roles/index.js";
import { startApp } from "../support/http-app.js";
import { SpyStore } from "../support/spy-store.js";

const fresh = () => createUserRoles({ store: new MemoryStore() });

describe("roles and permissions", () => {
  it("V-41: an empty list removes nothing; a missing one is refused, and would not wipe the role (O-24)", async () => {
    const roles = fresh();
    await roles.createNewRoleOrAddPermissions("editor", ["read", "write"]);
    expect(await roles.removePermissionsFromRole("editor", [])).toMatchObject({ status: "OK" });
    for (const missing of [undefined, null, "all", "read"]) {
      await expect(
        (async () => roles.removePermissionsFromRole("editor", missing as unknown as string[]))(),
      ).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
    expect(await roles.getPermissionsForRole("editor")).toEqual({
      status: "OK",
      permissions: ["read", "write"],
    });
    expect(await roles.removeAllPermissionsFromRole("editor")).toMatchObject({ status: "OK" });
    expect(await roles.getPermissionsForRole("editor")).toEqual({ status: "OK", permissions: [] });
  });

  it("V-42: assigning twice, an unknown role, an unknown user", async () => {
    const roles = fresh();
    await roles.createNewRoleOrAddPermissions("admin", []);
    expect(await roles.addRoleToUser("public", "nobody-knows", "admin")).toMatchObject({
      status: "OK",
      didUserAlreadyHaveRole: false,
    });
    expect(await roles.addRoleToUser("public", "nobody-knows", "admin")).toEqual({
      status: "OK",
      didUserAlreadyHaveRole: true,
    });
    expect(await roles.addRoleToUser("public", "u", "unknown")).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    expect(await roles.removeUserRole("public", "u", "unknown")).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    expect(await roles.removeUserRole("public", "u", "admin")).toEqual({
      status: "OK",
      didUserHaveRole: false,
    });
    expect(await roles.getRolesForUser("public", "u")).toEqual({ status: "OK", roles: [] });
    expect(await roles.getUsersThatHaveRole("public", "unknown")).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    expect(await roles.getUsersThatHaveRole("public", "admin")).toEqual({
      status: "OK",
      users: ["nobody-knows"],
    });
    expect(await roles.getPermissionsForRole("unknown")).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    expect(await roles.removePermissionsFromRole("unknown", [])).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    expect(await roles.getRolesThatHavePermission("unknown")).toEqual({ status: "OK", roles: [] });
  });

  it("V-43: a deleted role is gone with its permissions and its assignments in all tenants", async () => {
    const roles = fresh();
    await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
    for (const tenant of ["t1", "t2"]) await roles.addRoleToUser(tenant, "u", "admin");
    expect(await roles.deleteRole("admin")).toMatchObject({ status: "OK", didRoleExist: true });
    expect(await roles.deleteRole("admin")).toEqual({ status: "OK", didRoleExist: false });
    for (const tenant of ["t1", "t2"]) {
      expect(await roles.getRolesForUser(tenant, "u")).toEqual({ status: "OK", roles: [] });
    }
    expect(await roles.getRolesThatHavePermission("edit")).toEqual({ status: "OK", roles: [] });
    expect(await roles.getAllRoles()).toEqual({ status: "OK", roles: [] });
  });

  it("names are trimmed, may not be empty and keep their case; ids are not trimmed; lists are sorted (O-25)", async () => {
    const roles = fresh();
    expect(await roles.createNewRoleOrAddPermissions("  admin ", [" b", "a "])).toMatchObject({
      createdNewRole: true,
    });
    expect(await roles.createNewRoleOrAddPermissions("admin")).toMatchObject({ createdNewRole: false });
    await roles.createNewRoleOrAddPermissions("Admin");
    expect(await roles.getAllRoles()).toEqual({ status: "OK", roles: ["Admin", "admin"] });
    expect(await roles.getPermissionsForRole("admin")).toEqual({ status: "OK", permissions: ["a", "b"] });
    await roles.addRoleToUser("public", " u ", "admin");
    expect(await roles.getUsersThatHaveRole("public", "admin")).toEqual({ status: "OK", users: [" u "] });
    for (const wrong of ["", "  ", "x".repeat(256), undefined, 1]) {
      await expect(roles.getPermissionsForRole(wrong as string)).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
      await expect(
        (async () => roles.createNewRoleOrAddPermissions(wrong as string))(),
      ).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
    await expect(roles.createNewRoleOrAddPermissions("r", ["po*"])).rejects.toThrow(/whole segment/);
  });

  it("pages hold what they are asked for, and the last one says so (O-26)", async () => {
    const roles = fresh();
    for (const name of ["a", "b", "c"]) {
      await roles.createNewRoleOrAddPermissions(name);
      await roles.addRoleToUser("public", `u-${name}`, "a");
    }
    expect(await roles.listRoles({ limit: 2 })).toEqual({ status: "OK", items: ["a", "b"], nextCursor: "b" });
    expect(await roles.listRoles({ limit: 2, cursor: "b" })).toEqual({ status: "OK", items: ["c"] });
    expect(await roles.listRoles({ limit: 3 })).toEqual({ status: "OK", items: ["a", "b", "c"] });
    expect(await roles.listUsersThatHaveRole("public", "a", { limit: 1, cursor: "u-a" })).toEqual({
      status: "OK",
      items: ["u-b"],
      nextCursor: "u-b",
    });
    expect(await roles.listUsersThatHaveRole("public", "zzz")).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
    await expect(roles.listRoles({ limit: 0 })).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
  });

  it.each([
    ["posts:read", "posts:read", true],
    ["posts:read", "posts:write", false],
    ["*", "anything:at:all", true],
    ["posts:*", "posts:read", true],
    ["posts:*", "posts:comments:read", true],
    ["posts:*", "posts", false],
    ["posts:*:read", "posts:comments:read", true],
    ["posts:*:read", "posts:a:b:read", false],
    ["posts:*:*", "posts:a", false],
    ["*:read", "posts:read", true],
    ["*:read", "posts:comments:read", false],
  ])("the grant %s covers %s: %s (O-43)", (granted, permission, covers) => {
    expect(grantCovers(granted, permission)).toBe(covers);
  });

  it("without a catalogue a pattern stays as it is, and is matched here; a required pattern is refused", async () => {
    const roles = createUserRoles();
    const warnings: string[] = [];
    const app = await startApp({
      plugins: [roles],
      logger: { debug: () => {}, info: () => {}, warn: (message) => warnings.push(message) },
    });
    await roles.createNewRoleOrAddPermissions("writer", ["posts:*"]);
    await roles.addRoleToUser("public", "u", "writer");
    const session = await app.session.createNewSessionWithoutRequestResponse("u");
    await app.session.createNewSessionWithoutRequestResponse("u");
    expect(session.claims.get(roles.PermissionClaim)).toEqual(["posts:*"]);
    await session.assertClaims([roles.PermissionClaim.validators.includes("posts:read")]);
    await expect(
      session.assertClaims([roles.PermissionClaim.validators.excludes("posts:x")]),
    ).rejects.toMatchObject({
      type: "INVALID_CLAIMS",
    });
    expect(() => roles.PermissionClaim.validators.includes("posts:*")).toThrow(/literal/);
    expect(() => roles.PermissionClaim.validators.includesAny(["a", "*"])).toThrow(/literal/);
    expect(warnings.filter((warning) => warning.includes("catalogue"))).toHaveLength(1);
    expect(() => definePermissions(["a:*"])).toThrow(/not patterns/);
    await app.close();
  });

  it("roles inherit; st-role holds the assigned ones, or all of them", async () => {
    for (const roleClaim of ["direct", "effective"] as const) {
      const roles = createUserRoles({ roleClaim });
      const app = await startApp({ plugins: [roles] });
      await roles.createNewRoleOrAddPermissions("reader", ["read"]);
      await roles.createNewRoleOrAddPermissions("writer", ["write"]);
      expect(await roles.setRoleInheritance("writer", ["reader"])).toMatchObject({ status: "OK" });
      expect(await roles.setRoleInheritance("reader", ["writer"])).toEqual({ status: "CYCLE_ERROR" });
      expect(await roles.setRoleInheritance("reader", ["unknown"])).toEqual({ status: "UNKNOWN_ROLE_ERROR" });
      expect(await roles.getInheritedRoles("writer")).toEqual({ status: "OK", inherits: ["reader"] });
      await roles.addRoleToUser("public", "u", "writer");
      const session = await app.session.createNewSessionWithoutRequestResponse("u");
      expect(session.claims.get(roles.UserRoleClaim)).toEqual(
        roleClaim === "direct" ? ["writer"] : ["reader", "writer"],
      );
      expect(session.claims.get(roles.PermissionClaim)).toEqual(["read", "write"]);
      await app.close();
    }
  });

  it("each tenant has assignments of its own, and the session's tenant decides", async () => {
    const roles = createUserRoles();
    const app = await startApp({ plugins: [roles] });
    await roles.createNewRoleOrAddPermissions("admin", []);
    await roles.addRoleToUser("t1", "u", "admin");
    const inTenant = async (tenantId: string) =>
      (await app.session.createNewSessionWithoutRequestResponse({ userId: "u", tenantId })).has({
        role: "admin",
      });
    expect([await inTenant("t1"), await inTenant("t2"), await inTenant("public")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await roles.removeAllRolesOfUser("u")).toMatchObject({ status: "OK", removedCount: 1 });
    await app.close();
  });

  it("a store without roles is refused at the start, with what to write instead", async () => {
    const store: SessionStore = Object.assign(new MemoryStore(), { roles: undefined });
    await expect(startApp({ plugins: [createUserRoles()], store: store as never })).rejects.toMatchObject({
      type: "INVALID_OPTION",
      message: expect.stringContaining("the memory store keeps no roles; give `createUserRoles({ store })`"),
    });
    const app = await startApp({
      plugins: [createUserRoles({ store: new MemoryStore().roles })],
      store: store as never,
    });
    await app.close();
    await expect(createUserRoles().getAllRoles()).rejects.toThrow(/roles have no store yet/);
    for (const [option, value] of [
      ["propagation", "quick"],
      ["permissions", ["a"]],
      ["permissionMode", "cookie"],
      ["roleClaim", "all"],
      ["maxPushedSessions", -1],
      ["skipAddingRoles", true],
    ] as const) {
      expect(() => createUserRoles({ [option]: value } as never)).toThrow(`createUserRoles.${option}`);
    }
  });

  it("a role store that does not answer is a 503, never a user without roles", async () => {
    const store = new MemoryStore();
    const roles = createUserRoles({ propagation: "epoch" });
    const app = await startApp({ plugins: [roles], store: store as never });
    const client = app.client();
    await client.send("POST", "/login");
    store.roles.readAuthorizationVersion = async () => {
      throw new Error("connection refused to 10.0.0.1 by user secret");
    };
    const answer = await client.send("GET", "/me");
    expect([answer.status, answer.json]).toEqual([503, { message: "session store unavailable" }]);
    expect(answer.header("retry-after")).toBe("1");
    await app.close();
  });

  it("functions can be replaced", async () => {
    const roles = createUserRoles({
      store: new MemoryStore(),
      override: {
        functions: (original) => ({
          ...original,
          getRolesForUser: async () => ({ status: "OK", roles: ["from-elsewhere"] }),
        }),
      },
    });
    expect(await roles.getRolesForUser("public", "u")).toEqual({ status: "OK", roles: ["from-elsewhere"] });
  });
});

it("as many permissions fit into a token as docs/claims.md says (O-45)", async () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/claims.md"), "utf8");
  expect(guide).toContain("100 permissions of 20 characters fit (150 of 12, 70 of 30)");
  for (const [length, fitting] of [
    [20, 100],
    [12, 150],
    [30, 70],
  ] as const) {
    for (const [count, fits] of [
      [fitting, true],
      [fitting + 10, false],
    ] as const) {
      const roles = createUserRoles();
      const app = await startApp({ plugins: [roles] });
      const permissions = Array.from({ length: count }, (_, index) => String(index).padStart(length, "p"));
      await roles.createNewRoleOrAddPermissions("admin", permissions);
      await roles.addRoleToUser("public", "6f1c2a34-0d6e-4d8b-9a51-3c2f7e9b8a10", "admin");
      const made = app.session
        .createNewSessionWithoutRequestResponse("6f1c2a34-0d6e-4d8b-9a51-3c2f7e9b8a10")
        .then(() => true)
        .catch((error: { type: string }) => error.type);
      expect(await made).toBe(fits ? true : "PAYLOAD_TOO_LARGE");
      const warned = app.events.filter(({ type }) => type === "token_large");
      expect(warned).toMatchObject(fits ? [{ largestClaims: ["st-perm", "st-role", "iss"] }] : []);
      await app.close();
    }
  }
});

describe("propagation", () => {
  async function live(options: Parameters<typeof createUserRoles>[0] = {}, sessions = 3) {
    const roles = createUserRoles(options);
    const app = await startApp({ plugins: [roles] });
    await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
    const made = [];
    for (let index = 0; index < sessions; index++) {
      made.push((await app.session.createNewSessionWithoutRequestResponse("u")).getHandle());
    }
    const valueIn = async (handle: string) => {
      const found = await app.session.getClaimValue(handle, roles.UserRoleClaim);
      return found.status === "OK" ? found.value : undefined;
    };
    return { roles, app, handles: made, valueIn };
  }

  it("a change of one user's roles is written to all his sessions of that tenant", async () => {
    const { roles, app, handles, valueIn } = await live({}, 20);
    const elsewhere = await app.session.createNewSessionWithoutRequestResponse({
      userId: "u",
      tenantId: "t1",
    });
    app.clock.advanceMs(1);
    expect(await roles.addRoleToUser("public", "u", "admin")).toEqual({
      status: "OK",
      didUserAlreadyHaveRole: false,
      propagated: true,
      updatedSessions: 20,
    });
    for (const handle of handles) expect(await valueIn(handle)).toEqual(["admin"]);
    expect(await valueIn(elsewhere.getHandle())).toEqual([]);
    await app.close();
  });

  it("a change of a role is written to the sessions of everybody concerned; above the limit it says so", async () => {
    const { roles, app } = await live({ maxPushedSessions: 4 });
    for (const user of ["u", "v"]) await roles.addRoleToUser("public", user, "admin");
    const progress: number[] = [];
    const onProgress = ({ updatedSessions }: { updatedSessions: number }): void =>
      void progress.push(updatedSessions);
    const done = await roles.createNewRoleOrAddPermissions("admin", ["more"], undefined, { onProgress });
    expect(done).toMatchObject({ propagated: true, updatedSessions: 3 });
    expect(progress).toEqual([3, 3]);
    for (let index = 0; index < 2; index++) await app.session.createNewSessionWithoutRequestResponse("v");
    const cut = await roles.createNewRoleOrAddPermissions("admin", ["even more"]);
    expect(cut).toMatchObject({ status: "OK", propagated: true, updatedSessions: 5 });
    for (const user of ["w", "x"]) {
      await roles.addRoleToUser("public", user, "admin");
      await app.session.createNewSessionWithoutRequestResponse(user);
    }
    expect(await roles.createNewRoleOrAddPermissions("admin", ["too much"])).toMatchObject({
      status: "OK",
      propagated: false,
      updatedSessions: 5,
    });
    await app.close();
  });

  it("per call: left alone, or ended", async () => {
    const { roles, app, handles, valueIn } = await live();
    const quiet = await roles.addRoleToUser("public", "u", "admin", undefined, { propagate: false });
    expect(quiet).toMatchObject({ propagated: false, updatedSessions: 0 });
    expect(await valueIn(handles[0] as string)).toEqual([]);
    const ended = await roles.removeUserRole("public", "u", "admin", undefined, { revokeSessions: true });
    expect(ended).toMatchObject({ didUserHaveRole: true, propagated: true, updatedSessions: 3 });
    expect(await app.session.getAllSessionHandlesForUser("u")).toEqual([]);
    await app.close();
  });

  it("a store that fails while sessions are changed does not undo the change, and is reported", async () => {
    const { roles, app, handles, valueIn } = await live();
    app.store.fail = (operation) => (operation === "updateAccessTokenPayload" ? "before" : undefined);
    expect(await roles.addRoleToUser("public", "u", "admin")).toMatchObject({
      status: "OK",
      propagated: false,
    });
    app.store.fail = undefined;
    expect(await roles.getRolesForUser("public", "u")).toEqual({ status: "OK", roles: ["admin"] });
    expect(await valueIn(handles[0] as string)).toEqual([]);
    await app.close();
  });

  it("claims that are not in every token are taken out, so that the next use fetches them", async () => {
    const { roles, app, handles } = await live({ skipAddingRolesToAccessToken: true });
    const handle = handles[0] as string;
    await app.session.fetchAndSetClaim(handle, roles.UserRoleClaim);
    app.clock.advanceMs(1);
    await roles.addRoleToUser("public", "u", "admin");
    expect(await app.session.getClaimValue(handle, roles.UserRoleClaim)).toEqual({
      status: "OK",
      value: undefined,
    });
    await app.close();
  });

  /** When a revoked role stops opening a route, and what a request and a change cost, counted. */
  async function measure(propagation: RolePropagation) {
    const store = new SpyStore();
    let roleReads = 0;
    for (const name of ["readAuthorization", "readAuthorizationVersion"] as const) {
      const original = store.roles[name].bind(store.roles) as (...args: [string, string]) => Promise<never>;
      store.roles[name] = (...args: [string, string]) => {
        roleReads += 1;
        return original(...args);
      };
    }
    const roles = createUserRoles({ propagation });
    const rule = roles.UserRoleClaim.validators.includes("admin");
    const app = await startApp(
      { plugins: [roles] },
      {
        "GET /admin": async (req, res, session) =>
          void (await session.getSession(req, res, { require: [rule] })),
        "GET /admin-checked": async (req, res, session) =>
          void (await session.getSession(req, res, { require: [rule], checkDatabase: true })),
      },
      { store },
    );
    try {
      await roles.createNewRoleOrAddPermissions("admin", []);
      await roles.addRoleToUser("public", "user-1", "admin");
      const client = app.client();
      await client.send("POST", "/login");
      app.clock.advanceMs(1);
      roleReads = 0;
      store.reset();
      expect((await client.send("GET", "/admin")).status).toBe(200);
      expect(store.sessionCalls).toEqual([]);
      const perRequest = roleReads;
      await roles.removeUserRole("public", "user-1", "admin");
      const perChange = store.writes.length;
      app.clock.advanceMs(1);
      const twin = client.copy();
      const isRefused = async (who: typeof client, path: string) =>
        (await who.send("GET", path)).status === 403;
      const enforced = (await isRefused(client, "/admin"))
        ? "the next request"
        : (await isRefused(twin, "/admin-checked"))
          ? "the next refresh; the next request where `checkDatabase` is set"
          : (await client.refresh()) && (await isRefused(client, "/admin"))
            ? "the next refresh"
            : "never by itself";
      return [enforced, `${perRequest}`, `${perChange}`];
    } finally {
      await app.close();
    }
  }

  it("each level takes effect when docs/claims.md says, and costs what it says", async () => {
    const guide = readFileSync(join(import.meta.dirname, "../../../../docs/claims.md"), "utf8");
    for (const level of ["none", "lazy", "refresh", "push", "epoch", "strict"] as const) {
      const row = guide.split("\n").find((line) => line.startsWith("|") && line.includes(`\`"${level}"\``));
      const cells = row?.split("|").map((cell) => cell.trim());
      expect([level, ...(cells?.slice(2, 5) ?? [])]).toEqual([level, ...(await measure(level))]);
    }
  });
});
