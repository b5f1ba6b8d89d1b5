import { type Client, type Column, columns } from "../client.ts";
import { allFine, cells, type FaultRow, type Outcomes, together } from "../row.ts";
import { onServers } from "./on-servers.ts";
import { oneEach } from "./outage.ts";

const usesStore = ["D", "R", "C", "X", "M"] as const;

/** F04, F06, F07: the way to the server loses something, or is narrow, and users hear of nothing. */
export const lostReplies: readonly FaultRow[] = [
  onServers({
    id: "F04",
    title: "the reply to each statement is lost, one at a time",
    expected: allFine,
    async run(situation) {
      const { backend } = situation;
      const { proxy } = backend;
      const app = await situation.serve();
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      for (const column of usesStore) {
        // The nth reply of the operation, until it has no more.
        for (let nth = 1, isReached = true; isReached; nth += 1) {
          const { [column]: client } = await oneEach(situation, app);
          const before = await app.session.getAllSessionHandlesForUser(client.name);
          let replies = 0;
          isReached = false;
          proxy.fault = {
            watch(direction) {
              if (direction === "reply") replies += 1;
              if (replies !== nth || isReached) return "pass";
              isReached = true;
              return "cut";
            },
          };
          const { outcome } = await client.act(column, app.origin);
          proxy.fault = {};
          outcomes[column].push(outcome);
          const after = await app.session.getAllSessionHandlesForUser(client.name);
          const expected = before.length + (column === "C" ? 1 : column === "X" ? -1 : 0);
          if (after.length !== expected) {
            situation.complain(`${column} left ${after.length} sessions and not ${expected}`);
          }
        }
      }
      const { V: other } = await oneEach(situation, app);
      outcomes.V.push((await other.verify(app.origin)).outcome);
      return joined(outcomes);
    },
  }),
  onServers({
    id: "F06",
    title: "one reply in fifty resets its connection, all come up to 50 ms late",
    expected: allFine,
    async run(situation) {
      const { proxy } = situation.backend;
      const app = await situation.serve();
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      const endsAtMs = performance.now() + situation.lengths.resetsForMs;
      proxy.fault = { cutReplyEvery: 50, jitterMs: 50 };
      const live = async (place: number): Promise<void> => {
        const origin = app.origin;
        while (performance.now() < endsAtMs) {
          const client = await situation.signedIn(origin).catch(() => undefined);
          outcomes.C.push(client === undefined ? "not ok" : "ok");
          if (client === undefined) continue;
          for (const column of ["V", "R", "R", "V", "D", "M", "R", "D", "X"] as const) {
            const { outcome, tookMs } = await client.act(column, origin);
            outcomes[column].push(outcome);
            if (tookMs > 3_500) situation.complain(`${column} of ${place} took ${Math.round(tookMs)} ms`);
          }
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, place) => live(place)));
      proxy.fault = {};
      return joined(outcomes);
    },
  }),
  onServers({
    id: "F07",
    title: "up to 50 users at once over a single connection",
    expected: allFine,
    async run(situation) {
      const app = await situation.serve(situation.backend.open(1));
      const wide = await situation.serve();
      const outcomes: Record<Column, string[]> = { V: [], D: [], R: [], C: [], X: [], M: [] };
      for (const column of columns) {
        const clients: Client[] = [];
        while (clients.length < 53) {
          const several = Array.from({ length: 10 }, () => situation.refreshed(wide.origin));
          clients.push(...(await Promise.all(several)));
        }
        let slowestMs = 0;
        for (const alone of clients.splice(50)) {
          slowestMs = Math.max(slowestMs, (await alone.act(column, app.origin)).tookMs);
        }
        // As many as are served in a quarter of the second for which one waits for the connection, on a busy machine too.
        const crowd = clients.slice(0, Math.max(5, Math.floor(250 / slowestMs)));
        const answers = await Promise.all(crowd.map((client) => client.act(column, app.origin)));
        outcomes[column].push(...answers.map(({ outcome }) => outcome));
      }
      return joined(outcomes);
    },
  }),
];

export function joined(outcomes: Readonly<Record<Column, readonly string[]>>): Outcomes {
  const { V, D, R, C, X, M } = outcomes;
  return cells(together(V), together(D), together(R), together(C), together(X), together(M));
}
