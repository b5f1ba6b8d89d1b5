import { setTimeout as sleep } from "node:timers/promises";
import { TcpProxy } from "@acme/servers";
import type { Backend } from "../backend.ts";
import type { Answer, Client, Column } from "../client.ts";
import { type Instance, until } from "../instance-process.ts";
import { storeKinds } from "../open-store.ts";
import { cells, type FaultRow, type Outcomes } from "../row.ts";
import type { App } from "../serve.ts";
import type { Situation } from "../situation.ts";
import { joined } from "./lost-replies.ts";
import { onFile } from "./on-servers.ts";
import { expectOneChild } from "./outage.ts";

/** F08, F09, F52, F53: a process of the application is killed or stopped in the middle of something. */
export const processRows: readonly FaultRow[] = [
  {
    id: "F08",
    title: "process killed (-9) at every point of an operation; another one goes on",
    stores: storeKinds,
    expected: (kind) =>
      // What is in its memory only is gone with the process.
      kind === "memory"
        ? cells("–", "–", "401", "ok", "try refresh", "try refresh")
        : cells("–", "–", "ok", "ok", "ok", "ok"),
    run: killAtEveryPoint,
  },
  {
    id: "F09",
    title: "process stopped (SIGSTOP) in the middle of an operation, others go on meanwhile",
    stores: storeKinds,
    // After a stop that is longer than an operation may take, its answer is 503. An access token that is two generations
    // old by then is no longer for the store to judge: its browser has a newer one.
    expected: cells("ok", "ok|503|try refresh|–", "ok|503", "ok|503|–", "ok|503", "ok|503"),
    run: stopInTheMiddle,
  },
  onFile({
    id: "F52",
    title: "process killed (-9) at any moment, again and again",
    expected: cells("ok", "ok", "ok", "ok", "ok", "ok"),
    run: killAgainAndAgain,
  }),
  onFile({
    id: "F53",
    title: "4 processes on one file",
    expected: cells("ok", "ok", "ok", "ok", "ok", "ok"),
    async run(situation) {
      const instances = await Promise.all(
        Array.from({ length: 4 }, () => situation.startInstance(situation.backend.address())),
      );
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      const at = (turn: number): string => (instances[turn % 4] as Instance).origin;
      await Promise.all(
        Array.from({ length: 8 }, async (_, place) => {
          for (let life = 0; life < 5; life += 1) {
            const client = await situation.signedIn(at(place + life));
            outcomes.C.push("ok");
            for (const [turn, column] of (
              ["V", "R", "D", "R", "M", "V", "R", "D", "M", "X"] as const
            ).entries()) {
              outcomes[column].push((await client.act(column, at(place + life + turn))).outcome);
            }
          }
        }),
      );
      return joined(outcomes);
    },
  }),
];

/** A process that can be hit by a signal at the nth point of what it does with the store. */
interface Target {
  readonly instance: Instance;
  hitAt(point: number, signal: NodeJS.Signals): Promise<void>;
  /** It has not been hit, and is not to be. */
  spare(): Promise<void>;
}

/**
 * On the way to a server the points are the pieces that its own proxy sees: a request that is about to be sent (it is
 * never sent when the process dies there), a reply that is about to arrive. On a file they are before and after each
 * call to the store, which is done with a statement and its commit at once.
 */
async function startTarget(situation: Situation): Promise<Target> {
  const { backend } = situation;
  if (!("server" in backend)) {
    const instance = await situation.startInstance(backend.address());
    return {
      instance,
      hitAt: (point, signal) => instance.hitAt(point, signal),
      spare: () => instance.hitAt(Number.MAX_SAFE_INTEGER, "SIGCONT"),
    };
  }
  const proxy = await TcpProxy.start(backend.server);
  situation.onEnd(() => proxy.stop());
  const instance = await situation.startInstance(backend.address(proxy));
  return {
    instance,
    async hitAt(point, signal) {
      let seen = 0;
      proxy.fault = {
        watch() {
          seen += 1;
          if (seen !== point) return "pass";
          instance.process.kill(signal);
          // A stopped process finds it when it wakes up.
          return signal === "SIGKILL" ? "drop" : "pass";
        },
      };
    },
    async spare() {
      proxy.fault = {};
    },
  };
}

const changing = ["R", "C", "X", "M"] as const;
type Changing = (typeof changing)[number];

/** Someone who is about to do this, and whose process has its keys and its connection. */
async function about(situation: Situation, origin: string, column: Column): Promise<Client> {
  return column === "R" ? situation.refreshed(origin) : situation.signedIn(origin);
}

