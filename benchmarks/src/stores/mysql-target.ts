import { startPrivateServer } from "@acme/servers";
import { mysqlStore } from "@acme/session-store-mysql";
import { createPool, type Pool, type RowDataPacket } from "mysql2/promise";
import { POOL_SIZE } from "./pool-size.ts";
import { COLUMNS, FIRST_HASH, filled, PAYLOAD_JSON, rawSession } from "./raw-session.ts";
import type { LockWatch, Target } from "./target.ts";

const INSERT = `INSERT INTO acme_sessions (${COLUMNS.join(", ")})`;
const DIGITS = `(SELECT 0 d ${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `UNION ALL SELECT ${digit}`).join(" ")})`;
/** Rows of one transaction. */
const CHUNK = 100_000;

export async function startMysql(): Promise<Target> {
  const server = await startPrivateServer("mysql", ["--innodb-buffer-pool-size=1G"]);
  const { url } = server;
  const store = mysqlStore({ url });
  await store.listSecrets();
  await store.close();
  const pool = createPool({ uri: url, connectionLimit: POOL_SIZE });
  return {
    open: () => mysqlStore({ url, maxConnections: POOL_SIZE }),
    rawInsert: (handle) =>
      pool.query(`${INSERT} VALUES (${COLUMNS.map(() => "?").join(", ")})`, rawSession(handle)),
    rawCas: (handle) =>
      pool.query(
        `UPDATE acme_sessions SET generation = generation + 1, refresh_token_hash2 = ?, expires_at_ms = ?
         WHERE handle = ? AND refresh_token_hash2 = ?`,
        [FIRST_HASH, filled.expiresMs(), handle, FIRST_HASH],
      ),
    async fill(count, expiredEvery) {
      for (let done = 0; done < count; done += CHUNK) {
        await pool.query(
          `${INSERT} SELECT LOWER(LPAD(HEX(n * 2654435761 % 4294967296), 32, '0')), 'public',
             CONCAT('user-', n DIV 3), ?, NULL, '8characs', NULL, 0, NULL, '{}', ?, 1, IF(n % ? = 0, ?, ?), ?
           FROM (SELECT ? + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
             FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f) numbers WHERE n <= ?`,
          [
            FIRST_HASH,
            PAYLOAD_JSON,
            expiredEvery,
            filled.expiredMs(),
            filled.expiresMs(),
            filled.absoluteMs(),
            done + 1,
            count,
          ],
        );
      }
      await pool.query("ANALYZE TABLE acme_sessions");
    },
    watchLocks: () => watchLocks(pool),
    async stop() {
      await pool.end();
      await server.stop();
    },
  };
}

/** InnoDB keeps the longest wait since it was started. */
async function watchLocks(pool: Pool): Promise<LockWatch> {
  return {
    async stop() {
      const [rows] = await pool.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_time_max'");
      return Number(rows[0]?.Value);
    },
  };
}
