import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";

/** All SQL of the store. Each is one atomic statement; parameters only (security.md ST-01, ST-11). */

export const INSERT_SESSION = `INSERT INTO sessions ${sessionMapping.insert} VALUES (${sessionMapping.placeholders})`;

/** handle, now */
export const GET_SESSION = `SELECT ${sessionMapping.read} FROM sessions WHERE handle = ? AND expires_at_ms > ?`;

/** next hash, next secret id, now, expiry, handle, expected hash, now */
export const PROMOTE_SESSION = `
  UPDATE sessions SET
    previous_refresh_token_hash2 = refresh_token_hash2,
    previous_secret_id = secret_id,
    refresh_token_hash2 = ?,
    secret_id = ?,
    generation = generation + 1,
    rotated_at_ms = ?,
    expires_at_ms = min(?, absolute_expires_at_ms)
  WHERE handle = ? AND refresh_token_hash2 = ? AND expires_at_ms > ?
  RETURNING ${sessionMapping.read}`;

/** next payload, handle, now; then what it was computed from: payload, generation, data */
export const REPLACE_PAYLOAD = `
  UPDATE sessions SET access_token_payload_json = ?
  WHERE handle = ? AND expires_at_ms > ?
    AND access_token_payload_json = ? AND generation = ? AND session_data_json = ?
  RETURNING ${sessionMapping.read}`;

/** data, handle, now */
export const REPLACE_SESSION_DATA =
  "UPDATE sessions SET session_data_json = ? WHERE handle = ? AND expires_at_ms > ?";

/** handles as a JSON array */
export const DELETE_SESSIONS = `
  DELETE FROM sessions WHERE handle IN (SELECT value FROM json_each(?))
  RETURNING handle, expires_at_ms AS expiresAtMs`;

/** user id, now, tenant id or null, tenant id or null */
export const LIST_SESSION_HANDLES = `
  SELECT handle FROM sessions WHERE user_id = ? AND expires_at_ms > ? AND (? IS NULL OR tenant_id = ?)`;

/** user id, tenant id or null, tenant id or null */
export const DELETE_SESSIONS_OF_USER = `
  DELETE FROM sessions WHERE user_id = ? AND (? IS NULL OR tenant_id = ?)
  RETURNING handle, expires_at_ms AS expiresAtMs`;

/** now, limit */
export const DELETE_EXPIRED_SESSIONS = `
  DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at_ms <= ? LIMIT ?)`;

export const READ_CLEAN_UP = "SELECT claimed_at_ms AS claimedAtMs FROM clean_up";

/** now, the mark that was read or null: nothing changes if another process has moved it meanwhile */
export const CLAIM_CLEAN_UP = `
  INSERT INTO clean_up (id, claimed_at_ms) VALUES (1, ?)
  ON CONFLICT (id) DO UPDATE SET claimed_at_ms = excluded.claimed_at_ms WHERE claimed_at_ms = ?`;

/** after this handle or null, the same, limit: all rows, expired ones too */
export const SCAN_SESSIONS = `
  SELECT ${sessionMapping.read} FROM sessions WHERE handle > ? ORDER BY handle LIMIT ?`;

export const LIST_SIGNING_KEYS = `SELECT ${signingKeyMapping.read} FROM signing_keys`;

export const INSERT_SIGNING_KEY = `
  INSERT INTO signing_keys ${signingKeyMapping.insert} VALUES (${signingKeyMapping.placeholders})
  ON CONFLICT DO NOTHING`;

/** kids as a JSON array */
export const DELETE_SIGNING_KEYS = "DELETE FROM signing_keys WHERE kid IN (SELECT value FROM json_each(?))";

export const LIST_SECRETS = `SELECT ${secretMapping.read} FROM secrets ORDER BY position`;

/** id, secret: inserted only where there is none but withdrawn ones, of another id */
export const INSERT_FIRST_SECRET = `
  INSERT INTO secrets ${secretMapping.insert} SELECT ${secretMapping.placeholders}
  WHERE NOT EXISTS (SELECT 1 FROM secrets WHERE length(secret) > 0) ON CONFLICT DO NOTHING`;

/** an empty text, id */
export const WITHDRAW_SECRET = "UPDATE secrets SET secret = ? WHERE id = ? AND length(secret) > 0";
