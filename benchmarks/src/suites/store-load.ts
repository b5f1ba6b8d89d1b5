import { summarise } from "../measure.ts";
import { gated, type Row, row } from "../row.ts";
import { type Application, startApplication } from "../stores/application.ts";
import { after, type Load, load } from "../stores/load.ts";
import { type TargetName, withTarget } from "../stores/start-target.ts";
import type { Target } from "../stores/target.ts";
import type { Effort, Suite } from "./suite.ts";

const INSTANCES = 4;
const TABS = 100;
const MOST_ROUND_MS = 2_000;
const SESSIONS = 2_000;
const MOST_STAMPEDE_MS = 30_000;
const IN_FLIGHT = 16;
const CLEANED_AT_ONCE = 20;
const ROUND_FACTOR = 20;
const MOST_TIMES_UNDISTURBED = 2;
const MOST_LOCK_WAIT_MS = 100;

/** Many at once: tabs of one session, a stampede, and the clean-up behind everybody's back (security.md L-05, L-06, L-16). */
export const storeLoadSuite: Suite = {
  name: "store-load",
  title: "Tabs, stampede and clean-up, time of the clock",
  packages: ["pg", "mysql2", "ioredis"],
  needs: "half an hour",
  async run(effort) {
    const rows: Row[] = [];
    for (const name of effort.stores) {
      rows.push(
        ...(await withTarget(name, async (target) => [
          ...(await tabs(name, target, effort)),
          ...(await stampede(name, target, effort)),
        ])),
      );
      // Redis lets expired rows go by itself.
      if (name !== "redis" && name !== "memory")
        rows.push(...(await withTarget(name, (target) => cleanUp(name, target, effort))));
    }
    return rows;
  },
};

/** The tabs of one browser find their token expired in the same moment: all get the one child, and nobody is a thief. */
async function tabs(store: TargetName, target: Target, { rounds }: Effort): Promise<Row[]> {
  const instances = Array.from({ length: INSTANCES }, () => startApplication(target.open()));
  const [first] = instances as [Application];
  const handle = "raw-tabs";
  await target.rawInsert(handle);
  const [rawMs, oursMs]: [number[], number[]] = [[], []];
  for (let round = 0; round <= 2 * rounds; round += 1) {
    const raw = await timeMs(() => Promise.all(times(TABS, () => target.rawCas(handle))));
    const token = await first.signIn();
    const children = new Set<string>();
    const ours = await timeMs(() =>
      Promise.all(
        times(TABS, async (tab) => children.add((await instances[tab % INSTANCES]?.refresh(token)) ?? "")),
      ),
    );
    if (children.size !== 1) throw new Error(`${store}: ${children.size} children of one token`);
    if (round === 0) continue;
    rawMs.push(raw);
    oursMs.push(ours);
  }
  expectNoThefts(store, instances);
  for (const instance of instances) await instance.close();
  const raw = summarise(`${store}: ${TABS} raw compare-and-sets of one row`, rawMs);
  const ours = summarise(`${store}: ${TABS} tabs over ${INSTANCES} instances`, oursMs);
  const worst = summarise(`${store}: … the slowest of ${oursMs.length} rounds`, [Math.max(...oursMs)]);
  return [
    row("store-load", raw, raw, "ms"),
    row("store-load", ours, raw, "ms"),
    gated(row("store-load", worst, ours, "ms"), "median", MOST_ROUND_MS),
  ];
}

/** Everybody's token expires in the same moment, and everybody has three tabs. */
async function stampede(store: TargetName, target: Target, { rows, rounds }: Effort): Promise<Row[]> {
  const sessions = Math.min(SESSIONS, rows);
  const application = startApplication(target.open());
  const handles = times(sessions, (index) => `raw-stampede-${index}`);
  await Promise.all(handles.map((handle) => target.rawInsert(handle)));
  const [rawMs, oursMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < Math.ceil(rounds / 4); round += 1) {
    const tokens: string[] = [];
    while (tokens.length < sessions)
      tokens.push(...(await Promise.all(times(50, () => application.signIn()))));
    const tabsOf = <T>(list: readonly T[]): T[] => [...list, ...list, ...list];
    rawMs.push(await timeMs(() => Promise.all(tabsOf(handles).map((handle) => target.rawCas(handle)))));
    oursMs.push(
      await timeMs(() =>
        Promise.all(tabsOf(tokens.slice(0, sessions)).map((token) => application.refreshPatiently(token))),
      ),
    );
  }
  expectNoThefts(store, [application]);
  await application.close();
  const raw = summarise(`${store}: ${sessions} × 3 raw compare-and-sets`, rawMs);
  const ours = summarise(`${store}: stampede of ${sessions} × 3 tabs`, oursMs);
  return [
    row("store-load", raw, raw, "ms"),
    gated(row("store-load", ours, raw, "ms"), "median", MOST_STAMPEDE_MS),
  ];
}

/** Refreshes while all of `rows` expired rows are deleted, a share of them in each round. */
async function cleanUp(store: TargetName, target: Target, { rows, rounds, roundMs }: Effort): Promise<Row[]> {
  await target.fill(rows, 1);
  const application = startApplication(target.open());
  const cleaner = target.open();
  const lanes = await Promise.all(times(IN_FLIGHT, () => application.signIn()));
  const refresh = async (lane: number): Promise<void> => {
    lanes[lane] = await application.refresh(lanes[lane] ?? "");
  };
  const [alone, disturbed]: [Load[], Load[]] = [[], []];
  await load(IN_FLIGHT, after(roundMs * ROUND_FACTOR), refresh);
  const locks = await target.watchLocks?.();
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await load(IN_FLIGHT, after(roundMs * ROUND_FACTOR), refresh));
    let isOver = false;
    const cleaning = cleanSome(cleaner, Math.ceil(rows / rounds)).finally(() => {
      isOver = true;
    });
    disturbed.push(await load(IN_FLIGHT, () => isOver, refresh));
    await cleaning;
  }
  // Where the database does not tell, no wait can have been longer than the slowest refresh.
  const longestWaitMs = (await locks?.stop()) ?? Math.max(...disturbed.map(({ longestMs }) => longestMs));
  await cleaner.close();
  await application.close();
  const before = summarise(
    `${store}: refresh, p99`,
    alone.map(({ p99Ms }) => p99Ms),
  );
  const during = summarise(
    `${store}: refresh while ${rows} rows are cleaned up, p99`,
    disturbed.map(({ p99Ms }) => p99Ms),
  );
  const wait = summarise(`${store}: … longest wait for a lock`, [longestWaitMs]);
  return [
    row("store-load", before, before, "ms"),
    gated(row("store-load", during, before, "ms"), "ratio", MOST_TIMES_UNDISTURBED),
    gated(row("store-load", wait, before, "ms"), "median", MOST_LOCK_WAIT_MS),
  ];
}

async function cleanSome(store: ReturnType<Target["open"]>, count: number): Promise<void> {
  let deleted = 0;
  while (deleted < count) {
    const more = await store.deleteExpiredSessions(Date.now(), CLEANED_AT_ONCE);
    if (more === 0) return;
    deleted += more;
  }
}

function expectNoThefts(store: TargetName, applications: readonly Application[]): void {
  for (const one of applications) {
    if (one.thefts() > 0) throw new Error(`${store}: a client that did nothing wrong was called a thief`);
  }
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

async function timeMs(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}
