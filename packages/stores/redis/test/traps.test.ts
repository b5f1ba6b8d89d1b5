import { type PrivateServer, startPrivateServer, startReplica, TcpProxy } from "@acme/servers";
import { livePromotion, liveSession, runServerStoreConformance } from "@acme/session-conformance";
import type { SessionRow } from "@acme/session-core/store";
import { createClient, createClientPool, createCluster } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore } from "../src/index.js";
import { freshPrefix, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`Redis (${missing ?? "real server"})`, () => {
  it("gives every session key a time to live and keeps no index entry of a session that is gone [sec ST-12, ST-10]", async () => {
    const fresh = freshPrefix();
    const store = fresh.open({ clock: "server" });
    const client = new Redis(url);
    const rows = [
      liveSession(),
      liveSession({ expiresAtMs: Date.now() + 1_500 }),
      liveSession({ userId: "user-2" }),
    ];
    for (const row of rows) await store.insertSession(row);
    await store.promoteSession(livePromotion(rows[0] as SessionRow));
    for (const key of await fresh.keys()) expect([key, (await client.pttl(key)) > 0]).toEqual([key, true]);
    const user1 = `{${fresh.keyPrefix}}:user:user-1`;
    expect(await client.zcard(user1)).toBe(2);
    // Redis removes the hash by itself; the next look at the user's sessions removes what is left of it.
    await expect
      .poll(() => client.exists(`{${fresh.keyPrefix}}:session:${rows[1]?.handle}`), { timeout: 10_000 })
      .toBe(0);
    expect(await store.listSessionHandles("user-1", undefined, Date.now())).toEqual([rows[0]?.handle]);
    expect(await client.zcard(user1)).toBe(1);
    expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(1);
    expect(await client.zcard(`{${fresh.keyPrefix}}:expiry`)).toBe(2);
    await store.deleteSessions(
      rows.map(({ handle }) => handle),
      Date.now(),
    );
    expect(await fresh.keys()).toEqual([]);
    client.disconnect();
    await store.close();
    await fresh.drop();
  });

  it("keeps fields that a newer release has added [sec ST-09]", async () => {
    const fresh = freshPrefix();
    const store = fresh.open();
    const client = new Redis(url);
    const row = liveSession();
    const key = `{${fresh.keyPrefix}}:session:${row.handle}`;
    await store.insertSession(row);
    await client.hset(key, "device", "phone");
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await store.promoteSession(livePromotion(row));
    await store.replaceSessionData(row.handle, Date.now(), '{"a":1}');
    expect(await client.hget(key, "device")).toBe("phone");
    client.disconnect();
    await store.close();
    await fresh.drop();
  });

  it("works with the application's own client and leaves it open [sec ST-12]", async () => {
    const fresh = freshPrefix();
    const row = liveSession();
    const own = createClient({ url });
    await own.connect();
    const io = new Redis(url);
    const through = fresh.open({ client: own });
    await through.insertSession(row);
    await through.close();
    expect(await own.ping()).toBe("PONG");
    const other = fresh.open({ client: io });
    expect(await other.getSession(row.handle, Date.now())).toEqual(row);
    await other.close();
    expect(await io.ping()).toBe("PONG");
    await own.close();
    io.disconnect();
    await fresh.drop();
  });

  it("takes no prefix that could reach other keys [sec ST-11]", () => {
    for (const keyPrefix of ["", "a:b", "{a}", "a*", "a b", "é", "a".repeat(65)]) {
      expect(() => redisStore({ url, keyPrefix })).toThrow(TypeError);
    }
  });
});

