import { generateKeyPairSync, sign } from "node:crypto";
import { type Measured, summarise } from "../measure.ts";
import { gated, type Row, row } from "../row.ts";
import { startApplication } from "../stores/application.ts";
import { after, type Load, load } from "../stores/load.ts";
import { type TargetName, withTarget } from "../stores/start-target.ts";
import type { Target } from "../stores/target.ts";
import type { Effort, Suite } from "./suite.ts";

const IN_FLIGHT = 16;
/** A round at a store takes so many times what a round in process takes: there, a step is a trip to a server. */
const ROUND_FACTOR = 8;
const RAW_ROWS = 1_000;
/** Half as many per second as the slower of the two primitives (security.md L-03, L-04). */
const MOST_TIMES_RAW = 2;
const MOST_P99_MS = 100;

/**
 * Logins and refreshes, 16 at a time, beside the two primitives that each of them needs: one signature, and one
 * statement through the bare driver with as many connections and the same durability. Time is the clock's where the
 * database is another process, and the CPU time of both processes stands beside it; else it is this process's CPU time.
 */
export const storesSuite: Suite = {
  name: "stores",
  title: "Create and refresh beside raw signature and raw statement, 16 in flight",
  packages: ["pg", "mysql2", "ioredis"],
  async run(effort) {
    const rows: Row[] = [];
    for (const name of effort.stores) {
      rows.push(...(await withTarget(name, (target) => costsOf(name, target, effort))));
    }
    return rows;
  },
};

async function costsOf(store: TargetName, target: Target, { rounds, roundMs }: Effort): Promise<Row[]> {
  const application = startApplication(target.open());
  const signName = `${store}: raw ES256 crypto.sign`;
  const cheapestSignName = `${signName}, DER`;
  let count = 0;
  const nextHandle = (): string => `raw-${(count++).toString(16).padStart(28, "0")}`;
  const handles = Array.from({ length: RAW_ROWS }, nextHandle);
  for (const handle of handles) await target.rawInsert(handle);
  const signInAll = () => Promise.all(Array.from({ length: IN_FLIGHT }, () => application.signIn()));
  const [inUse, unused] = [await signInAll(), await signInAll()];
  const steps = {
    [signName]: rawSign({ dsaEncoding: "ieee-p1363" }),
    [cheapestSignName]: rawSign(),
    [`${store}: raw insert`]: () => target.rawInsert(nextHandle()),
    [`${store}: create`]: () => application.signIn(),
    [`${store}: raw compare-and-set`]: () => target.rawCas(handles[count++ % RAW_ROWS] ?? ""),
    // As browsers do: the token has been in use since it was issued. One read.
    [`${store}: refresh`]: (lane: number) => application.refresh(inUse[lane] ?? ""),
    // The token has never been in use: one read, and one compare-and-set that makes it the current one.
    [`${store}: refresh of an unused token`]: async (lane: number) => {
      unused[lane] = await application.refresh(unused[lane] ?? "");
    },
  };
  const loads = new Map<string, Load[]>(Object.keys(steps).map((name) => [name, []]));
  const run = async (name: string, step: (lane: number) => unknown, durationMs: number): Promise<Load> =>
    load(name.startsWith(signName) ? 1 : IN_FLIGHT, after(durationMs), step);
  // Once without counting: everything is compiled then, and every connection open.
  for (const [name, step] of Object.entries(steps)) await run(name, step, roundMs * ROUND_FACTOR);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, step] of Object.entries(steps)) {
      loads.get(name)?.push(await run(name, step, roundMs * ROUND_FACTOR));
    }
  }
  await application.close();

  const isInProcess = store === "memory" || store === "sqlite";
  const timeOf = (name: string): Measured =>
    summarise(name, loads.get(name)?.map((one) => (isInProcess ? one.cpuPerStepNs : one.perStepNs)) ?? []);
  const cpuOf = (name: string): Measured =>
    summarise(`${name}, CPU`, loads.get(name)?.map(({ cpuPerStepNs }) => cpuPerStepNs) ?? []);
  const p99Of = (name: string): Measured =>
    summarise(`${name}, p99`, loads.get(name)?.map(({ p99Ms }) => p99Ms) ?? []);
  const [sign, cheapestSign] = [timeOf(signName), timeOf(cheapestSignName)];
  const beside = (statement: string, ...ours: string[]): Row[] => {
    const raw = timeOf(statement);
    const dearer = (signature: Measured): Measured => (raw.median > signature.median ? raw : signature);
    const besideRaw = (name: string): Row[] => [
      gated(row("stores", timeOf(name), dearer(sign)), "ratio", MOST_TIMES_RAW),
      row("stores, beside the cheapest signature", timeOf(name), dearer(cheapestSign)),
      ...(isInProcess ? [] : [row("stores", cpuOf(name), cpuOf(statement))]),
      gated(row("stores", p99Of(name), p99Of(statement), "ms"), "median", MOST_P99_MS),
    ];
    return [row("stores", raw, raw), ...ours.flatMap(besideRaw)];
  };
  return [
    row("stores", sign, sign),
    row("stores", cheapestSign, sign),
    ...beside(`${store}: raw insert`, `${store}: create`),
    ...beside(`${store}: raw compare-and-set`, `${store}: refresh`, `${store}: refresh of an unused token`),
  ];
}

/** As a token carries it, or, without options, the fastest that Node has: DER by the bare key. */
function rawSign(options?: { dsaEncoding: "ieee-p1363" }): () => unknown {
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const bytes = Buffer.alloc(600);
  return options === undefined
    ? () => sign("sha256", bytes, key)
    : () => sign("sha256", bytes, { key, ...options });
}
