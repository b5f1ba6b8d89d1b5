import { setTimeout as sleep } from "node:timers/promises";
import { startReplica, startSentinel } from "@acme/servers";
import type { SessionRow, SessionStore } from "@acme/session-core/store";
import { type RedisClient, redisStore } from "@acme/session-store-redis";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { administer, type ServerBackend, startServerBackend } from "../backend.ts";
import { cells, type FaultRow } from "../row.ts";
import type { Situation } from "../situation.ts";

const RECOVERY_LIMIT_MS = 5_000;
const SESSIONS = 30;
/** Requests come whether or not the ones before them have been answered. */
const READ_EVERY_MS = 20;
/** There and back. */
const FAR_AWAY = { replyDelayMs: 20 };
const nothingAsked = cells("–", "–", "–", "–", "–", "–");

/** A store, what else has to be ended, and how its server, or its part of a fleet, goes away and comes back. */
interface Scene {
  readonly store: SessionStore;
  /** Connections asked for so far. */
  connections(): number;
  begin(): Promise<void> | void;
  /** Resolves when the fault is over, whatever the store thinks. */
  end(): Promise<void>;
  /** So many may be opened during an outage of so many seconds. */
  mayOpen(seconds: number): number;
}

/** F46–F48: fifty reads a second, ten milliseconds away, while Redis is gone for seconds; and how long until all works again. */
export const recoveryRows: readonly FaultRow[] = [
  ...(["@redis/client", "ioredis"] as const).flatMap((driver) => [
    recovery("F46", `killed, then restarted; \`url\` through ${driver}`, (situation) =>
      single(situation, "killed", (url) => redisStore({ url, driver, onWarning: () => {} })),
    ),
    recovery("F46", `packets swallowed; \`url\` through ${driver}`, (situation) =>
      single(situation, "swallowed", (url) => redisStore({ url, driver, onWarning: () => {} })),
    ),
    recovery(
      "F46",
      `killed, then restarted; a client of ${driver}`,
      (situation) => single(situation, "killed", async (url) => lent(situation, await clientOf(driver, url))),
      { isSlow: true },
    ),
    recovery(
      "F47",
      `failover by a sentinel; a client of ${driver}`,
      (situation) => watched(situation, driver),
      {
        isSlow: true,
      },
    ),
    recovery(
      "F48",
      `a cluster's node killed, then restarted; a client of ${driver}`,
      (situation) => clustered(situation, driver),
      { isSlow: true },
    ),
  ]),
];

function recovery(
  id: string,
  title: string,
  arrange: (situation: Situation) => Promise<Scene>,
  { isSlow = false } = {},
): FaultRow {
  return {
    id,
    title,
    stores: ["redis"],
    expected: nothingAsked,
    isSlow,
    async run(situation) {
      const scene = await arrange(situation);
      for (const outageMs of situation.lengths.outagesMs) await readThrough(situation, scene, outageMs);
      await scene.store.close();
      return nothingAsked;
    },
  };
}

/** Reads all the while, and looks when the last read failed. */
async function readThrough(situation: Situation, scene: Scene, outageMs: number): Promise<void> {
  const { store } = scene;
  const rows = Array.from({ length: SESSIONS }, (_, index) => sessionOf(index));
  for (const row of rows) await store.insertSession(row);
  let endedMs = Number.POSITIVE_INFINITY;
  let lastFailureMs = 0;
  let failures = 0;
  let lastError: unknown;
  const reads: Promise<void>[] = [];
  const read = async (handle: string): Promise<void> => {
    try {
      await store.getSession(handle, Date.now());
    } catch (error) {
      lastError = error;
      lastFailureMs = performance.now();
      if (lastFailureMs > endedMs) failures += 1;
    }
  };
  const arrivals = setInterval(() => {
    const row = rows[reads.length % rows.length];
    if (row !== undefined) reads.push(read(row.handle));
  }, READ_EVERY_MS);
  await sleep(200);
  const before = scene.connections();
  await scene.begin();
  await sleep(outageMs);
  await scene.end();
  endedMs = performance.now();
  await sleep(RECOVERY_LIMIT_MS + 2_500);
  clearInterval(arrivals);
  await Promise.all(reads);
  const tookMs = Math.max(0, lastFailureMs - endedMs);
  const opened = scene.connections() - before;
  const seconds = outageMs / 1_000;
  situation.note(
    `${seconds} s away: all well after ${(tookMs / 1_000).toFixed(1)} s, ${failures} reads failed till then, ${opened} connections`,
  );
  if (tookMs > RECOVERY_LIMIT_MS) {
    situation.complain(
      `after ${seconds} s reads failed for ${Math.round(tookMs)} ms more: ${String(lastError)}`,
    );
  }
  if (opened > scene.mayOpen(seconds)) situation.complain(`${opened} connections were opened`);
  await store.deleteSessionsOfUser("reader", undefined, Date.now());
}

