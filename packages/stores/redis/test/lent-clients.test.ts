import { type PrivateServer, startPrivateServer, startReplica, startSentinel } from "@acme/servers";
import { livePromotion, liveSession } from "@acme/session-conformance";
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RedisClient, type RedisStore, redisStore } from "../src/index.js";
import { freshPrefix, missing } from "./fixture.js";

interface Lent {
  readonly client: RedisClient;
  end(): unknown;
}
type Lend = () => Lent | Promise<Lent>;

const BYTES = {
  typeMapping: {
    [RESP_TYPES.BLOB_STRING]: Buffer,
    [RESP_TYPES.SIMPLE_STRING]: Buffer,
    [RESP_TYPES.NUMBER]: String,
  },
} as const;

/** Logs in, refreshes, merges, lists, assigns roles and signs out, and looks at every answer. */
async function useStore(store: RedisStore): Promise<void> {
  const row = liveSession({ accessTokenPayloadJson: '{"name":"Zoë"}' });
  await store.insertSession(row);
  expect(await store.getSession(row.handle, Date.now())).toEqual(row);
  expect(await store.getSession("nobody", Date.now())).toBeUndefined();
  expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
  expect(await store.promoteSession(livePromotion(row))).toBeUndefined();
  const merged = await store.updateAccessTokenPayload(row.handle, Date.now(), () => '{"a":1}');
  expect(merged?.accessTokenPayloadJson).toBe('{"a":1}');
  expect(await store.replaceSessionData(row.handle, Date.now(), '{"b":2}')).toBe(true);
  const { rows } = await store.scanSessions(undefined, 100);
  expect(rows.map(({ sessionDataJson }) => sessionDataJson)).toEqual(['{"b":2}']);
  expect(await store.listSessionHandles("user-1", undefined, Date.now())).toEqual([row.handle]);
  expect(await store.roles.grantPermissions("admin", ["edit"])).toBe(true);
  expect(await store.roles.grantPermissions("admin", ["edit"])).toBe(false);
  expect(await store.roles.assignRole("public", "user-1", "admin")).toBe("assigned");
  expect(await store.roles.listParents("nobody")).toBeUndefined();
  const authorization = await store.roles.readAuthorization("public", "user-1");
  expect(authorization).toMatchObject({ roles: ["admin"], permissions: ["edit"] });
  expect(authorization.version).toBeGreaterThan(0);
  expect(await store.roles.unassignAll("user-1", undefined)).toBe(1);
  expect(await store.roles.deleteRole("admin")).toBe(true);
  const secrets = await store.listSecrets({ id: "first", secret: "c2VjcmV0" });
  expect(secrets).toEqual([{ id: "first", secret: "c2VjcmV0" }]);
  expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(0);
  expect(await store.deleteSessionsOfUser("user-1", undefined, Date.now())).toEqual([row.handle]);
  // As many at once as a client may put into one pipeline.
  const many = Array.from({ length: 20 }, () => liveSession());
  await Promise.all(many.map((one) => store.insertSession(one)));
  const handles = many.map(({ handle }) => handle);
  expect((await store.deleteSessions(handles, Date.now())).sort()).toEqual(handles.sort());
}

