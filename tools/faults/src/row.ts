import type { Backend } from "./backend.ts";
import { type Column, columns } from "./client.ts";
import type { Lengths } from "./lengths.ts";
import type { StoreKind } from "./open-store.ts";
import { Situation } from "./situation.ts";

export type Outcomes = Readonly<Record<Column, string>>;

/** One row of the fault matrix (security.md §21), or one of the load matrix that needs real processes (§22). */
export interface FaultRow<B extends Backend = Backend> {
  readonly id: string;
  readonly title: string;
  readonly stores: readonly StoreKind[];
  /** Allowed outcomes per column: `"ok"`, `"503"`, `"ok|503"`; `"–"` where there is nothing to do. */
  readonly expected: Outcomes | ((kind: StoreKind) => Outcomes);
  /** Left to `npm run faults`: it takes long, and users hardly see more in it than in another row. */
  readonly isSlow?: boolean;
  /** Why it cannot be done on this machine. */
  reasonAgainst?(): string | undefined;
  /** @returns what came of it per column; several different outcomes with `/` between them */
  run(situation: Situation<B>): Promise<Outcomes>;
}

export interface RowResult {
  readonly outcomes: Outcomes;
  /** What was wrong, as sentences. Empty when all is as it should be. */
  readonly complaints: readonly string[];
  /** What was measured. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** V, D, R, C, X, M. */
export const cells = (V: string, D: string, R: string, C: string, X: string, M: string): Outcomes => ({
  V,
  D,
  R,
  C,
  X,
  M,
});
const nothing = cells("–", "–", "–", "–", "–", "–");
export const allFine = cells("ok", "ok", "ok", "ok", "ok", "ok");
export const allGone = cells("ok", "503", "503", "503", "503", "503");
export const readsOnly = cells("ok", "ok", "503", "503", "503", "503");

/** Breaks the database, lets users do what they do, and says whether it was as it should be. */
export async function runRow(row: FaultRow, backend: Backend, lengths: Lengths): Promise<RowResult> {
  const startedMs = performance.now();
  const situation = new Situation(backend, lengths);
  const onRejection = (reason: unknown): void => situation.complain(`unhandled rejection: ${String(reason)}`);
  process.on("unhandledRejection", onRejection);
  let outcomes = nothing;
  try {
    outcomes = await row.run(situation);
  } catch (error) {
    situation.complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await situation.end();
    process.off("unhandledRejection", onRejection);
  }
  const expected = typeof row.expected === "function" ? row.expected(backend.kind) : row.expected;
  for (const column of columns) {
    const allowed = expected[column].split("|");
    if (outcomes[column].split("/").every((outcome) => allowed.includes(outcome))) continue;
    situation.complain(`${column} was ${outcomes[column]} and should have been ${expected[column]}`);
  }
  return {
    outcomes,
    complaints: situation.complaints,
    notes: situation.notes,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

/** Several outcomes of the same thing: each once. */
export function together(outcomes: readonly string[]): string {
  return outcomes.length === 0 ? "–" : [...new Set(outcomes)].sort().join("/");
}
