import { setTimeout as sleep } from "node:timers/promises";
import { startServerBackend } from "../backend.ts";
import { allFine, cells, type FaultRow } from "../row.ts";
import { doAll, oneEach } from "./outage.ts";

/** F31, F33: a MySQL server that is set up against us. */
export const settingsRows: readonly FaultRow[] = [
  {
    id: "F31",
    title: "sql_mode = '', time zone −11:00, a collation that ignores case",
    stores: ["mysql"],
    expected: allFine,
    async run(situation) {
      const hostile = await startServerBackend("mysql", [
        "--sql-mode=",
        "--default-time-zone=-11:00",
        "--collation-server=utf8mb4_general_ci",
        "--character-set-server=utf8mb4",
      ]);
      situation.onEnd(() => hostile.stop());
      const app = await situation.serve(hostile.open());
      const outcomes = await doAll(situation, app, await oneEach(situation, app));
      // Two users whose names differ in case only, and one with a blank: nobody sees the other's sessions.
      const users = ["anna", "Anna", "anna "];
      for (const user of users) await app.session.createNewSessionWithoutRequestResponse(user);
      for (const user of users) {
        const found = await app.session.getAllSessionHandlesForUser(user);
        if (found.length !== 1) situation.complain(`"${user}" has ${found.length} sessions`);
      }
      return outcomes;
    },
  },
  {
    id: "F33",
    title: "wait_timeout = 1, max_allowed_packet = 16 kB: after a pause, and with 100 kB of session data",
    stores: ["mysql"],
    expected: cells("ok", "ok", "ok", "ok|PAYLOAD_TOO_LARGE", "ok", "ok"),
    async run(situation) {
      const small = await startServerBackend("mysql", ["--wait-timeout=1", "--max-allowed-packet=16384"]);
      situation.onEnd(() => small.stop());
      const app = await situation.serve(small.open());
      const clients = await oneEach(situation, app);
      // The server has closed every connection, and the pool does not know.
      await sleep(1_500);
      const outcomes = await doAll(situation, app, clients);
      const data = { text: "x".repeat(100_000) };
      const large = await app.session.createNewSessionWithoutRequestResponse("user", {}, data).then(
        () => "ok",
        (error: { type?: string }) => error.type ?? String(error),
      );
      for (const outcome of Object.values(await doAll(situation, app, await oneEach(situation, app)))) {
        if (outcome !== "ok") situation.complain(`after a packet that was too large it was ${outcome}`);
      }
      return { ...outcomes, C: [outcomes.C, large].join("/") };
    },
  },
];
