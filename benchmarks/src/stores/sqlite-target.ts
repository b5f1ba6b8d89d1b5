import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "@acme/session-core/sqlite";
import { COLUMNS, FIRST_HASH, filled, PAYLOAD_JSON, rawSession } from "./raw-session.ts";
import type { Target } from "./target.ts";

const INSERT = `INSERT INTO sessions (${COLUMNS.join(", ")})`;

export async function startSqlite(): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), "store-bench-"));
  const path = join(directory, "sessions.db");
  const rawPath = join(directory, "raw.db");
  for (const file of [path, rawPath]) await sqliteStore({ path: file }).close();
  const raw = openRaw(rawPath);
  const insert = raw.prepare(`${INSERT} VALUES (${COLUMNS.map(() => "?").join(", ")})`);
  const update = raw.prepare(
    `UPDATE sessions SET generation = generation + 1, refresh_token_hash2 = ?, expires_at_ms = ?
     WHERE handle = ? AND refresh_token_hash2 = ?`,
  );
  return {
    open: () => sqliteStore({ path }),
    rawInsert: (handle) => insert.run(...rawSession(handle)),
    rawCas: (handle) => update.run(FIRST_HASH, filled.expiresMs(), handle, FIRST_HASH),
    async fill(count, expiredEvery) {
      const database = openRaw(path);
      database
        .prepare(
          `${INSERT} WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
           SELECT printf('%032x', n * 2654435761 % 4294967296), 'public', 'user-' || (n / 3), ?, NULL, '8characs', NULL,
             0, NULL, '{}', ?, 1, CASE WHEN n % ? = 0 THEN ? ELSE ? END, ? FROM numbers`,
        )
        .run(
          count,
          FIRST_HASH,
          PAYLOAD_JSON,
          expiredEvery,
          filled.expiredMs(),
          filled.expiresMs(),
          filled.absoluteMs(),
        );
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
    },
    async stop() {
      raw.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** With the settings of the store. */
function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA synchronous = NORMAL");
  return database;
}
