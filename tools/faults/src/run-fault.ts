import { setTimeout as sleep } from "node:timers/promises";
import type { Backend } from "./backend.ts";
import type { Fault } from "./matrix.ts";
import {
  type App,
  actions,
  type Column,
  columns,
  outcomeOf,
  refresh,
  signIn,
  startApp,
  type User,
} from "./user.ts";

/** A statement's budget and room for a busy machine: security.md ST-02 allows 3 s. */
const ANSWER_LIMIT_MS = 3_500;
const RECOVERY_LIMIT_MS = 5_000;

export interface FaultResult {
  readonly outcomes: Readonly<Record<Column, string>>;
  /** What was wrong, as sentences. Empty when all is as it should be. */
  readonly complaints: readonly string[];
}

/** Breaks the database, has one user per column do one thing, mends it, and looks whether anybody lost anything. */
export async function runFault(fault: Fault, backend: Backend): Promise<FaultResult> {
  const complaints: string[] = [];
  const app = startApp(backend.open());
  const onRejection = (reason: unknown): number => complaints.push(`unhandled rejection: ${String(reason)}`);
  process.on("unhandledRejection", onRejection);
  try {
    const users = await usersFor(app);
    await fault.begin(backend);
    let outcomes: Record<Column, string>;
    try {
      outcomes = await eachColumn(app, users, complaints);
    } finally {
      await fault.end(backend);
    }
    for (const column of columns) {
      if (!fault.expected[column].split("|").includes(outcomes[column])) {
        complaints.push(`${column} was ${outcomes[column]} and should have been ${fault.expected[column]}`);
      }
    }
    await recover(app, users.D, complaints);
    // What failed succeeds when it is tried again, with the tokens that the user holds.
    for (const column of ["D", "R", "C", "X", "M"] as const) {
      if (outcomes[column] === "ok") continue;
      const again = await outcomeOf(actions[column](app, users[column]));
      if (again !== "ok") complaints.push(`${column} was ${again} after the fault had ended`);
    }
    if (app.events.includes("theft")) complaints.push("somebody was called a thief");
    return { outcomes, complaints };
  } finally {
    process.off("unhandledRejection", onRejection);
    await app.session.close();
  }
}

async function usersFor(app: App): Promise<Record<Column, User>> {
  const entries = await Promise.all(
    columns.map(async (column) => {
      const user = await signIn(app);
      // Its refresh token is new and unused: the next refresh has to write.
      return [column, column === "R" ? await refresh(app, user) : user] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<Column, User>;
}

async function eachColumn(
  app: App,
  users: Readonly<Record<Column, User>>,
  complaints: string[],
): Promise<Record<Column, string>> {
  const entries = await Promise.all(
    columns.map(async (column) => {
      const startedMs = performance.now();
      const outcome = await outcomeOf(actions[column](app, users[column]));
      const tookMs = performance.now() - startedMs;
      if (tookMs > ANSWER_LIMIT_MS) complaints.push(`${column} took ${Math.round(tookMs)} ms to answer`);
      return [column, outcome] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<Column, string>;
}

async function recover(app: App, user: User, complaints: string[]): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const outcome = await outcomeOf(actions.D(app, user));
    if (outcome === "ok") return;
    if (outcome !== "503") complaints.push(`a live session got ${outcome} while the database came back`);
    if (performance.now() - startedMs > RECOVERY_LIMIT_MS) {
      complaints.push("the store did not recover within 5 s");
      return;
    }
    await sleep(50);
  }
}