describe.skipIf(missing !== undefined)(`a Redis of its own (${missing ?? "real server"})`, () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  let admin: Redis;
  beforeAll(async () => {
    server = await startPrivateServer("redis");
    proxy = await TcpProxy.start(server);
    admin = new Redis(server.url);
    admin.on("error", () => {});
  });
  afterAll(async () => {
    admin.disconnect();
    await proxy.stop();
    await server.stop();
  });

  const open = (driver: "@redis/client" | "ioredis", at = server.url) =>
    redisStore({ url: at, driver, keyPrefix: freshPrefix().keyPrefix, onWarning: () => {} });

  describe.each(["@redis/client", "ioredis"] as const)("%s", (driver) => {
    it("loads its scripts again after SCRIPT FLUSH [sec ST-01]", async () => {
      const store = open(driver);
      const row = liveSession();
      await store.insertSession(row);
      await admin.script("FLUSH");
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await store.close();
    });

    it("says that a session is not there after FLUSHALL, and goes on [sec O-01]", async () => {
      const store = open(driver);
      const row = liveSession();
      await store.insertSession(row);
      await admin.flushall();
      expect(await store.getSession(row.handle, Date.now())).toBeUndefined();
      expect(await store.promoteSession(livePromotion(row))).toBeUndefined();
      await store.insertSession(row);
      await store.close();
    });

    it("throws on a node that has become a replica, to reads too, and recovers [sec MR-03]", async () => {
      const store = open(driver);
      const row = liveSession();
      await store.insertSession(row);
      await admin.call("REPLICAOF", "127.0.0.1", "1");
      for (const attempt of [
        () => store.getSession(row.handle, Date.now()),
        () => store.promoteSession(livePromotion(row)),
        () => store.insertSession(liveSession()),
      ]) {
        await expect(attempt()).rejects.toMatchObject({ name: "RedisFailure" });
      }
      await admin.call("REPLICAOF", "NO", "ONE");
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await store.close();
    });

    it("throws when the memory is full, still reads and revokes, and warns of a policy that evicts [sec ST-02]", async () => {
      const store = open(driver);
      const row = liveSession();
      await store.insertSession(row);
      await admin.config("SET", "maxmemory", "1");
      await expect(store.insertSession(liveSession())).rejects.toMatchObject({ code: "OOM" });
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      expect(await store.deleteSessions([row.handle], Date.now())).toEqual([row.handle]);
      await admin.config("SET", "maxmemory", "0");
      await admin.config("SET", "maxmemory-policy", "allkeys-lru");
      const warnings: string[] = [];
      const warned = redisStore({ url: server.url, driver, onWarning: (message) => warnings.push(message) });
      await warned.listSecrets();
      await warned.listSecrets();
      expect(warnings).toEqual([expect.stringContaining("allkeys-lru")]);
      await admin.config("SET", "maxmemory-policy", "noeviction");
      await warned.close();
      await store.close();
    });

    runServerStoreConformance(
      {
        name: driver,
        joined: "Redis has no transaction that an application could lend",
        server: () => ({
          ...server,
          line: proxy,
          open: ({ through }) => open(driver, through === undefined ? server.url : proxy.through(server.url)),
        }),
      },
      { describe, it },
    );
  });

  it.each(["@redis/client", "ioredis"] as const)(
    "%s: says that a revocation has not reached a replica, and that it has when it is repeated (security.md F42)",
    async (driver) => {
      const primary = await startPrivateServer("redis", ["--repl-diskless-sync-delay", "0"]);
      const replica = await startReplica("redis", primary);
      const onReplica = new Redis(replica.url);
      const store = redisStore({
        url: primary.url,
        driver,
        keyPrefix: "w",
        waitForReplicas: { count: 1, timeoutMs: 300 },
      });
      const there = (row: SessionRow) => onReplica.exists(`{w}:session:${row.handle}`);
      try {
        const rows = [liveSession(), liveSession(), liveSession()] as const;
        for (const row of rows) await store.insertSession(row);
        await store.roles.grantPermissions("admin", []);
        await store.roles.assignRole("public", "user-1", "admin");
        await expect
          .poll(() => store.deleteSessions([rows[0].handle], Date.now()).catch(() => "not yet"), {
            timeout: 10_000,
          })
          .not.toBe("not yet");
        expect(await there(rows[0])).toBe(0);
        expect(await there(rows[1])).toBe(1);
        replica.freeze();
        await expect(store.deleteSessions([rows[1].handle], Date.now())).rejects.toMatchObject({
          code: "NOT_REPLICATED",
        });
        await expect(store.roles.unassignRole("public", "user-1", "admin")).rejects.toMatchObject({
          code: "NOT_REPLICATED",
        });
        // Nothing else waits for replicas.
        expect((await store.promoteSession(livePromotion(rows[2])))?.generation).toBe(1);
        await expect(store.deleteSessions([rows[1].handle], Date.now())).rejects.toMatchObject({
          code: "NOT_REPLICATED",
        });
        replica.thaw();
        await expect
          .poll(() => store.deleteSessions([rows[1].handle], Date.now()).catch(() => "not yet"), {
            timeout: 10_000,
          })
          .toEqual([]);
        expect(await there(rows[1])).toBe(0);
      } finally {
        onReplica.disconnect();
        await store.close();
        await replica.stop();
        await primary.stop();
      }
    },
  );

  it("waits for replicas only where it can tell what it waited for", async () => {
    for (const wrong of [{ count: 0 }, { count: 1, timeoutMs: 5_000 }, { count: 1.5 }]) {
      expect(() => redisStore({ url, waitForReplicas: wrong })).toThrow(TypeError);
    }
    const cluster = new Cluster([url], { lazyConnect: true });
    const pool = createClientPool({ url });
    for (const client of [cluster, pool]) {
      expect(() => redisStore({ client: client as never, waitForReplicas: { count: 1 } })).toThrow("pool");
    }
    cluster.disconnect();
  });

  it("runs in a cluster, where all keys of one store share a slot [sec ST-01]", async () => {
    const node = await startPrivateServer("redis", [
      "--cluster-enabled",
      "yes",
      "--cluster-announce-ip",
      "127.0.0.1",
    ]);
    try {
      const setup = new Redis(node.url);
      for (let start = 0; start < 16_384; start += 1_024) {
        const slots = Array.from({ length: 1_024 }, (_, index) => start + index);
        await setup.call("CLUSTER", "ADDSLOTS", ...slots);
      }
      await expect
        .poll(() => setup.call("CLUSTER", "INFO"), { timeout: 10_000 })
        .toContain("cluster_state:ok");
      const io = new Cluster([node.url]);
      const nodeRedis = createCluster({ rootNodes: [{ url: node.url }] });
      await nodeRedis.connect();
      for (const [index, client] of [io, nodeRedis].entries()) {
        const store = redisStore({ client: client as never, keyPrefix: `c-${index}` });
        const row = liveSession();
        await store.insertSession(row);
        expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
        expect(await store.listSessionHandles("user-1", undefined, Date.now())).toEqual([row.handle]);
        expect(await store.deleteSessionsOfUser("user-1", undefined, Date.now())).toEqual([row.handle]);
        await store.roles.grantPermissions("admin", ["edit"]);
        expect(await store.roles.assignRole("public", "user-1", "admin")).toBe("assigned");
        expect((await store.roles.readAuthorization("public", "user-1")).permissions).toEqual(["edit"]);
        await store.close();
      }
      io.disconnect();
      await nodeRedis.close();
      setup.disconnect();
    } finally {
      await node.stop();
    }
  });
});