describe.skipIf(missing !== undefined)(`an application's own client (${missing ?? "real servers"})`, () => {
  let single: PrivateServer;
  let replica: PrivateServer;
  let sentinel: PrivateServer;
  let node: PrivateServer;
  beforeAll(async () => {
    single = await startPrivateServer("redis");
    replica = await startReplica("redis", single);
    sentinel = await startSentinel("main", single);
    node = await startPrivateServer("redis", [
      "--cluster-enabled",
      "yes",
      "--cluster-announce-ip",
      "127.0.0.1",
    ]);
    const setup = new Redis(node.url);
    await setup.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await vi.waitFor(async () => expect(await setup.call("CLUSTER", "INFO")).toContain("cluster_state:ok"), {
      timeout: 10_000,
    });
    setup.disconnect();
  }, 60_000);
  afterAll(async () => {
    for (const server of [sentinel, replica, single, node]) await server?.stop();
  });

  const nodeRedis =
    (options: Parameters<typeof createClient>[0] = {}): Lend =>
    async () => {
      const client = createClient({ url: single.url, ...options });
      await client.connect();
      return { client, end: () => client.destroy() };
    };
  const pool =
    (options: Parameters<typeof createClient>[0] = {}): Lend =>
    async () => {
      const client = createClientPool({ url: single.url, ...options });
      await client.connect();
      return { client, end: () => client.destroy() };
    };
  const nodeSentinel =
    (options: Partial<Parameters<typeof createSentinel>[0]> = {}): Lend =>
    async () => {
      const sentinelRootNodes = [{ host: sentinel.host, port: sentinel.port }];
      const client = createSentinel({ name: "main", sentinelRootNodes, ...options });
      client.on("error", () => {});
      await client.connect();
      return { client, end: () => client.destroy() };
    };
  const nodeCluster =
    (options: Partial<Parameters<typeof createCluster>[0]> = {}): Lend =>
    async () => {
      const client = createCluster({ rootNodes: [{ url: node.url }], ...options });
      await client.connect();
      return { client, end: () => client.destroy() };
    };
  /** Types of ioredis depend on what stands in its options, so each is written out where it is made. */
  const lent =
    (make: () => Redis | Cluster): Lend =>
    () => {
      const client = make();
      return { client, end: () => client.disconnect() };
    };
  const watched = () => ({ name: "main", sentinels: [{ host: sentinel.host, port: sentinel.port }] });

  const clients: Readonly<Record<string, Lend>> = {
    "@redis/client": nodeRedis(),
    "@redis/client, RESP 2": nodeRedis({ RESP: 2 }),
    "@redis/client, RESP 3": nodeRedis({ RESP: 3 }),
    "@redis/client, texts as bytes and numbers as texts": nodeRedis({ commandOptions: BYTES }),
    "@redis/client withTypeMapping": async () => {
      const { client, end } = await nodeRedis()();
      const mapped = (client as ReturnType<typeof createClient>).withTypeMapping(BYTES.typeMapping);
      return { client: mapped as RedisClient, end };
    },
    "@redis/client, no offline queue": nodeRedis({ disableOfflineQueue: true }),
    "@redis/client, pool": pool(),
    "@redis/client, pool, texts as bytes": pool({ commandOptions: BYTES }),
    "@redis/client, sentinel": nodeSentinel(),
    "@redis/client, sentinel, texts as bytes": nodeSentinel({ commandOptions: BYTES }),
    "@redis/client, sentinel with a pool": nodeSentinel({ masterPoolSize: 3 }),
    "@redis/client, cluster": nodeCluster(),
    "@redis/client, cluster, texts as bytes": nodeCluster({ commandOptions: BYTES }),
    "@redis/client, cluster with reads from replicas": nodeCluster({ useReplicas: true }),
    ioredis: lent(() => new Redis(single.url)),
    "ioredis, stringNumbers": lent(() => new Redis(single.url, { stringNumbers: true })),
    "ioredis, RESP 3 and its shapes": lent(
      () => new Redis(single.url, { protocol: 3, replyMapping: "resp3" }),
    ),
    "ioredis, enableAutoPipelining": lent(() => new Redis(single.url, { enableAutoPipelining: true })),
    "ioredis, showFriendlyErrorStack": lent(() => new Redis(single.url, { showFriendlyErrorStack: true })),
    "ioredis, commandTimeout": lent(() => new Redis(single.url, { commandTimeout: 1_000 })),
    "ioredis, maxRetriesPerRequest null": lent(() => new Redis(single.url, { maxRetriesPerRequest: null })),
    "ioredis, lazyConnect": lent(() => new Redis(single.url, { lazyConnect: true })),
    "ioredis, lazyConnect without an offline queue": lent(
      () => new Redis(single.url, { lazyConnect: true, enableOfflineQueue: false }),
    ),
    "ioredis, no offline queue": lent(() => new Redis(single.url, { enableOfflineQueue: false })),
    "ioredis, sentinels": lent(() => new Redis(watched())),
    "ioredis, sentinels, stringNumbers": lent(() => new Redis({ ...watched(), stringNumbers: true })),
    "ioredis, cluster": lent(() => new Cluster([node.url])),
    "ioredis, cluster, stringNumbers": lent(
      () => new Cluster([node.url], { redisOptions: { stringNumbers: true } }),
    ),
    "ioredis, cluster, scaleReads all": lent(() => new Cluster([node.url], { scaleReads: "all" })),
    "ioredis, cluster, enableAutoPipelining": lent(
      () => new Cluster([node.url], { enableAutoPipelining: true }),
    ),
  };

  it.each(Object.entries(clients))("%s: logs in, refreshes and signs out", async (_, lend) => {
    const { client, end } = await lend();
    const store = redisStore({ client, keyPrefix: freshPrefix().keyPrefix });
    try {
      await useStore(store);
    } finally {
      await store.close();
      end();
    }
  });

  it.each(Object.entries(clients))(
    "%s: has no listener of ours, and goes on after close",
    async (_, lend) => {
      const { client, end } = await lend();
      const events = client as unknown as NodeJS.EventEmitter;
      const listeners = (): Record<string, number> =>
        Object.fromEntries(events.eventNames().map((name) => [String(name), events.listenerCount(name)]));
      const store = redisStore({ client, keyPrefix: freshPrefix().keyPrefix });
      await store.listSecrets();
      const [before] = [listeners()];
      await store.listSecrets();
      await store.close();
      expect(listeners()).toEqual(before);
      const again = redisStore({ client, keyPrefix: freshPrefix().keyPrefix });
      expect(await again.listSecrets()).toEqual([]);
      end();
    },
  );

  const prefixed: Readonly<Record<string, (keyPrefix: string) => Lend>> = {
    ioredis: (keyPrefix) => lent(() => new Redis(single.url, { keyPrefix })),
    "ioredis, enableAutoPipelining": (keyPrefix) =>
      lent(() => new Redis(single.url, { keyPrefix, enableAutoPipelining: true })),
    "ioredis, sentinels": (keyPrefix) => lent(() => new Redis({ ...watched(), keyPrefix })),
    "ioredis, cluster": (keyPrefix) => lent(() => new Cluster([node.url], { keyPrefix })),
    "@redis/client": (keyPrefix) => nodeRedis({ keyPrefix }),
    "@redis/client, pool": (keyPrefix) => pool({ keyPrefix }),
    "@redis/client, sentinel": (keyPrefix) => nodeSentinel({ keyPrefix }),
    "@redis/client, cluster": (keyPrefix) => nodeCluster({ keyPrefix }),
  };

  describe.each(Object.entries(prefixed))("%s with a keyPrefix", (_, lendWith) => {
    it.each([
      ["shop:", "blog:"],
      ["{shop}:", "{blog}:"],
    ])("two applications, %s and %s, know nothing of each other's sessions", async (one, other) => {
      const [shopClient, blogClient] = [await lendWith(one)(), await lendWith(other)()];
      const [shop, blog] = [
        redisStore({ client: shopClient.client }),
        redisStore({ client: blogClient.client }),
      ];
      try {
        const row = liveSession();
        await shop.insertSession(row);
        await shop.roles.grantPermissions("admin", ["edit"]);
        await shop.roles.assignRole("public", "user-1", "admin");
        await shop.listSecrets({ id: "shop", secret: "c2VjcmV0" });
        expect(await blog.getSession(row.handle, Date.now())).toBeUndefined();
        expect(await blog.promoteSession(livePromotion(row))).toBeUndefined();
        expect(await blog.listSessionHandles("user-1", undefined, Date.now())).toEqual([]);
        expect(await blog.deleteSessions([row.handle], Date.now())).toEqual([]);
        expect(await blog.deleteSessionsOfUser("user-1", undefined, Date.now())).toEqual([]);
        expect(await blog.roles.listRoles({ limit: 10 })).toEqual([]);
        expect(await blog.listSecrets({ id: "blog", secret: "c2VjcmV0" })).toEqual([
          { id: "blog", secret: "c2VjcmV0" },
        ]);
        expect((await blog.scanSessions(undefined, 10)).rows).toEqual([]);
        // The same handle in both: each has its own.
        await blog.insertSession({ ...row, userId: "user-2" });
        expect((await shop.getSession(row.handle, Date.now()))?.userId).toBe("user-1");
        const where = new Redis((await isInCluster(shopClient.client)) ? node.url : single.url);
        const keys = (await where.keys("*")).filter((key) => key.includes("acme"));
        expect(keys.length).toBeGreaterThan(8);
        expect(keys.filter((key) => !key.startsWith(one) && !key.startsWith(other))).toEqual([]);
        await where.flushall();
        where.disconnect();
      } finally {
        for (const lent of [shopClient, blogClient]) lent.end();
      }
    });
  });

  async function isInCluster(client: RedisClient): Promise<boolean> {
    return "masters" in client || (client as { isCluster?: unknown }).isCluster === true;
  }

  it.each(["@redis/client", "ioredis"] as const)(
    "%s: what an error carries holds nothing of the session",
    async (driver) => {
      const admin = new Redis(single.url);
      const store = redisStore({ url: single.url, driver, keyPrefix: freshPrefix().keyPrefix });
      await store.listSecrets();
      await admin.config("SET", "maxmemory", "1");
      const error = await store
        .insertSession(liveSession({ sessionDataJson: '{"card":"4111"}' }))
        .catch((reason: unknown) => reason);
      await admin.config("SET", "maxmemory", "0");
      const { inspect } = await import("node:util");
      expect(error).toMatchObject({ code: "OOM", isPermanent: false, cause: expect.any(Error) });
      const text = inspect(error, { depth: 10 });
      for (const secret of ["4111", liveSession().refreshTokenHash2]) expect(text).not.toContain(secret);
      admin.disconnect();
      await store.close();
    },
  );
});
