import { startPrivateServer } from "@acme/servers";
import { postgresStore } from "@acme/session-store-postgres";
import pg from "pg";
import { POOL_SIZE } from "./pool-size.ts";
import { COLUMNS, FIRST_HASH, filled, PAYLOAD_JSON, rawSession } from "./raw-session.ts";
import type { LockWatch, Target } from "./target.ts";

const INSERT = `INSERT INTO acme_sessions (${COLUMNS.join(", ")})`;
const RAW_INSERT = `${INSERT} VALUES (${COLUMNS.map((_, index) => `$${index + 1}`).join(", ")})`;
const RAW_CAS = `
  UPDATE acme_sessions SET generation = generation + 1, refresh_token_hash2 = $1, expires_at_ms = $2
  WHERE handle = $3 AND refresh_token_hash2 = $4`;

/** @param prepared whether connections keep statements prepared, ours and the bare driver's */
export async function startPostgres({ prepared }: { prepared: boolean }): Promise<Target> {
  const server = await startPrivateServer("postgres", [
    "-c",
    "shared_buffers=64MB",
    "-c",
    "max_wal_size=2GB",
  ]);
  const { url } = server;
  const store = postgresStore({ url });
  await store.listSecrets();
  await store.close();
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE });
  // A connection without a statement may notice that the server stops before it has ended: nothing is lost with it.
  pool.on("error", () => {});
  const raw = (name: string, text: string, values: unknown[]): Promise<unknown> =>
    pool.query({ ...(prepared ? { name } : {}), text, values });
  return {
    open: () => postgresStore({ url, maxConnections: POOL_SIZE, preparedStatements: prepared }),
    rawInsert: (handle) => raw("insert", RAW_INSERT, rawSession(handle)),
    rawCas: (handle) => raw("cas", RAW_CAS, [FIRST_HASH, filled.expiresMs(), handle, FIRST_HASH]),
    async fill(count, expiredEvery) {
      await pool.query(
        `${INSERT} SELECT lpad(to_hex(n * 2654435761 % 4294967296), 32, '0'), 'public', 'user-' || (n / 3), $2::text,
           NULL, '8characs', NULL, 0, NULL, '{}', $3::text, 1,
           CASE WHEN n % $4::bigint = 0 THEN $5::bigint ELSE $6::bigint END, $7::bigint
         FROM generate_series(1::bigint, $1::bigint) n`,
        [
          count,
          FIRST_HASH,
          PAYLOAD_JSON,
          expiredEvery,
          filled.expiredMs(),
          filled.expiresMs(),
          filled.absoluteMs(),
        ],
      );
      await pool.query("VACUUM ANALYZE acme_sessions");
      await pool.query("CHECKPOINT");
    },
    watchLocks: () => watchLocks(url),
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

/** Looks at who waits, a hundred times a second, through a connection of its own. */
async function watchLocks(url: string): Promise<LockWatch> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let isOver = false;
  let longestMs = 0;
  const watching = (async () => {
    while (!isOver) {
      const { rows } = await client.query(
        "SELECT max(extract(epoch FROM clock_timestamp() - waitstart) * 1000) AS ms FROM pg_locks WHERE NOT granted",
      );
      longestMs = Math.max(longestMs, Number(rows[0]?.ms));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      await client.end();
      return longestMs;
    },
  };
}
