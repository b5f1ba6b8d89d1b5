import { columnNames } from "./column-names.js";
import type { Names } from "./names.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";

/** The server's clock at the start of the statement, in milliseconds; inside a transaction too. */
export const SERVER_NOW = "(extract(epoch FROM statement_timestamp()) * 1000)::bigint";

/** The caller's time, or the server's where the parameter is null (security.md TM-01). */
const now = (parameter: string): string => `coalesce(${parameter}::bigint, ${SERVER_NOW})`;

/**
 * How long a statement waits for a row that another transaction holds. More than the server takes to find a deadlock
 * (`deadlock_timeout`), so that of two only one is refused.
 */
const PATIENCE = "1500ms";

/** Without a setting that would stay on the connection: it ends with the statement's own transaction (PgBouncer). */
const OWN_PATIENCE = `(SELECT set_config('lock_timeout', '${PATIENCE}', true)) AS patience`;

/** What an application waits in its own transaction, if that is shorter than ours; its 0 is for ever. */
const SHORTER_PATIENCE = `CASE WHEN before::interval BETWEEN '1ms' AND '${PATIENCE}' THEN before ELSE '${PATIENCE}' END`;

/**
 * Puts the limit on what follows in an application's transaction, and tells what it was. After a statement that failed
 * nothing has to be put back: the server takes the setting back with the transaction, or with the part of it since the
 * savepoint.
 */
export const BE_PATIENT = `
  WITH found AS MATERIALIZED (SELECT current_setting('lock_timeout') AS before)
  SELECT before, set_config('lock_timeout', ${SHORTER_PATIENCE}, true) AS patience FROM found`;
/** what it was */
export const AS_BEFORE = "SELECT set_config('lock_timeout', $1::text, true)";

/**
 * A change in an application's transaction, in one round trip: puts the limit on, changes what it does beside `patience`
 * (whose row the server has read before it locks any), and puts back what the application finds afterwards before it
 * gives the first record.
 */
const patiently = (change: string): string => `
  WITH patience AS MATERIALIZED (${BE_PATIENT}),
  changed AS (${change}),
  restored AS MATERIALIZED (
    SELECT set_config('lock_timeout', before, true) AS patience FROM patience WHERE (SELECT count(*) FROM changed) >= 0
  )
  SELECT ${columnNames(change)
    .map((name) => `changed."${name}"`)
    .join(", ")} FROM changed WHERE (SELECT patience FROM restored) IS NOT NULL`;

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
  const change = isJoined ? patiently : (text: string) => text;
  const patience = isJoined ? "patience" : OWN_PATIENCE;
  const session = sessionMapping.read("s");
  return {
    insertSession: `INSERT INTO ${sessions} ${sessionMapping.insert} VALUES (${sessionMapping.placeholders})`,

    /** handle, now or null: always one record, without a handle when there is no live row */
    getSession: `
      SELECT ${session}, ${now("$2")} AS "nowMs", ${ASKS_PRIMARY}
      LEFT JOIN ${sessions} s ON s.handle = $1::text AND s.expires_at_ms > ${now("$2")}`,

    /** handle, expected hash, next hash, next secret id, now or null, validity */
    promoteSession: change(`
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
      RETURNING ${session}, ${now("$5")} AS "nowMs"`),

    /** handle, now or null, next payload; then what it was computed from: payload, generation, data */
    replacePayload: change(`
      UPDATE ${sessions} s SET access_token_payload_json = $3::text
      FROM ${patience}
      WHERE s.handle = $1::text AND s.expires_at_ms > ${now("$2")}
        AND s.access_token_payload_json = $4::text AND s.generation = $5::bigint
        AND s.session_data_json = $6::text
      RETURNING ${session}, ${now("$2")} AS "nowMs"`),

    /** handle, now or null, data */
    replaceSessionData: change(`
      UPDATE ${sessions} s SET session_data_json = $3::text
      FROM ${patience}
      WHERE s.handle = $1::text AND s.expires_at_ms > ${now("$2")}
      RETURNING s.handle`),

    /** handles as a JSON array, now or null */
    deleteSessions: change(`
      DELETE FROM ${sessions} s USING ${patience}
      WHERE s.handle IN (SELECT json_array_elements_text($1::text::json))
      RETURNING s.handle, (s.expires_at_ms > ${now("$2")})::int AS "isLive"`),

    /** user, now or null, tenant or null: one record without a handle when there is none */
    listSessionHandles: `
      SELECT s.handle, ${ASKS_PRIMARY}
      LEFT JOIN ${sessions} s ON s.user_id = $1::text AND s.expires_at_ms > ${now("$2")}
        AND ($3::text IS NULL OR s.tenant_id = $3::text)`,

    /** user, now or null, tenant or null */
    deleteSessionsOfUser: change(`
      DELETE FROM ${sessions} s USING ${patience}
      WHERE s.user_id = $1::text AND ($3::text IS NULL OR s.tenant_id = $3::text)
      RETURNING s.handle, (s.expires_at_ms > ${now("$2")})::int AS "isLive"`),

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
