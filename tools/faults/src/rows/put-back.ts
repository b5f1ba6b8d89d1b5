import type { Clock } from "@acme/session-core";
import type { Column } from "../client.ts";
import { storeKinds } from "../open-store.ts";
import { cells, type FaultRow } from "../row.ts";
import { joined } from "./lost-replies.ts";
import { oneEach } from "./outage.ts";

const HOUR_MS = 3_600_000;

/** F10–F12: the row is not what it was, or the time is not what it is. */
export const putBack: readonly FaultRow[] = [
  // The store does not know the access token's generation: the browser refreshes first (wire-contract.md G-15b).
  rowPutBack("F10", 1, "row put back one generation", cells("ok", "try refresh", "ok", "–", "ok", "ok")),
  rowPutBack("F11", 2, "row put back two generations", cells("ok", "try refresh", "401", "–", "ok", "ok")),
  {
    id: "F12",
    title: "the clock of one machine is +90 s, −90 s, −1 h, +2 y for a moment",
    stores: storeKinds,
    expected: (kind) => {
      // These two have no clock of their own: for a moment nobody can tell whether the session has ended.
      const isLocal = kind === "memory" || kind === "sqlite";
      const changed = isLocal ? "ok|404" : "ok";
      return cells("ok|try refresh", "ok|try refresh", isLocal ? "ok|503" : "ok", "ok", changed, changed);
    },
    async run(situation) {
      let wrongByMs = 0;
      const clock: Clock = { wallMs: () => Date.now() + wrongByMs, monoMs: () => performance.now() };
      const app = await situation.serve(situation.backend.open(), { clock });
      const right = await situation.serve(situation.backend.open());
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      for (const byMs of [90_000, -90_000, -HOUR_MS, 2 * 365 * 24 * HOUR_MS]) {
        const clients = await oneEach(situation, app);
        wrongByMs = byMs;
        const { origin } = app;
        const doings = [
          ["V", clients.V.verify(origin)],
          ["D", clients.D.verifyInStore(origin)],
          ["R", clients.R.refresh(origin)],
          ["C", clients.C.signIn(origin)],
          // By handle: whether a token has expired is the first two columns' question.
          ["X", clients.X.revokeByHandle(origin)],
          ["M", clients.M.mergeByHandle(origin)],
        ] as const;
        for (const [column, doing] of doings) outcomes[column].push((await doing).outcome);
        wrongByMs = 0;
        // The moment has passed: everybody goes on, there and on a machine whose clock was right all the time.
        for (const column of ["V", "D", "R", "C", "M"] as const) {
          for (const { origin } of [app, right]) {
            const { outcome } = await clients[column].refresh(origin);
            if (outcome !== "ok") situation.complain(`${column} was ${outcome} after ${byMs} ms were undone`);
          }
        }
        const revoked = (await clients.X.refresh(right.origin)).outcome;
        if (revoked !== "401") situation.complain(`what was revoked at ${byMs} ms was ${revoked}`);
      }
      return joined(outcomes);
    },
  },
  {
    id: "F12",
    title: "two machines 90 s apart agree on the grace of a replaced token",
    // A server's clock decides; on one machine there is one clock.
    stores: ["postgres", "mysql", "redis"],
    expected: cells("–", "–", "ok", "–", "–", "–"),
    async run(situation) {
      const shifted = (byMs: number): Clock => ({
        wallMs: () => Date.now() + byMs,
        monoMs: () => performance.now(),
      });
      const ahead = await situation.serve(situation.backend.open(), { clock: shifted(90_000) });
      const behind = await situation.serve(situation.backend.open(), { clock: shifted(-90_000) });
      const outcomes: string[] = [];
      for (const [first, second] of [
        [ahead, behind],
        [behind, ahead],
      ] as const) {
        const client = await situation.signedIn(first.origin);
        const late = client.copy();
        await client.refresh(first.origin);
        await client.verify(first.origin);
        outcomes.push((await late.refresh(second.origin)).outcome);
        if (!second.events.includes("grace_hit")) situation.complain("the grace was not what let it pass");
      }
      return cells("–", "–", [...new Set(outcomes)].join("/"), "–", "–", "–");
    },
  },
];

function rowPutBack(id: string, generations: 1 | 2, title: string, expected: FaultRow["expected"]): FaultRow {
  return {
    id,
    title,
    stores: storeKinds,
    expected,
    async run(situation) {
      const app = await situation.serve();
      const raw = situation.backend.open();
      situation.onEnd(() => raw.close());
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      for (const column of ["V", "D", "R", "X", "M"] as const) {
        const client = await situation.signedIn(app.origin);
        const old = await raw.getSession(client.handle, Date.now());
        if (old === undefined) throw new Error("there is no row");
        for (let count = 0; count < generations; count += 1) {
          await client.refresh(app.origin);
          // Its first use makes the new generation the current one.
          await client.verify(app.origin);
        }
        await raw.deleteSessions([client.handle], Date.now());
        await raw.insertSession(old);
        outcomes[column].push((await client.act(column, app.origin)).outcome);
        if (column === "R" && generations === 1) {
          for (const again of [await client.refresh(app.origin), await client.verifyInStore(app.origin)]) {
            if (again.outcome !== "ok") situation.complain(`it went on with ${again.outcome}`);
          }
        }
      }
      if (generations === 2 && !app.events.includes("store_regression")) {
        situation.complain("operators were not told that the store has gone back");
      }
      return joined(outcomes);
    },
  };
}