async function killAtEveryPoint(situation: Situation): Promise<Outcomes> {
  const successor = await situation.serve(
    situation.backend.kind === "memory" ? undefined : situation.backend.open(),
  );
  const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
  let points = 0;
  for (const column of changing) {
    for (const point of pointsOf(situation, column)) {
      const target = await startTarget(situation);
      const client = await about(situation, target.instance.origin, column);
      await target.hitAt(point, "SIGKILL");
      const { outcome } = await client.act(column, target.instance.origin);
      if (outcome !== "broken") {
        // The last point has been passed: it has been answered.
        if (outcome !== "ok") situation.complain(`${column} was ${outcome} while nothing had happened`);
        await target.instance.end();
        break;
      }
      points += 1;
      await target.instance.ended;
      outcomes[column].push(await goOn(situation, successor, column, client));
    }
    await killBeforeTheAnswer(situation, successor, column, outcomes);
  }
  if (points < 4) situation.complain(`only ${points} processes were killed`);
  return joined(outcomes);
}

/** All of them, or the last reply that the operation waits for. */
function* pointsOf({ lengths, backend }: Situation, column: Changing): Generator<number> {
  if (!lengths.everyFailPoint) {
    yield column === "R" || (column === "M" && "server" in backend) ? 4 : 2;
    return;
  }
  for (let point = 1; ; point += 1) yield point;
}

/** All is committed, and the process dies with the answer on its way to the user. */
async function killBeforeTheAnswer(
  situation: Situation,
  successor: App,
  column: Changing,
  outcomes: Record<Column, string[]>,
): Promise<void> {
  const { instance } = await startTarget(situation);
  const client = await about(situation, instance.origin, column);
  const { hostname, port } = new URL(instance.origin);
  const road = await TcpProxy.start({ host: hostname, port: Number(port) });
  situation.onEnd(() => road.stop());
  road.fault = {
    watch(direction) {
      if (direction === "request") return "pass";
      instance.process.kill("SIGKILL");
      return "drop";
    },
  };
  const { outcome } = await client.act(column, `http://127.0.0.1:${road.port}`);
  if (outcome !== "broken") situation.complain(`the answer to ${column} was to be lost and was ${outcome}`);
  await instance.ended;
  outcomes[column].push(await goOn(situation, successor, column, client));
}

/** The user tries again elsewhere, with what they hold. Nothing has been done by half. */
async function goOn(situation: Situation, successor: App, column: Changing, client: Client): Promise<string> {
  const { origin, session } = successor;
  const tab = client.copy();
  const { outcome } = await client.act(column, origin);
  if (situation.backend.kind === "memory") return outcome;
  switch (column) {
    case "R": {
      // The same child for the same token, and it is good.
      await tab.refresh(origin);
      if (tab.refreshToken !== client.refreshToken) situation.complain("a refresh token got two children");
      await expectOneChild(situation, successor, client);
      return outcome;
    }
    case "C": {
      // The session before, the one that may have been made without anyone hearing of it, and this one.
      const sessions = await session.getAllSessionHandlesForUser(client.name);
      if (sessions.length > 3) situation.complain(`${sessions.length} sessions came of two logins`);
      await session.revokeAllSessionsForUser(client.name);
      const after = (await client.verifyInStore(origin)).outcome;
      if (after !== "401") situation.complain(`a session that had been revoked was ${after}`);
      return outcome;
    }
    case "X": {
      const after = [(await tab.verifyInStore(origin)).outcome, (await tab.refresh(origin)).outcome];
      if (after.join() !== "401,401") situation.complain(`after the sign-out: ${after.join()}`);
      return outcome;
    }
    case "M": {
      const { body } = await client.verifyInStore(origin);
      if (body.merged !== true) situation.complain("what was merged is not there");
      await expectOneChild(situation, successor, client);
      return outcome;
    }
  }
}

async function stopInTheMiddle(situation: Situation): Promise<Outcomes> {
  const { lengths, backend } = situation;
  const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
  const elsewhere = await situation.serve(backend.kind === "memory" ? undefined : backend.open());
  const stopped: (() => Promise<void>)[] = [];
  for (const column of ["V", "D", ...changing] as const) {
    // What neither reads before it writes nor is read again has nothing to overwrite.
    if (!lengths.everyFailPoint && (column === "C" || column === "D")) continue;
    for (let point = lengths.everyFailPoint ? 1 : 2; ; point += 1) {
      const target = await startTarget(situation);
      const { instance } = target;
      const client = await about(situation, instance.origin, column);
      // Its watch for stalls begins with the first refresh.
      await (await situation.signedIn(instance.origin)).refresh(instance.origin);
      const twin = client.copy();
      await target.hitAt(point, "SIGSTOP");
      const answering = client.act(column, instance.origin);
      const isStopped = await Promise.race([
        answering.then(() => false),
        until(() => instance.isStopped()).then(() => true),
      ]);
      if (!isStopped) {
        await target.spare();
        // Not reached any more, or (V) never there: stopped with the request before it.
        if (column === "V") stopped.push(await stopWithRequest(situation, instance, outcomes));
        else await instance.end();
        break;
      }
      if (backend.kind !== "memory") await moveOn(situation, elsewhere, column, twin);
      stopped.push(async () => {
        instance.process.kill("SIGCONT");
        const answer = await answering;
        outcomes[column].push(answer.outcome);
        if (backend.kind !== "memory") await expectNoOverwrite(situation, elsewhere, column, twin, answer);
        await instance.end();
      });
      if (!lengths.everyFailPoint) break;
    }
  }
  // All of them stand still for the same time.
  await sleep(lengths.stoppedForMs);
  for (const wake of stopped) await wake();
  return joined(outcomes);
}

