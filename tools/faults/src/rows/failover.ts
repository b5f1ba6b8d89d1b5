import { readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { type PrivateServer, startReplica, TcpProxy } from "@acme/servers";
import type { SessionStore } from "@acme/session-core/store";
import { Redis } from "ioredis";
import pg from "pg";
import { administer, type Backend, type ServerBackend, startServerBackend } from "../backend.ts";
import type { Client, Column } from "../client.ts";
import { until } from "../instance-process.ts";
import { openStore } from "../open-store.ts";
import { allGone, cells, type FaultRow, type Outcomes, together } from "../row.ts";
import type { App } from "../serve.ts";
import type { Situation } from "../situation.ts";
import { doAll, expectOneChild, oneEach, recover } from "./outage.ts";

/** After a failover that lost what was acknowledged last: a login is gone, a sign-out and a merge are undone. */
const lastMomentLost = cells("ok", "ok", "ok", "401", "ok", "ok");

/** F25, F27, F42, F45: another server, or the same one, comes back without what it said last. */
export const failovers: readonly FaultRow[] = [
  {
    id: "F25",
    title: "the address leads to a hot standby",
    stores: ["postgres"],
    expected: allGone,
    run: (situation) =>
      withReplica(situation, "postgres", async ({ primary, replica, line }) => {
        const app = await situation.serve(primary.open());
        const clients = await oneEach(situation, app);
        await caughtUp("postgres", primary.server, replica);
        primary.proxy.redirect(replica);
        const outcomes = await doAll(situation, app, clients);
        primary.proxy.redirect(primary.server);
        await recover(situation, app, clients.D);
        const after = await doAll(situation, app, clients);
        for (const [column, outcome] of Object.entries(after)) {
          if (outcome !== "ok") situation.complain(`${column} was ${outcome} on the primary afterwards`);
        }
        line.cutAll();
        return outcomes;
      }),
  },
  {
    id: "F25",
    title: "a standby without the last commits is promoted",
    stores: ["postgres"],
    expected: lastMomentLost,
    run: (situation) => failOver(situation, "postgres"),
  },
  ...(["pg", "postgres"] as const).map(
    (driver): FaultRow => ({
      id: "F27",
      title: `${driver}: new connections lead to a hot standby for a while, and none is cut`,
      stores: ["postgres"],
      expected: cells("ok", "ok|503", "ok|503", "ok|503", "–", "–"),
      run: (situation) =>
        withReplica(situation, "postgres", (pair) =>
          thereAndBack(situation, pair, openStore({ ...pair.primary.address(), driver })),
        ),
    }),
  ),
  {
    id: "F42",
    title: "failover to a replica without the last second",
    stores: ["redis"],
    expected: lastMomentLost,
    run: (situation) => failOver(situation, "redis"),
  },
  {
    id: "F45",
    title: "killed (-9) and restarted, AOF everysec",
    stores: ["redis"],
    // The log is in the system's hands before the answer goes out: it survives the process.
    expected: cells("ok", "ok", "ok", "ok", "401", "merged"),
    run: (situation) => restartFromLog(situation, "the process dies"),
  },
  {
    id: "F45",
    title: "power cut, AOF everysec: the log lacks the last second",
    stores: ["redis"],
    expected: lastMomentLost,
    run: (situation) => restartFromLog(situation, "the power is cut"),
  },
];

interface Pair {
  readonly primary: ServerBackend;
  readonly replica: PrivateServer;
  /** Between the two. */
  readonly line: TcpProxy;
}

async function withReplica(
  situation: Situation<Backend>,
  kind: "postgres" | "redis",
  step: (pair: Pair) => Promise<Outcomes>,
): Promise<Outcomes> {
  const primary = await startServerBackend(kind);
  situation.onEnd(() => primary.stop());
  const line = await TcpProxy.start(primary.server);
  situation.onEnd(() => line.stop());
  const replica = await startReplica(kind, { host: "127.0.0.1", port: line.port });
  situation.onEnd(() => replica.stop());
  return step({ primary, replica, line });
}

const RECOVERY_LIMIT_MS = 5_000;
/** More than the pool has connections, so that each of them is used. */
const USERS = 20;

/**
 * The pool grows while new connections lead to the standby; they stay open when the address leads back. From then on it
 * is measured until everybody is answered, three times running, and how many connections that took.
 */
async function thereAndBack(
  situation: Situation<Backend>,
  { primary, replica, line }: Pair,
  store: SessionStore,
): Promise<Outcomes> {
  const app = await situation.serve(store);
  const { origin } = app;
  const users: Client[] = [];
  for (let count = 0; count < USERS; count += 1) users.push(await situation.refreshed(origin));
  const reader = await situation.signedIn(origin);
  await caughtUp("postgres", primary.server, replica);
  primary.proxy.lead(replica);
  const during = { V: new Set<string>(), D: new Set<string>(), R: new Set<string>(), C: new Set<string>() };
  await Promise.all(
    users.map(async (user) => {
      during.V.add((await reader.verify(origin)).outcome);
      during.D.add((await user.copy().verifyInStore(origin)).outcome);
      during.R.add((await user.refresh(origin)).outcome);
      during.C.add((await user.copy().signIn(origin)).outcome);
    }),
  );
  primary.proxy.lead(primary.server);
  const backMs = performance.now();
  primary.proxy.connections = 0;
  let fullyFineMs: number | undefined;
  for (let fine = 0; fine < 3; ) {
    const startedMs = performance.now();
    const answers = await Promise.all(
      users.flatMap((user) => [user.refresh(origin), user.copy().verifyInStore(origin)]),
    );
    const isFine = answers.every(({ outcome }) => outcome === "ok");
    fine = isFine ? fine + 1 : 0;
    if (fine === 1) fullyFineMs = startedMs - backMs;
    if (startedMs - backMs > 4 * RECOVERY_LIMIT_MS) break;
  }
  if (fullyFineMs === undefined || fullyFineMs > RECOVERY_LIMIT_MS) {
    situation.complain(`not everybody was answered ${RECOVERY_LIMIT_MS} ms after the address led back`);
  }
  situation.notes.push(
    `everybody answered ${Math.round(fullyFineMs ?? Number.NaN)} ms after it led back, ${primary.proxy.connections} new connections`,
  );
  line.cutAll();
  const said = (outcomes: Set<string>): string => together([...outcomes]);
  return cells(said(during.V), said(during.D), said(during.R), said(during.C), "–", "–");
}

/** What each client has done that the new server does not know. */
interface Forgotten {
  readonly clients: Readonly<Record<Column, Client>>;
  readonly signedOut: Client;
}

/** Everybody does what they do; it is acknowledged, and will be lost. */
async function doWhatIsLost(
  situation: Situation<Backend>,
  app: App,
  known: Record<Column, Client>,
): Promise<Forgotten> {
  const before = { ...known, R: known.C };
  const signedOut = before.X.copy();
  const { origin } = app;
  const done = [
    // A refresh and the first use of what it gave: one generation.
    await before.R.refresh(origin),
    await before.R.verify(origin),
    await before.X.signOut(origin),
    await before.M.merge(origin, "lost"),
  ];
  for (const { outcome } of done)
    if (outcome !== "ok") situation.complain(`before the failover it was ${outcome}`);
  const login = await situation.signedIn(origin);
  return { clients: { ...before, C: login }, signedOut };
}

async function whatIsLeft(
  situation: Situation<Backend>,
  app: App,
  { clients, signedOut }: Forgotten,
): Promise<Outcomes> {
  const { origin } = app;
  await recover(situation, app, clients.V);
  const V = (await clients.V.verify(origin)).outcome;
  const D = (await clients.D.verifyInStore(origin)).outcome;
  const R = (await clients.R.refresh(origin)).outcome;
  await expectOneChild(situation, app, clients.R);
  const C = (await clients.C.refresh(origin)).outcome;
  const X = (await signedOut.verifyInStore(origin)).outcome;
  if (X === "ok") {
    // It is back, and can be signed out again.
    const again = await signedOut.copy().signOut(origin);
    const after = await signedOut.verifyInStore(origin);
    if (`${again.outcome} ${after.outcome}` !== "ok 401")
      situation.complain("it could not be signed out again");
  }
  const before = (await clients.M.verifyInStore(origin)).body;
  const merged = await clients.M.merge(origin, "again");
  if ((await clients.M.verifyInStore(origin)).body.again !== true)
    situation.complain("a later merge was lost");
  const M = before.lost === true ? "merged" : merged.outcome;
  return { V, D, R, C, X, M };
}

function failOver(situation: Situation<Backend>, kind: "postgres" | "redis"): Promise<Outcomes> {
  return withReplica(situation, kind, async ({ primary, replica, line }) => {
    const app = await situation.serve(primary.open());
    const before = await oneEach(situation, app);
    await caughtUp(kind, primary.server, replica);
    // The line between the two is cut, and then the primary dies.
    line.fault = { refuse: true };
    line.cutAll();
    const forgotten = await doWhatIsLost(situation, app, before);
    await primary.server.kill();
    await promote(kind, replica);
    primary.proxy.redirect(replica);
    return whatIsLeft(situation, app, forgotten);
  });
}

async function promote(kind: "postgres" | "redis", replica: PrivateServer): Promise<void> {
  await administer(kind, replica.url, [
    kind === "postgres" ? "SELECT pg_promote(true, 30)" : "REPLICAOF NO ONE",
  ]);
}

/** Until the replica has what the primary has. */
async function caughtUp(
  kind: "postgres" | "redis",
  primary: PrivateServer,
  replica: PrivateServer,
): Promise<void> {
  if (kind === "postgres") {
    const [ahead, behind] = [new pg.Client(primary.url), new pg.Client(replica.url)];
    await ahead.connect();
    await behind.connect();
    const { rows } = await ahead.query<{ lsn: string }>("SELECT pg_current_wal_lsn()::text AS lsn");
    for (;;) {
      const answer = await behind.query<{ done: boolean | null }>(
        "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS done",
        [rows[0]?.lsn],
      );
      if (answer.rows[0]?.done) break;
    }
    await ahead.end();
    await behind.end();
  } else {
    const client = new Redis(primary.url);
    await client.set("last", "1");
    // The number of replicas that have everything until here.
    while ((await client.wait(1, 1_000)) < 1);
    client.disconnect();
  }
}

async function restartFromLog(
  situation: Situation<Backend>,
  what: "the process dies" | "the power is cut",
): Promise<Outcomes> {
  const own = await startServerBackend("redis", ["--appendonly", "yes", "--appendfsync", "everysec"]);
  situation.onEnd(() => own.stop());
  const app = await situation.serve(own.open());
  const before = await oneEach(situation, app);
  const log = (): string[] => {
    const directory = join(own.server.directory, "appendonlydir");
    return readdirSync(directory)
      .filter((name) => name.endsWith(".incr.aof"))
      .map((name) => join(directory, name));
  };
  const [file = ""] = log();
  const length = readFileSync(file).length;
  const forgotten = await doWhatIsLost(situation, app, before);
  await until(() => readFileSync(file).length > length);
  await own.server.kill();
  if (what === "the power is cut") truncateSync(file, length);
  await own.server.restart();
  return whatIsLeft(situation, app, forgotten);
}
