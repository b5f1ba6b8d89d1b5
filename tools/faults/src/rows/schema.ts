import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import type { Backend } from "../backend.ts";
import { cells, type FaultRow } from "../row.ts";
import { doAll, expectOneChild, oneEach } from "./outage.ts";

/** F13: what another release has written, or has not. */
export const schemaRows: readonly FaultRow[] = [
  {
    id: "F13",
    title: "a newer release has added a field and filled it: it stays",
    stores: ["memory", "sqlite", "postgres", "mysql", "redis"],
    expected: cells("ok", "ok", "ok", "ok", "ok", "ok"),
    async run(situation) {
      const { backend } = situation;
      const app = await situation.serve();
      const clients = await oneEach(situation, app);
      await addField(
        situation,
        backend,
        Object.values(clients).map(({ handle }) => handle),
      );
      const outcomes = await doAll(situation, app, clients);
      await expectOneChild(situation, app, clients.R);
      for (const column of ["V", "D", "R", "M"] as const) {
        const field = await readField(backend, clients[column].handle);
        if (field !== "of a newer release") situation.complain(`${column} has lost the field`);
      }
      return outcomes;
    },
  },
  {
    id: "F13",
    title: "the tables are those of the release before: a new process adds what is missing",
    stores: ["sqlite", "postgres", "mysql"],
    expected: cells("ok", "ok", "ok", "ok", "ok", "ok"),
    async run(situation) {
      const { backend } = situation;
      const old = await situation.serve();
      const clients = await oneEach(situation, old);
      if (backend.kind === "memory") throw new Error("memory has no schema");
      const prefix = backend.kind === "sqlite" ? "" : "acme_";
      const roles = ["user_roles", "role_users", "role_permissions", "role_parents", "role_clock", "roles"];
      const tables = [...roles, "clean_up"];
      await backend.admin(...tables.map((table) => `DROP TABLE ${prefix}${table}`));
      await backend.admin(
        backend.kind === "sqlite"
          ? "PRAGMA user_version = 1001"
          : "DELETE FROM acme_session_migrations WHERE version > 1001",
      );
      const current = await situation.serve(backend.open());
      const outcomes = await doAll(situation, current, clients);
      // The release before goes on beside it.
      await expectOneChild(situation, old, clients.R);
      return outcomes;
    },
  },
];

const ADD = "ALTER TABLE acme_sessions ADD COLUMN added VARCHAR(40) DEFAULT 'of a newer release'";
const DROP = "ALTER TABLE acme_sessions DROP COLUMN added";

async function addField(
  situation: { onEnd(end: () => Promise<void>): void },
  backend: Backend,
  handles: readonly string[],
): Promise<void> {
  if (backend.kind === "memory") {
    for (const handle of handles) {
      const row = await backend.store.getSession(handle, Date.now());
      if (row === undefined) continue;
      await backend.store.deleteSessions([handle], Date.now());
      await backend.store.insertSession({ ...row, ...{ added: "of a newer release" } });
    }
    return;
  }
  if (backend.kind === "redis") {
    await backend.admin(
      ...handles.map((handle) => `HSET {acme}:session:${handle} added ${FIELD_WITHOUT_BLANKS}`),
    );
    return;
  }
  const inFile = (statement: string): string =>
    backend.kind === "sqlite" ? statement.replace("acme_", "").replace("VARCHAR(40)", "TEXT") : statement;
  await backend.admin(inFile(ADD));
  situation.onEnd(() => backend.admin(inFile(DROP)));
}

/** Commands are split at blanks. */
const FIELD_WITHOUT_BLANKS = "of_a_newer_release";

async function readField(backend: Backend, handle: string): Promise<unknown> {
  const select = "SELECT added FROM acme_sessions WHERE handle = ";
  switch (backend.kind) {
    case "memory":
      return ((await backend.store.getSession(handle, Date.now())) as { added?: unknown } | undefined)?.added;
    case "sqlite": {
      const database = new DatabaseSync(backend.path);
      try {
        return database.prepare("SELECT added FROM sessions WHERE handle = ?").get(handle)?.added;
      } finally {
        database.close();
      }
    }
    case "postgres": {
      const client = new pg.Client(backend.server.url);
      await client.connect();
      const { rows } = await client.query<{ added: unknown }>(`${select}$1`, [handle]);
      await client.end();
      return rows[0]?.added;
    }
    case "mysql": {
      const connection = await createConnection({ uri: backend.server.url });
      const [rows] = await connection.query(`${select}?`, [handle]);
      await connection.end();
      return (rows as { added: unknown }[])[0]?.added;
    }
    case "redis": {
      const client = new Redis(backend.server.url);
      const field = await client.hget(`{acme}:session:${handle}`, "added");
      client.disconnect();
      return field?.replaceAll("_", " ");
    }
  }
}
