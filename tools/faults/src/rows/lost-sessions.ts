import { cells, type FaultRow } from "../row.ts";
import { serverOutage } from "./outage.ts";

/** F43, F44: Redis has thrown sessions away. */
export const lostSessions: readonly FaultRow[] = [
  serverOutage({
    id: "F43",
    title: "FLUSHALL",
    stores: ["redis"],
    expected: cells("ok", "401", "401", "ok", "ok", "401"),
    losesSessions: true,
    begin: ({ admin }) => admin("FLUSHALL"),
    end() {},
  }),
  serverOutage({
    id: "F44",
    title: "memory full, allkeys-lru",
    stores: ["redis"],
    expected: cells("ok", "ok|401", "ok|401", "ok", "ok", "ok|401"),
    losesSessions: true,
    async begin({ admin }) {
      await admin("CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory 3mb");
      // Until sessions, and all else that nobody has asked for lately, have been thrown out.
      await admin(...Array.from({ length: 3_000 }, (_, count) => `SET filler-${count} ${"x".repeat(2_000)}`));
    },
    end: ({ admin }) => admin("CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction", "FLUSHALL"),
  }),
  {
    id: "F43",
    title: "FLUSHALL: whoever signs in after it stays signed in, in processes started later too",
    stores: ["redis"],
    expected: cells("ok", "ok", "ok", "ok", "ok", "ok"),
    async run(situation) {
      const { backend } = situation;
      if (!("admin" in backend)) throw new Error("only a server is flushed");
      let passedMs = 0;
      const running = await situation.serve(backend.open(), {
        clock: { wallMs: () => Date.now() + passedMs, monoMs: () => performance.now() + passedMs },
      });
      await situation.signedIn(running.origin);
      await backend.admin("FLUSHALL");
      // A minute is how long a process goes on with a secret and keys that the store may have lost.
      passedMs = 60_000;
      const after = await situation.signedIn(running.origin);
      const later = await situation.serve(backend.open());
      const other = await situation.signedIn(later.origin);
      // An unknown secret makes a process ask the store once a second.
      passedMs += 1_000;
      const outcomes = { V: "", D: "", R: "", C: "", X: "", M: "" };
      for (const column of ["V", "D", "M", "R", "C", "X"] as const) {
        const answers = [await after.act(column, later.origin), await other.act(column, running.origin)];
        outcomes[column] = [...new Set(answers.map(({ outcome }) => outcome))].join("/");
      }
      return outcomes;
    },
  },
];
