import type { Names } from "./names.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";

/** The server's clock at the start of the statement, in milliseconds; inside a transaction too. */
const SERVER_NOW = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/** The caller's time, or the server's where the parameter is null (security.md TM-01). */
const now = (parameter: string): string => `coalesce(${parameter}::bigint, ${SERVER_NOW})`;

/**
 * Makes a statement wait at most so long for a row that another transaction holds, without a setting that would stay
 * on the connection: it ends with the statement's own transaction (PgBouncer). Inside an application's transaction it
 * is left out.
 */
const PATIENCE = "(SELECT set_config('lock_timeout', '1500ms', true)) AS patience";
const ONE_ROW = "(SELECT 1) AS patience";

/**
 * The end of a column list, and what a LEFT JOIN puts rows beside: there is always a record, and it says whether this is
 * a standby, which may not know what the primary knows (security.md MR-03).
 */
const ASKS_PRIMARY = 'pg_is_in_recovery()::int AS "isStandby" FROM (SELECT 1) AS node';

/** All SQL on sessions, keys and secrets. Each is one atomic statement; values are parameters only (ST-01, ST-11). */
export type Statements = ReturnType<typeof statementsFor>;

/** @param isJoined for a transaction of the application */
export function statementsFor(names: Names, isJoined: boolean) {
  const { sessions, signingKeys, secrets, cleanUp } = names;
  const patience = isJoined ? ONE_ROW : PATIENCE;
  const session = sessionMapping.read("s");
  return {
    insertSession: `INSERT INTO ${sessions} ${sessionMapping.insert} VALUES (${sessionMapping.placeholders})`,

    /** handle, now or null: always one record, without a handle when there is no live row */
    getSession: `
      SELECT ${session}, ${now("$2")} AS "nowMs", ${ASKS_PRIMARY}
      LEFT JOIN ${sessions} s ON s.handle = $1::text AND s.expires_at_ms > ${now("$2")}`,

    /** handle, expected hash, next hash, next secret id, now or null, validity */
    promoteSession: `
      UPDATE ${sessions} s SET
        previous_refresh_token_hash2 = s.refresh_token_hash2,
        previous_secret_id = s.secret_id,
        refresh_token_hash2 = $3::text,
        secret_id = $4::text,
        generation = s.generation + 1,
        rotated_at_ms = ${now("$5")},
        expires_at_ms = least(${now("$5")} + $6::bigint, s.absolute_expires_at_ms)
      FROM ${patience}
      WHERE s.handle = $1::text AND s.refresh_token_hash2 = $2::text AND s.expires_at_ms > ${now("$5")}
      RETURNING ${session}, ${now("$5")} AS "nowMs"`,

    /** handle, now or null, next payload; then what it was computed from: payload, generation, data */
    replacePayload: `
      UPDATE ${sessions} s SET access_token_payload_json = $3::text
      FROM ${patience}
      WHERE s.handle = $1::text AND s.expires_at_ms > ${now("$2")}
        AND s.access_token_payload_json = $4::text AND s.generation = $5::bigint
        AND s.session_data_json = $6::text
      RETURNING ${session}, ${now("$2")} AS "nowMs"`,

    /** handle, now or null, data */
    replaceSessionData: `
      UPDATE ${sessions} s SET session_data_json = $3::text
      FROM ${patience}
      WHERE s.handle = $1::text AND s.expires_at_ms > ${now("$2")}
      RETURNING s.handle`,

    /** handles as a JSON array, now or null */
    deleteSessions: `
      DELETE FROM ${sessions} s USING ${patience}
      WHERE s.handle IN (SELECT json_array_elements_text($1::text::json))
      RETURNING s.handle, (s.expires_at_ms > ${now("$2")})::int AS "isLive"`,

    /** user, now or null, tenant or null: one record without a handle when there is none */
    listSessionHandles: `
      SELECT s.handle, ${ASKS_PRIMARY}
      LEFT JOIN ${sessions} s ON s.user_id = $1::text AND s.expires_at_ms > ${now("$2")}
        AND ($3::text IS NULL OR s.tenant_id = $3::text)`,

    /** user, now or null, tenant or null */
    deleteSessionsOfUser: `
      DELETE FROM ${sessions} s USING ${patience}
      WHERE s.user_id = $1::text AND ($3::text IS NULL OR s.tenant_id = $3::text)
      RETURNING s.handle, (s.expires_at_ms > ${now("$2")})::int AS "isLive"`,

    /**
     * now or null, limit, the caller's now, greatest difference of the two: deletes nothing if they differ more. Rows
     * that somebody is writing are skipped, so it neither waits nor takes one that is being extended (ST-10).
     */
    deleteExpiredSessions: `
      WITH clocks AS (SELECT abs(${now("$1")} - $3::bigint) AS difference_ms),
      expired AS (
        SELECT handle FROM ${sessions}
        WHERE expires_at_ms <= ${now("$1")} AND (SELECT difference_ms FROM clocks) <= $4::bigint
        ORDER BY expires_at_ms LIMIT $2::bigint FOR UPDATE SKIP LOCKED
      ),
      deleted AS (DELETE FROM ${sessions} s USING expired WHERE s.handle = expired.handle RETURNING 1)
      SELECT (SELECT count(*) FROM deleted) AS count, difference_ms AS "differenceMs" FROM clocks`,

    /** after this handle or null, limit: all rows, expired ones too */
    scanSessions: `
      SELECT ${session} FROM ${sessions} s
      WHERE $1::text IS NULL OR s.handle > $1::text ORDER BY s.handle LIMIT $2::bigint`,

    /** One record without a kid when there is none. */
    listSigningKeys: `SELECT ${signingKeyMapping.read("k")}, ${ASKS_PRIMARY} LEFT JOIN ${signingKeys} k ON true`,
    insertSigningKey: `
      INSERT INTO ${signingKeys} ${signingKeyMapping.insert} VALUES (${signingKeyMapping.placeholders})
      ON CONFLICT DO NOTHING RETURNING kid`,
    /** kids as a JSON array */
    deleteSigningKeys: `
      DELETE FROM ${signingKeys} WHERE kid IN (SELECT json_array_elements_text($1::text::json))`,

    /** One record without an id when there is none. */
    listSecrets: `
      SELECT ${secretMapping.read("x")}, ${ASKS_PRIMARY} LEFT JOIN ${secrets} x ON true ORDER BY x.position`,
    /** id, secret: only where there is none but withdrawn ones; of two at once the position lets one in */
    insertFirstSecret: `
      INSERT INTO ${secrets} (position, id, secret)
      SELECT coalesce(max(position), 0) + 1, $1::text, $2::text FROM ${secrets}
      HAVING count(*) FILTER (WHERE secret <> '') = 0 ON CONFLICT DO NOTHING`,
    /** id */
    withdrawSecret: `UPDATE ${secrets} SET secret = '' WHERE id = $1::text AND secret <> '' RETURNING id`,

    /** now or null, interval: a record where it is time, with the mark before and the new one */
    claimCleanUp: `
      WITH before AS (SELECT claimed_at_ms FROM ${cleanUp} WHERE id = 1)
      INSERT INTO ${cleanUp} AS mark (id, claimed_at_ms) VALUES (1, ${now("$1")})
      ON CONFLICT (id) DO UPDATE SET claimed_at_ms = excluded.claimed_at_ms
      WHERE mark.claimed_at_ms > excluded.claimed_at_ms + 60000
        OR mark.claimed_at_ms <= excluded.claimed_at_ms - $2::bigint
      RETURNING (SELECT claimed_at_ms FROM before) AS "markMs", claimed_at_ms AS "nowMs"`,
  };
}
