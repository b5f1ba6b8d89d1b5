import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, FileBackend, ServerBackend } from "../backend.ts";
import { type Client, type Column, columns } from "../client.ts";
import type { FaultRow, Outcomes } from "../row.ts";
import type { Situation } from "../situation.ts";

/** A statement's budget and room for a busy machine: security.md ST-02 allows 3 s. */
const ANSWER_LIMIT_MS = 3_500;
const RECOVERY_LIMIT_MS = 5_000;

/** The application, here or in a process of its own. */
export interface Served {
  readonly origin: string;
}

/** A fault that begins and ends. */
export interface Outage<B extends Backend> extends Omit<FaultRow, "run" | "expected"> {
  readonly expected: FaultRow["expected"];
  begin(backend: B, situation: Situation<B>): Promise<void> | void;
  end(backend: B): Promise<void> | void;
  /** Sessions are really lost by it: whoever is told so (401) is not expected to come back. */
  readonly losesSessions?: boolean;
}

export const serverOutage = (outage: Outage<ServerBackend>): FaultRow => asRow(outage);
export const fileOutage = (outage: Outage<FileBackend>): FaultRow => asRow(outage);

function asRow<B extends Backend>(outage: Outage<B>): FaultRow {
  const run = (situation: Situation<B>): Promise<Outcomes> => runOutage(outage, situation);
  // `stores` says that only such backends come here.
  return { ...outage, run: run as unknown as FaultRow["run"] };
}

/** Breaks the database, has one user per column do one thing, mends it, and looks whether anybody lost anything. */
async function runOutage<B extends Backend>(outage: Outage<B>, situation: Situation<B>): Promise<Outcomes> {
  const { backend } = situation;
  const app = await situation.serve();
  const clients = await oneEach(situation, app);
  const signingOut = clients.X.copy();
  await outage.begin(backend, situation);
  let outcomes: Outcomes;
  try {
    outcomes = await doAll(situation, app, clients);
  } finally {
    await outage.end(backend);
  }
  await recover(situation, app, outage.losesSessions ? await whoSignsInAgain(situation, app) : clients.D);
  // What failed succeeds when it is tried again, with the tokens that the user holds.
  for (const column of columns) {
    const { [column]: outcome } = outcomes;
    if (outcome === "ok" || column === "V" || (outage.losesSessions && outcome === "401")) continue;
    const again = await clients[column].act(column, app.origin);
    if (again.outcome !== "ok")
      situation.complain(`${column} was ${again.outcome} after the fault had ended`);
  }
  if (!outage.losesSessions) await expectOneChild(situation, app, clients.R);
  // A sign-out that was acknowledged has taken place.
  const after = await signingOut.verifyInStore(app.origin);
  if (after.outcome !== "401") situation.complain(`a session that had been signed out was ${after.outcome}`);
  return outcomes;
}

/** One user for each column: that of R holds a refresh token which was never used. */
export async function oneEach(situation: Situation<Backend>, app: Served): Promise<Record<Column, Client>> {
  const entries = await Promise.all(
    columns.map(async (column) => [
      column,
      await (column === "R" ? situation.refreshed(app.origin) : situation.signedIn(app.origin)),
    ]),
  );
  return Object.fromEntries(entries) as Record<Column, Client>;
}

/** Each does what its column says, all at the same time. */
export async function doAll(
  situation: Situation<Backend>,
  app: Served,
  clients: Readonly<Record<Column, Client>>,
): Promise<Outcomes> {
  const entries = await Promise.all(
    columns.map(async (column) => {
      const { outcome, tookMs } = await clients[column].act(column, app.origin);
      if (tookMs > ANSWER_LIMIT_MS) situation.complain(`${column} took ${Math.round(tookMs)} ms to answer`);
      return [column, outcome];
    }),
  );
  return Object.fromEntries(entries) as Outcomes;
}

/** Waits until the store answers; what a live session hears meanwhile is 503 and nothing else. */
export async function recover(situation: Situation<Backend>, app: Served, client: Client): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const { outcome } = await client.verifyInStore(app.origin);
    if (outcome === "ok") return;
    if (outcome !== "503") situation.complain(`a live session got ${outcome} while the database came back`);
    if (performance.now() - startedMs > RECOVERY_LIMIT_MS) {
      situation.complain("the store did not recover within 5 s");
      return;
    }
    await sleep(50);
  }
}

async function whoSignsInAgain(situation: Situation<Backend>, app: Served): Promise<Client> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await situation.signedIn(app.origin);
    } catch (error) {
      if (performance.now() - startedMs > RECOVERY_LIMIT_MS) throw error;
      await sleep(50);
    }
  }
}

/** The same refresh token twice gives the same child, and the child is good. */
export async function expectOneChild(
  situation: Situation<Backend>,
  app: Served,
  client: Client,
): Promise<void> {
  const tab = client.copy();
  for (const one of [client, tab]) {
    const { outcome } = await one.refresh(app.origin);
    if (outcome !== "ok") situation.complain(`a refresh afterwards was ${outcome}`);
  }
  if (client.refreshToken !== tab.refreshToken) situation.complain("a refresh token got two children");
  const { outcome } = await client.verifyInStore(app.origin);
  if (outcome !== "ok") situation.complain(`the child of a refresh was ${outcome}`);
}
