import type { Names } from "./names.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";

/** The server's clock in milliseconds, whatever its time zone. */
export const SERVER_NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)";
/** The caller's time, or the server's where the parameter is null (security.md TM-01). */
const NOW = `COALESCE(?, ${SERVER_NOW})`;

/** The greatest limit there is: without one, a connection may have a limit of its own. */
const ALL = "LIMIT 18446744073709551615";
/** Not longer than a second, on any connection: MariaDB reads the first comment, and MySQL, which knows no time, the other. */
const FOR_UPDATE = "FOR UPDATE /*M!100303 WAIT 1 */ /*!80001 NOWAIT */";

/**
 * All SQL on sessions, keys and secrets. Each is one atomic statement; values are parameters only (ST-01, ST-11), and nothing in
 * it means something else under another `sql_mode`. Every
 * change of a session counts `version` up: then a row that matched has always changed, and a row that was read can be
 * replaced only as it was (security.md §12).
 */
export type Statements = ReturnType<typeof statementsFor>;

export function statementsFor({ sessions, signingKeys, secrets, cleanUp }: Names) {
  const getSession = `
      SELECT ${sessionMapping.read}, version, ${NOW} AS nowMs
      FROM ${sessions} WHERE handle = ? AND expires_at_ms > ${NOW}`;
  return {
    insertSession: `INSERT INTO ${sessions} ${sessionMapping.insert} VALUES (${sessionMapping.placeholders})`,

    /** now or null, handle, now or null */
    getSession,
    /** The same, as it is now and not when the transaction began; it stays so to its end. */
    getSessionLocked: `${getSession} ${FOR_UPDATE}`,

    /** next hash, next secret id, rotated at, expiry, handle, expected hash, version, now or null */
    promoteSession: `
      UPDATE ${sessions} SET
        previous_refresh_token_hash2 = refresh_token_hash2,
        previous_secret_id = secret_id,
        refresh_token_hash2 = ?,
        secret_id = ?,
        generation = generation + 1,
        rotated_at_ms = ?,
        expires_at_ms = ?,
        version = version + 1
      WHERE handle = ? AND refresh_token_hash2 = ? AND version = ? AND expires_at_ms > ${NOW}`,

    /** payload, handle, version, now or null */
    replacePayload: `
      UPDATE ${sessions} SET access_token_payload_json = ?, version = version + 1
      WHERE handle = ? AND version = ? AND expires_at_ms > ${NOW}`,

    /** data, handle, now or null */
    replaceSessionData: `
      UPDATE ${sessions} SET session_data_json = ?, version = version + 1
      WHERE handle = ? AND expires_at_ms > ${NOW}`,

    /**
     * now or null, list of handles: those that are there, locked to the end of the transaction. The primary key is
     * forced, here and below: by another path, or a walk over a small table, REPEATABLE READ would lock other sessions,
     * and the places where new ones go.
     */
    lockSessions: (count: number) => `
      SELECT handle, expires_at_ms > ${NOW} AS isLive FROM ${sessions} FORCE INDEX (PRIMARY)
      WHERE handle IN (${Array(count).fill("?").join(", ")}) ORDER BY handle ${FOR_UPDATE}`,
    /** list of handles, one at least: inside a transaction that holds them */
    deleteSessions: (count: number) => `
      DELETE s FROM (SELECT ? AS handle${" UNION ALL SELECT ?".repeat(count - 1)}) AS chosen
      STRAIGHT_JOIN ${sessions} AS s FORCE INDEX (PRIMARY) ON s.handle = chosen.handle`,
    /** list of handles: which are there, without a lock */
    findSessions: (count: number) => `
      SELECT handle FROM ${sessions} WHERE handle IN (${Array(count).fill("?").join(", ")})`,

    /** user, now or null, tenant or null, tenant or null */
    listSessionHandles: `
      SELECT handle FROM ${sessions}
      WHERE user_id = ? AND expires_at_ms > ${NOW} AND (? IS NULL OR tenant_id = ?) ${ALL}`,

    /** user, tenant or null, tenant or null: live or not */
    findSessionsOfUser: `
      SELECT handle FROM ${sessions}
      WHERE user_id = ? AND (? IS NULL OR tenant_id = ?) ${ALL}`,

    /** now or null, the caller's now */
    differenceOfClocks: `SELECT ABS(${NOW} - ?) AS differenceMs`,
    /** now or null, limit */
    deleteExpiredSessions: `DELETE FROM ${sessions} WHERE expires_at_ms <= ${NOW} ORDER BY expires_at_ms LIMIT ?`,

    /** now or null, limit: without a lock */
    findExpiredSessions: `
      SELECT handle FROM ${sessions} WHERE expires_at_ms <= ${NOW} ORDER BY expires_at_ms LIMIT ?`,

    /** after this handle, limit: all rows, expired ones too */
    scanSessions: `SELECT ${sessionMapping.read} FROM ${sessions} WHERE handle > ? ORDER BY handle LIMIT ?`,

    listSigningKeys: `SELECT ${signingKeyMapping.read} FROM ${signingKeys}`,
    /** Finds none to insert where kid or slot is taken. */
    insertSigningKey: `
      INSERT IGNORE INTO ${signingKeys} ${signingKeyMapping.insert} VALUES (${signingKeyMapping.placeholders})`,
    deleteSigningKey: `DELETE FROM ${signingKeys} WHERE kid = ?`,

    listSecrets: `SELECT ${secretMapping.read} FROM ${secrets} ORDER BY position`,
    /** id, secret: only where there is none but withdrawn ones; of two at once the position lets one in */
    insertFirstSecret: `
      INSERT IGNORE INTO ${secrets} (position, id, secret)
      SELECT COALESCE(MAX(position), 0) + 1, ?, ? FROM ${secrets} HAVING COUNT(NULLIF(secret, X'')) = 0`,
    /** id */
    withdrawSecret: `UPDATE ${secrets} SET secret = X'' WHERE id = ? AND secret <> X''`,

    /** now or null */
    readCleanUp: `SELECT (SELECT claimed_at_ms FROM ${cleanUp} WHERE id = 1) AS markMs, ${NOW} AS nowMs`,
    /** Where there was none: somebody may have emptied the table. */
    insertCleanUp: `INSERT INTO ${cleanUp} (id, claimed_at_ms) VALUES (1, NULL) ON DUPLICATE KEY UPDATE id = 1`,
    /** now, the mark that was read or null: nothing changes if another process has moved it meanwhile */
    claimCleanUp: `UPDATE ${cleanUp} SET claimed_at_ms = ? WHERE id = 1 AND claimed_at_ms <=> ?`,
  };
}