/** One server behind a proxy. */
async function single(
  situation: Situation,
  how: "killed" | "swallowed",
  open: (url: string) => SessionStore | Promise<SessionStore>,
): Promise<Scene> {
  const { server, proxy, stop } = await startServerBackend("redis");
  situation.onEnd(stop);
  proxy.fault = FAR_AWAY;
  return {
    store: await open(proxy.through(server.url)),
    connections: () => proxy.connections,
    async begin() {
      if (how === "killed") await server.kill();
      else proxy.fault = { blackHole: true };
    },
    async end() {
      if (how === "killed") return server.restart();
      // What was opened meanwhile has lost its first words: it stays as silent as what was open before.
      proxy.silence();
      proxy.fault = FAR_AWAY;
    },
    mayOpen: (seconds) => 12 + 2 * seconds,
  };
}

/** A primary and its replica, and a sentinel that makes the one of the other. */
async function watched(situation: Situation, driver: "@redis/client" | "ioredis"): Promise<Scene> {
  const primary = await startServerBackend("redis");
  situation.onEnd(primary.stop);
  const replica = await startReplica("redis", primary.server);
  situation.onEnd(() => replica.stop());
  const { proxy } = primary;
  const sentinel = await startSentinel("main", { host: "127.0.0.1", port: proxy.port });
  situation.onEnd(() => sentinel.stop());
  const asked = new Redis(sentinel.url);
  situation.onEnd(() => asked.disconnect());
  await until(async () =>
    String(await asked.call("SENTINEL", "REPLICAS", "main")).includes(String(replica.port)),
  );
  const sentinels = [{ host: sentinel.host, port: sentinel.port }];
  let client: RedisClient;
  if (driver === "ioredis") {
    const io = new Redis({ name: "main", sentinels });
    io.on("error", () => {});
    situation.onEnd(() => io.disconnect());
    client = io;
  } else {
    const node = createSentinel({ name: "main", sentinelRootNodes: sentinels });
    node.on("error", () => {});
    await node.connect();
    situation.onEnd(() => node.destroy());
    client = node;
  }
  proxy.fault = FAR_AWAY;
  return {
    store: redisStore({ client, onWarning: () => {} }),
    connections: () => proxy.connections,
    begin: () => primary.server.kill(),
    async end() {
      await until(async () => {
        const [, port] = (await asked.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")) as string[];
        return port === String(replica.port);
      });
    },
    // The proxy stands before the one that is gone: these are the attempts to reach it.
    mayOpen: (seconds) => 100 + 20 * seconds,
  };
}

/** A cluster of one node. */
async function clustered(situation: Situation, driver: "@redis/client" | "ioredis"): Promise<Scene> {
  const backend = await startServerBackend("redis", [
    ...["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", "--appendonly", "yes"],
  ]);
  situation.onEnd(backend.stop);
  const { server, proxy } = backend;
  // Clients are sent to the port that the node announces: through the proxy.
  await administer("redis", server.url, [
    `CONFIG SET cluster-announce-port ${proxy.port}`,
    "CLUSTER ADDSLOTSRANGE 0 16383",
  ]);
  await isWhole(backend);
  let client: RedisClient;
  if (driver === "ioredis") {
    const io = new Cluster([proxy.through(server.url)]);
    io.on("error", () => {});
    situation.onEnd(() => io.disconnect());
    client = io;
  } else {
    const node = createCluster({ rootNodes: [{ url: proxy.through(server.url) }] });
    node.on("error", () => {});
    await node.connect();
    situation.onEnd(() => node.destroy());
    client = node;
  }
  proxy.fault = FAR_AWAY;
  return {
    store: redisStore({ client, onWarning: () => {} }),
    connections: () => proxy.connections,
    begin: () => server.kill(),
    async end() {
      await server.restart();
      await administer("redis", server.url, [`CONFIG SET cluster-announce-port ${proxy.port}`]);
      await isWhole(backend);
    },
    mayOpen: (seconds) => 100 + 20 * seconds,
  };
}

/** Asks again and again, for half a minute; a question that fails has not been answered yet. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadlineMs) throw new Error("the servers did not come up as they were meant to");
    await sleep(20);
  }
}

async function isWhole({ server }: ServerBackend): Promise<void> {
  const client = new Redis(server.url);
  client.on("error", () => {});
  await until(async () => String(await client.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
  client.disconnect();
}

async function clientOf(
  driver: "@redis/client" | "ioredis",
  url: string,
): Promise<{ client: RedisClient; end(): void }> {
  if (driver === "ioredis") {
    const client = new Redis(url);
    client.on("error", () => {});
    return { client, end: () => client.disconnect() };
  }
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return { client, end: () => client.destroy() };
}

function lent(situation: Situation, { client, end }: { client: RedisClient; end(): void }): SessionStore {
  situation.onEnd(end);
  return redisStore({ client, onWarning: () => {} });
}

function sessionOf(index: number): SessionRow {
  const nowMs = Date.now();
  return {
    handle: `reader-${index}-${nowMs}`,
    tenantId: "public",
    userId: "reader",
    refreshTokenHash2: "a".repeat(64),
    previousRefreshTokenHash2: null,
    secretId: "s",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
    absoluteExpiresAtMs: nowMs + 3_600_000,
  };
}
