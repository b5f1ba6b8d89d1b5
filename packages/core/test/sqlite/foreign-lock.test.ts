import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { resultOf, startChild } from "./child.js";
import { freshPath, liveSession } from "./fixture.js";

interface Outcome {
  readonly outcome: string;
  readonly ms: number;
}

interface Report {
  readonly openMs: number;
  readonly closeMs: number;
  /** Of a thread that did nothing meanwhile. */
  readonly idleMaxMs: number;
  readonly loopMaxMs: number;
  readonly loopP99Ms: number;
  readonly reads: readonly Outcome[];
  readonly writes: readonly Outcome[];
}

/** A store with one session, used by another process while a third one holds the lock for 10 s. */
async function workWhile(kind: "writer" | "everything"): Promise<Report> {
  const path = freshPath();
  const store = sqliteStore({ path });
  await store.insertSession(liveSession());
  await store.close();
  const holder = startChild("hold-lock.mjs", [path, "10000", kind]);
  await holder.line();
  const report = await resultOf<Report>(startChild("work-under-lock.mjs", [path, "12000"]));
  await holder.end();
  console.log(`F50, ${kind}: ${summary(report)}`);
  return report;
}

const thrown = ({ outcome }: Outcome): boolean => outcome.startsWith("threw");
const longest = (outcomes: readonly Outcome[]): number => Math.max(...outcomes.map(({ ms }) => ms));

function summary({ reads, writes, ...times }: Report): string {
  const count = (outcomes: readonly Outcome[]): string =>
    `${outcomes.length} (${outcomes.filter(thrown).length} threw, longest ${longest(outcomes)} ms)`;
  return `${JSON.stringify(times)}, reads ${count(reads)}, writes ${count(writes)}`;
}

function expectPatience({ openMs, closeMs, idleMaxMs, loopMaxMs, reads, writes }: Report): void {
  expect(loopMaxMs).toBeLessThanOrEqual(100 + 2 * idleMaxMs);
  expect(openMs).toBeLessThanOrEqual(100 + 2 * idleMaxMs);
  expect(closeMs).toBeLessThanOrEqual(5_000);
  for (const { outcome, ms } of [...reads, ...writes]) {
    expect(ms).toBeLessThanOrEqual(3_000);
    // Never "no such session".
    expect(outcome).toMatch(/^(ok|threw: the database has been locked by another process)/);
  }
  // Once the lock is free, everything works again.
  expect(writes.at(-1)?.outcome).toBe("ok");
  expect(reads.at(-1)?.outcome).toBe("ok");
}

describe("F50: a foreign process holds the lock for 10 s", { concurrent: true }, () => {
  it("while it holds the write lock, reads go on, writes wait 3 s at most, the event loop never stands still [sec ST-02, ST-03, O-01]", async () => {
    const report = await workWhile("writer");
    expectPatience(report);
    expect(report.reads.filter(thrown)).toEqual([]);
    expect(longest(report.reads)).toBeLessThan(1_000);
    expect(report.writes.some(thrown)).toBe(true);
  }, 60_000);

  it("while nobody else may even read, opening does not wait and every operation throws within 3 s [sec ST-02, O-01]", async () => {
    const report = await workWhile("everything");
    expectPatience(report);
    expect(report.reads.some(thrown)).toBe(true);
  }, 60_000);
});
