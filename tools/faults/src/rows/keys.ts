import type { Backend } from "../backend.ts";
import { allFine, cells, type FaultRow } from "../row.ts";
import { doAll, oneEach } from "./outage.ts";

const stores = ["sqlite", "postgres", "mysql", "redis"] as const;

/** F60, F61: everything answers but the table of signing keys. */
export const keyRows: readonly FaultRow[] = [
  {
    id: "F60",
    title: "key table unreachable at cold start",
    stores,
    expected: cells("503", "503", "503", "503", "ok", "–"),
    async run(situation) {
      const running = await situation.serve();
      const clients = await oneEach(situation, running);
      const fresh = await situation.serve(situation.backend.open());
      await hideKeys(situation.backend);
      const revoked = clients.X.copy();
      const X = (await revoked.revokeByHandle(fresh.origin)).outcome;
      const outcomes = await doAll(situation, fresh, clients);
      await showKeys(situation.backend);
      const { V } = clients;
      // The table is asked again once a second at most (K-05).
      for (let answer = "503"; answer !== "ok"; ) {
        answer = (await V.verify(fresh.origin)).outcome;
        if (!["ok", "503"].includes(answer)) {
          situation.complain(`a live session got ${answer}`);
          break;
        }
      }
      for (const column of ["D", "R", "C", "M"] as const) {
        const { outcome } = await clients[column].act(column, fresh.origin);
        if (outcome !== "ok") situation.complain(`${column} was ${outcome} when the keys were there again`);
      }
      return { ...outcomes, X, M: "–" };
    },
  },
  {
    id: "F61",
    title: "key table unreachable, keys known",
    stores,
    expected: allFine,
    async run(situation) {
      const app = await situation.serve();
      const clients = await oneEach(situation, app);
      await hideKeys(situation.backend);
      const outcomes = await doAll(situation, app, clients);
      await showKeys(situation.backend);
      return outcomes;
    },
  },
];

/** A table that is gone would be made again, with no keys in it; so it is there, and every statement on it fails. */
const [COLUMN, ASIDE] = ["kid", "kid_aside"];

function hideKeys(backend: Backend): Promise<void> {
  switch (backend.kind) {
    case "memory":
      throw new Error("memory is always reachable");
    case "redis":
      // A text where a hash should be.
      return backend.admin("RENAME {acme}:keys {acme}:aside", "SET {acme}:keys nothing");
    default:
      return backend.admin(rename(backend.kind, COLUMN, ASIDE));
  }
}

function showKeys(backend: Backend): Promise<void> {
  if (backend.kind === "memory") return Promise.resolve();
  if (backend.kind === "redis") return backend.admin("RENAME {acme}:aside {acme}:keys");
  return backend.admin(rename(backend.kind, ASIDE, COLUMN));
}

function rename(kind: "sqlite" | "postgres" | "mysql", from = "", to = ""): string {
  const prefix = kind === "sqlite" ? "" : "acme_";
  return `ALTER TABLE ${prefix}signing_keys RENAME COLUMN ${from} TO ${to}`;
}