async function stopWithRequest(
  situation: Situation,
  instance: Instance,
  outcomes: Record<Column, string[]>,
): Promise<() => Promise<void>> {
  const client = await situation.signedIn(instance.origin);
  instance.process.kill("SIGSTOP");
  await until(() => instance.isStopped());
  const answering = client.verify(instance.origin);
  return async () => {
    instance.process.kill("SIGCONT");
    outcomes.V.push((await answering).outcome);
    await instance.end();
  };
}

/** What happens on other machines while one stands still: the session is used, changed, and goes on twice. */
async function moveOn(situation: Situation, { origin }: App, column: Column, twin: Client): Promise<void> {
  if (column === "X" || column === "C") return;
  const steps: Answer[] = [await twin.merge(origin, "elsewhere")];
  for (let rotation = 0; rotation < 2; rotation += 1) {
    steps.push(await twin.refresh(origin), await twin.verify(origin));
  }
  for (const { outcome } of steps) if (outcome !== "ok") situation.complain(`elsewhere it was ${outcome}`);
}

async function expectNoOverwrite(
  situation: Situation,
  { origin }: App,
  column: Column,
  twin: Client,
  answer: Answer,
): Promise<void> {
  if (column === "X") {
    if (answer.outcome === "503") await twin.signOut(origin);
    const after = (await twin.refresh(origin)).outcome;
    if (after !== "401") situation.complain(`a session that had been signed out was ${after}`);
    return;
  }
  if (column === "C") return;
  const { outcome, body } = await twin.verifyInStore(origin);
  if (outcome !== "ok") situation.complain(`${column}: who had moved on was ${outcome} afterwards`);
  if (body.elsewhere !== true)
    situation.complain(`${column}: what had been merged elsewhere was overwritten`);
  if (column === "M" && answer.outcome === "ok" && body.merged !== true) {
    situation.complain("what was merged is not there");
  }
  const next = [(await twin.refresh(origin)).outcome, (await twin.verifyInStore(origin)).outcome];
  if (next.join() !== "ok,ok") situation.complain(`${column}: then ${next.join()}`);
}

/** Users live on a process until it is killed under them, and go on with what they hold on the next one. */
async function killAgainAndAgain(situation: Situation<Backend>): Promise<Outcomes> {
  const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
  const { backend, lengths } = situation;
  for (let kill = 0; kill < lengths.kills; kill += 1) {
    const instance = await situation.startInstance(backend.address());
    const { origin } = instance;
    const clients = await Promise.all([1, 2, 3].map(() => situation.signedIn(origin)));
    const lives = clients.map(async (client) => {
      let last: Changing | "V" = "V";
      let before = client.copy();
      for (let turn = 0; ; turn += 1) {
        last = (["R", "V", "M", "R", "V", "X"] as const)[turn % 6] ?? "V";
        before = client.copy();
        const { outcome } = await client.act(last, origin);
        if (outcome === "broken") return { before, last };
        outcomes[last].push(outcome);
        // Signed out, and not in again: as one whose sign-out was cut off.
        if (last === "X" && (await client.signIn(origin)).outcome === "broken") return { before, last };
      }
    });
    await sleep(Math.random() * 60);
    instance.process.kill("SIGKILL");
    const ends = await Promise.all(lives);
    await instance.ended;
    const successor = await situation.startInstance(backend.address());
    for (const { before, last } of ends) {
      const tab = before.copy();
      const retry = await before.refresh(successor.origin);
      // Only a sign-out may have ended it.
      if (last === "X" && retry.outcome === "401") continue;
      outcomes.R.push(retry.outcome);
      await tab.refresh(successor.origin);
      if (tab.refreshToken !== before.refreshToken) situation.complain("a refresh token got two children");
      for (const column of ["V", "D", "M", "X"] as const) {
        outcomes[column].push((await before.act(column, successor.origin)).outcome);
      }
      outcomes.C.push((await before.signIn(successor.origin)).outcome);
    }
    await successor.end();
  }
  return joined(outcomes);
}
