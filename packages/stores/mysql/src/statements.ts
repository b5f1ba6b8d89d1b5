import type { Names } from "./names.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";

/** The server's clock in milliseconds, whatever its time zone. */
const SERVER_NOW = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)";
/** The caller's time, or the server's where the parameter is null (security.md TM-01). */
const NOW = `COALESCE(?, ${SERVER_NOW})`;

/**
 * All SQL on sessions, keys and secrets. Each is one atomic statement; values are parameters only (ST-01, ST-11). Every
 * change of a session counts `version` up: then a row that matched has always changed, and a row that was read can be
 * replaced only as it was (security.md §12).
 */
export type Statements = ReturnType<typeof statementsFor>;

export function statementsFor({ sessions, signingKeys, secrets, cleanUp }: Names) {
  return {
    insertSession: `INSERT INTO ${sessions} ${sessionMapping.insert} VALUES (${sessionMapping.placeholders})`,

    /** now or null, handle, now or null */
    getSession: `
      SELECT ${sessionMapping.read}, version, ${NOW} AS nowMs
      FROM ${sessions} WHERE handle = ? AND expires_at_ms > ${NOW}`,

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

    /** now or null, list of handles: inside a transaction, before `deleteSessions` */
    lockSessions: (count: number) => `
      SELECT handle, expires_at_ms > ${NOW} AS isLive FROM ${sessions}
      WHERE handle IN (${Array(count).fill("?").join(", ")}) ORDER BY handle FOR UPDATE`,
    /** list of handles */
    deleteSessions: (count: number) =>
      `DELETE FROM ${sessions} WHERE handle IN (${Array(count).fill("?").join(", ")})`,

    /** user, now or null, tenant or null, tenant or null */
    listSessionHandles: `
      SELECT handle FROM ${sessions}
      WHERE user_id = ? AND expires_at_ms > ${NOW} AND (? IS NULL OR tenant_id = ?)`,

    /** now or null, user, tenant or null, tenant or null: inside a transaction, before `deleteSessions` */
    lockSessionsOfUser: `
      SELECT handle, expires_at_ms > ${NOW} AS isLive FROM ${sessions}
      WHERE user_id = ? AND (? IS NULL OR tenant_id = ?) ORDER BY handle FOR UPDATE`,

    /** now or null, the caller's now */
    differenceOfClocks: `SELECT ABS(${NOW} - ?) AS differenceMs`,
    /** now or null, limit */
    deleteExpiredSessions: `DELETE FROM ${sessions} WHERE expires_at_ms <= ${NOW} ORDER BY expires_at_ms LIMIT ?`,

    /** after this handle, limit: all rows, expired ones too */
    scanSessions: `SELECT ${sessionMapping.read} FROM ${sessions} WHERE handle > ? ORDER BY handle LIMIT ?`,

    listSigningKeys: `SELECT ${signingKeyMapping.read} FROM ${signingKeys}`,
    insertSigningKey: `
      INSERT INTO ${signingKeys} ${signingKeyMapping.insert} VALUES (${signingKeyMapping.placeholders})`,
    deleteSigningKey: `DELETE FROM ${signingKeys} WHERE kid = ?`,

    listSecrets: `SELECT ${secretMapping.read} FROM ${secrets} ORDER BY position`,
    /** id, secret: only where there is none but withdrawn ones; of two at once the position lets one in */
    insertFirstSecret: `
      INSERT INTO ${secrets} (position, id, secret)
      SELECT COALESCE(MAX(position), 0) + 1, ?, ? FROM ${secrets} HAVING COUNT(NULLIF(secret, '')) = 0`,
    /** id */
    withdrawSecret: `UPDATE ${secrets} SET secret = '' WHERE id = ? AND secret <> ''`,

    /** now or null */
    readCleanUp: `SELECT claimed_at_ms AS markMs, ${NOW} AS nowMs FROM ${cleanUp} WHERE id = 1`,
    /** now, the mark that was read or null: nothing changes if another process has moved it meanwhile */
    claimCleanUp: `UPDATE ${cleanUp} SET claimed_at_ms = ? WHERE id = 1 AND claimed_at_ms <=> ?`,
  };
}
