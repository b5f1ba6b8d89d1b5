import { type PrivateServer, startPrivateServer } from "@acme/servers";
import { bindSession } from "@acme/session-core/adapter";
import { createUserRoles, type RolePropagation } from "@acme/session-core/user-roles";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore } from "../src/index.js";
import { freshPrefix, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`roles in Redis (${missing ?? "real server"})`, () => {
  it("leave no key behind when roles and assignments are gone, but for the versions", async () => {
    const fresh = freshPrefix();
    const store = fresh.open();
    for (const role of ["base", "heir"]) await store.roles.grantPermissions(role, ["p", "q"]);
    await store.roles.setParents("heir", ["base"]);
    for (const tenant of ["t1", "t2"]) {
      for (const role of ["base", "heir"]) await store.roles.assignRole(tenant, "u", role);
    }
    await store.roles.unassignRole("t1", "u", "base");
    await store.roles.unassignAll("u", "t1");
    for (const role of ["heir", "base"]) expect(await store.roles.deleteRole(role)).toBe(true);
    const left = (await fresh.keys()).map((key) => key.slice(`{${fresh.keyPrefix}}:`.length));
    expect(left.sort()).toEqual(["role-clock", "user-versions"]);
    await store.close();
    await fresh.drop();
  });

  it("give no version a second time after a failover that has lost the last changes", async () => {
    const fresh = freshPrefix();
    const store = fresh.open();
    const client = new Redis(url);
    const key = (name: string) => `{${fresh.keyPrefix}}:${name}`;
    for (const role of ["a", "b"]) await store.roles.grantPermissions(role, [role]);
    await store.roles.assignRole("public", "u", "a");
    const [kept, clock] = [await client.hgetall(key("user-versions")), await client.get(key("role-clock"))];
    await store.roles.assignRole("public", "u", "b");
    const lost = await store.roles.readAuthorizationVersion("public", "u");
    await client.hset(key("user-versions"), kept);
    await client.set(key("role-clock"), clock ?? "");
    await client.srem(key("user-roles:6:public:u"), "b");
    // The clock of the node that takes over has gone on by then.
    await expect.poll(() => Date.now()).toBeGreaterThan(lost);
    await store.roles.unassignRole("public", "u", "a");
    expect(await store.roles.readAuthorizationVersion("public", "u")).toBeGreaterThan(lost);
    client.disconnect();
    await store.close();
    await fresh.drop();
  });

  it.each([
    ["push", true],
    ["epoch", false],
    ["strict", false],
  ] as const)(
    "reach a live session: propagation %s",
    async (propagation: RolePropagation, readsRow: boolean) => {
      const fresh = freshPrefix();
      const [store, other] = [fresh.open(), fresh.open()];
      // Two processes: one changes roles, the other one has the user's requests.
      const [office, front] = [createUserRoles({ propagation }), createUserRoles({ propagation })];
      const wrap = (): never => {
        throw new Error("there is no request here");
      };
      bindSession({ store, plugins: [office] }, wrap);
      const { session } = bindSession({ store: other, plugins: [front] }, wrap);
      await office.createNewRoleOrAddPermissions("admin", ["posts:edit"]);
      await office.addRoleToUser("public", "u", "admin");
      const created = await session.createNewSessionWithoutRequestResponse("u");
      const { accessToken, antiCsrfToken } = created.getAllSessionTokensDangerously();
      const rolesNow = async () => {
        const found = await session.getSessionWithoutRequestResponse(accessToken, antiCsrfToken, {
          checkDatabase: readsRow,
        });
        return [
          await found.getClaimValue(front.UserRoleClaim),
          await found.getClaimValue(front.PermissionClaim),
        ];
      };
      expect(await rolesNow()).toEqual([["admin"], ["posts:edit"]]);
      await office.createNewRoleOrAddPermissions("admin", ["posts:read"]);
      expect(await rolesNow()).toEqual([["admin"], ["posts:edit", "posts:read"]]);
      await office.removeUserRole("public", "u", "admin");
      expect(await rolesNow()).toEqual([[], []]);
      for (const opened of [store, other]) await opened.close();
      await fresh.drop();
    },
  );
});

describe.skipIf(missing !== undefined)(`roles in a Redis of its own (${missing ?? "real server"})`, () => {
  let server: PrivateServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startPrivateServer("redis");
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  describe.each(["@redis/client", "ioredis"] as const)("%s", (driver) => {
    const open = () =>
      redisStore({ url: server.url, driver, keyPrefix: freshPrefix().keyPrefix, onWarning: () => {} });

    it("are taken away when the memory is full, and not assigned by half [sec ST-02]", async () => {
      const store = open();
      await store.roles.grantPermissions("r", ["p"]);
      await store.roles.assignRole("public", "u", "r");
      await admin.config("SET", "maxmemory", "1");
      await expect(store.roles.assignRole("public", "v", "r")).rejects.toMatchObject({ code: "OOM" });
      expect(await store.roles.listUsersWithRole("public", "r", { limit: 9 })).toEqual(["u"]);
      expect(await store.roles.unassignRole("public", "u", "r")).toBe("unassigned");
      await admin.config("SET", "maxmemory", "0");
      await store.close();
    });

    it("are not read from a node that has become a replica [sec MR-03]", async () => {
      const store = open();
      await store.roles.grantPermissions("r", ["p"]);
      await admin.call("REPLICAOF", "127.0.0.1", "1");
      await expect(store.roles.readAuthorizationVersion("public", "u")).rejects.toMatchObject({
        name: "RedisFailure",
      });
      await admin.call("REPLICAOF", "NO", "ONE");
      expect(await store.roles.readAuthorizationVersion("public", "u")).toBe(0);
      await store.close();
    });
  });
});
