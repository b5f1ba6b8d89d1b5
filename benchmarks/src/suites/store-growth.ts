import { type Measured, summarise } from "../measure.ts";
import { gated, type Row, row } from "../row.ts";
import { FIRST_HASH, filled, PAYLOAD_JSON } from "../stores/raw-session.ts";
import { type TargetName, withTarget } from "../stores/start-target.ts";
import type { Target } from "../stores/target.ts";
import type { Effort, Suite } from "./suite.ts";

/** security.md L-11. */
const MOST_TIMES_A_TENTH = 3;
/** How often an operation is done in a round; the median is the round's figure. */
const TIMES = 40;
const EXPIRED_EVERY = 10;
const CLEANED_AT_ONCE = 20;
const CLEANED_TIMES = 2;

/**
 * What every operation of a store takes with a hundredth, a tenth and all of `rows` sessions in it. The three databases
 * run side by side, so that a slow moment of the machine falls on all of them.
 */
export const storeGrowthSuite: Suite = {
  name: "growth",
  title: "Cost growth: one operation at a time on stores of three sizes, time of the clock",
  packages: ["pg", "mysql2", "ioredis"],
  async run(effort) {
    const rows: Row[] = [];
    for (const name of effort.stores.filter((one) => one !== "memory"))
      rows.push(...(await growthOf(name, effort)));
    return rows;
  },
};

function growthOf(store: TargetName, { rows, rounds }: Effort): Promise<Row[]> {
  const sizes = [rows / 100, rows / 10, rows].map(Math.ceil);
  return withTarget(store, (small) =>
    withTarget(store, (medium) =>
      withTarget(store, async (large) => {
        const grown = [small, medium, large].map((target, index) => start(target, sizes[index] ?? 0));
        for (const { fill } of grown) await fill();
        const samples = new Map<string, number[]>();
        // The first round counts for nothing: everything is compiled then, and every connection open.
        for (let round = 0; round <= rounds; round += 1) {
          for (const { size, run } of grown) {
            for (const [operation, tookNs] of Object.entries(await run(round))) {
              const name = caseName(store, operation, size);
              if (round === 0) samples.set(name, []);
              else samples.get(name)?.push(tookNs);
            }
          }
        }
        for (const { close } of grown) await close();
        return rowsOf(store, sizes, samples);
      }),
    ),
  );
}

function rowsOf(store: TargetName, sizes: readonly number[], samples: ReadonlyMap<string, number[]>): Row[] {
  const operations = new Set([...samples.keys()].map((name) => name.split(", ")[0]?.split(": ")[1] ?? ""));
  const measured = (operation: string, size: number): Measured => {
    const name = caseName(store, operation, size);
    return summarise(name, samples.get(name) ?? []);
  };
  return [...operations].flatMap((operation) => {
    const [small, medium, large] = sizes.map((size) => measured(operation, size));
    if (small === undefined || medium === undefined || large === undefined)
      throw new Error("nothing was measured");
    return [
      row("growth", small, small),
      row("growth", medium, small),
      gated(row("growth", large, medium), "ratio", MOST_TIMES_A_TENTH),
    ];
  });
}

const caseName = (store: TargetName, operation: string, size: number): string =>
  `${store}: ${operation}, ${size} rows`;

/** One database of one size, and a round of every operation on it, each on rows that no other has touched. */
function start(target: Target, size: number) {
  const store = target.open();
  let next = 0;
  const nextRow = (): number => {
    // A prime number of rows further on each time; rows that have expired are left out.
    next = (next + 7919) % size;
    return next % EXPIRED_EVERY === 0 ? nextRow() : next;
  };
  return {
    size,
    fill: () => target.fill(size, EXPIRED_EVERY),
    close: () => store.close(),

    async run(round: number): Promise<Record<string, number>> {
      const nowMs = Date.now();
      const handles = Array.from({ length: TIMES }, (_, index) => `new-${round}-${index}`);
      const rows = handles.map(nextRow);
      const users = handles.map((_, index) => `new-user-${round}-${index}`);
      const each = (step: (index: number) => Promise<unknown>) => medianNs(TIMES, step);
      const row = (index: number): string => filled.handle(rows[index] ?? 0);
      return {
        create: await each((index) =>
          store.insertSession({
            handle: handles[index] ?? "",
            tenantId: "public",
            userId: users[index] ?? "",
            refreshTokenHash2: FIRST_HASH,
            previousRefreshTokenHash2: null,
            secretId: "8characs",
            previousSecretId: null,
            generation: 0,
            rotatedAtMs: null,
            sessionDataJson: "{}",
            accessTokenPayloadJson: PAYLOAD_JSON,
            createdAtMs: nowMs,
            expiresAtMs: filled.expiresMs(),
            absoluteExpiresAtMs: filled.absoluteMs(),
          }),
        ),
        read: await each((index) => found(store.getSession(row(index), nowMs))),
        promote: await each((index) =>
          found(
            store.promoteSession({
              handle: handles[index] ?? "",
              expectedRefreshTokenHash2: FIRST_HASH,
              nextRefreshTokenHash2: "b".repeat(64),
              nextSecretId: "8characs",
              nowMs,
              expiresAtMs: nowMs + 86_400_000,
            }),
          ),
        ),
        merge: await each((index) =>
          found(store.updateAccessTokenPayload(row(index), nowMs, () => `{"round":${round}}`)),
        ),
        "replace data": await each((index) => store.replaceSessionData(row(index), nowMs, `{"r":${round}}`)),
        "list a user's": await each((index) =>
          store.listSessionHandles(filled.user(rows[index] ?? 0), undefined, nowMs),
        ),
        "sign out": await medianNs(TIMES / 2, (index) =>
          store.deleteSessions([handles[2 * index] ?? ""], nowMs),
        ),
        "sign a user out": await medianNs(TIMES / 2, (index) =>
          store.deleteSessionsOfUser(users[2 * index + 1] ?? "", undefined, nowMs),
        ),
        [`clean ${CLEANED_AT_ONCE} up`]: await medianNs(CLEANED_TIMES, () =>
          store.deleteExpiredSessions(nowMs, CLEANED_AT_ONCE),
        ),
      };
    },
  };
}

async function found(answer: Promise<unknown>): Promise<void> {
  if ((await answer) === undefined) throw new Error("a row that was filled in is not there");
}

async function medianNs(times: number, step: (index: number) => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const started = performance.now();
    await step(index);
    samples.push((performance.now() - started) * 1e6);
  }
  return summarise("", samples).median;
}
