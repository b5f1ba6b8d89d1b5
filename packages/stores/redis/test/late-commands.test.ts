import { setTimeout as sleep } from "node:timers/promises";
import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import { liveSession } from "@acme/session-conformance";
import { systemClock } from "@acme/session-core/store";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type RedisStore, redisStore } from "../src/index.js";
import { freshPrefix, missing } from "./fixture.js";

type Open = (url: string, keyPrefix: string) => Promise<{ store: RedisStore; end(): unknown }>;

const quiet = <T extends { on(event: "error", listener: () => void): unknown }>(client: T): T => {
  client.on("error", () => {});
  return client;
};
const lentIoRedis =
  (options: object): Open =>
  async (url, keyPrefix) => {
    const client = quiet(new Redis(url, options));
    return { store: redisStore({ client, keyPrefix }), end: () => client.disconnect() };
  };
const WAYS: Readonly<Record<string, Open>> = {
  "`url`, @redis/client": async (url, keyPrefix) => ({ store: redisStore({ url, keyPrefix }), end() {} }),
  "`url`, ioredis": async (url, keyPrefix) => ({
    store: redisStore({ url, keyPrefix, driver: "ioredis" }),
    end() {},
  }),
  "a client of @redis/client": async (url, keyPrefix) => {
    const client = quiet(createClient({ url }));
    await client.connect();
    return { store: redisStore({ client, keyPrefix }), end: () => client.destroy() };
  },
  "a client of ioredis": lentIoRedis({}),
  "a client of ioredis that connects when it is used": lentIoRedis({ lazyConnect: true }),
  "a client of ioredis with a limit of its own": lentIoRedis({ commandTimeout: 300 }),
};

describe.skipIf(missing !== undefined)(
  `what was answered 503 takes no effect later (${missing ?? "a server of its own"})`,
  () => {
    let server: PrivateServer;
    let proxy: TcpProxy;
    let admin: Redis;
    let open: { store: RedisStore; end(): unknown }[] = [];
    beforeAll(async () => {
      server = await startPrivateServer("redis");
      proxy = await TcpProxy.start(server);
      admin = quiet(new Redis(server.url));
    });
    afterEach(async () => {
      for (const { store, end } of open) {
        await store.close();
        await end();
      }
      open = [];
      vi.restoreAllMocks();
    });
    afterAll(async () => {
      admin?.disconnect();
      await proxy?.stop();
      await server?.stop();
    });

    async function user(way: Open): Promise<{ store: RedisStore; elsewhere: RedisStore }> {
      const { keyPrefix: prefix } = freshPrefix();
      const elsewhere = redisStore({ url: server.url, keyPrefix: prefix });
      const mine = await way(proxy.through(server.url), prefix);
      open.push(mine, { store: elsewhere, end() {} });
      await elsewhere.insertSession(liveSession());
      return { store: mine.store, elsewhere };
    }

    it.each(Object.entries(WAYS))(
      "%s: a revocation that was lost does not end the sessions of a later login",
      async (_, way) => {
        const { store, elsewhere } = await user(way);
        const isLazy = _.includes("when it is used");
        if (!isLazy) await store.deleteSessionsOfUser("user-1", undefined, Date.now());
        proxy.fault = isLazy ? { refuse: true } : { blackHole: true };
        await expect(store.deleteSessionsOfUser("user-1", undefined, Date.now())).rejects.toThrow();
        const login = liveSession();
        await elsewhere.insertSession(login);
        proxy.fault = {};
        proxy.cutAll();
        // Clients send again what they got no answer to as soon as they are connected.
        await expect
          .poll(
            () =>
              store.listSecrets().then(
                () => true,
                () => false,
              ),
            { timeout: 15_000 },
          )
          .toBe(true);
        await sleep(500);
        expect(await elsewhere.getSession(login.handle, Date.now())).toBeDefined();
      },
      30_000,
    );

    it.each(Object.entries(WAYS))(
      "%s: nor does what waited in a server that stood still",
      async (_, way) => {
        const { store, elsewhere } = await user(way);
        const [kept, late] = [liveSession(), liveSession()];
        await store.insertSession(kept);
        await admin.call("CLIENT", "PAUSE", "4000", "ALL");
        const answers = await Promise.allSettled([
          store.deleteSessionsOfUser("user-1", undefined, Date.now()),
          store.insertSession(late),
          store.roles.grantPermissions("admin", ["edit"]),
        ]);
        expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
        await expect
          .poll(
            () =>
              elsewhere.listSecrets().then(
                () => true,
                () => false,
              ),
            { timeout: 15_000 },
          )
          .toBe(true);
        await sleep(500);
        expect(await elsewhere.getSession(kept.handle, Date.now())).toBeDefined();
        expect(await elsewhere.getSession(late.handle, Date.now())).toBeUndefined();
        expect(await elsewhere.roles.listPermissions("admin")).toBeUndefined();
      },
      30_000,
    );

    it.each([-3_600_000, -700, 700, 3_600_000])(
      "a machine whose clock is %i ms off learns Redis's time, and works",
      async (aheadMs) => {
        const { wallMs } = systemClock;
        vi.spyOn(systemClock, "wallMs").mockImplementation(() => wallMs.call(systemClock) + aheadMs);
        const { store } = await user(WAYS["`url`, @redis/client"] as Open);
        const row = liveSession();
        await store.insertSession(row);
        expect(await store.getSession(row.handle, Date.now())).toBeDefined();
        expect(await store.deleteSessions([row.handle], Date.now())).toEqual([row.handle]);
      },
    );
  },
);
