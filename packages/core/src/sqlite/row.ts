import type { SecretRow, SessionRow, SigningKeyRow } from "../store/session-store.js";
import type { SqliteValue } from "./driver.js";

type Columns<Row> = { readonly [Field in keyof Row]: string };

/** Field of the contract → column, in the order of the INSERT. */
const SESSION: Columns<SessionRow> = {
  handle: "handle",
  tenantId: "tenant_id",
  userId: "user_id",
  refreshTokenHash2: "refresh_token_hash2",
  previousRefreshTokenHash2: "previous_refresh_token_hash2",
  secretId: "secret_id",
  previousSecretId: "previous_secret_id",
  generation: "generation",
  rotatedAtMs: "rotated_at_ms",
  sessionDataJson: "session_data_json",
  accessTokenPayloadJson: "access_token_payload_json",
  createdAtMs: "created_at_ms",
  expiresAtMs: "expires_at_ms",
  absoluteExpiresAtMs: "absolute_expires_at_ms",
};

const SIGNING_KEY: Columns<SigningKeyRow> = {
  kid: "kid",
  family: "family",
  algorithm: "algorithm",
  sequence: "sequence",
  createdAtMs: "created_at_ms",
  publicJwkJson: "public_jwk_json",
  privateJwkJson: "private_jwk_json",
};

const SECRET: Columns<SecretRow> = { id: "id", secret: "secret" };

/**
 * How one kind of row crosses into SQL and back. Columns are always named, never `*`: columns that a newer release has
 * added are neither read nor overwritten (security.md ST-09).
 */
function mapping<Row extends object>(columns: Columns<Row>) {
  const fields = Object.keys(columns) as (keyof Row)[];
  return {
    /** For SELECT and RETURNING: every column under the name of its field. */
    read: fields.map((field) => `${columns[field]} AS ${String(field)}`).join(", "),
    /** For INSERT INTO table. */
    insert: `(${fields.map((field) => columns[field]).join(", ")})`,
    placeholders: fields.map(() => "?").join(", "),
    /** In the order of `insert`. */
    values: (row: Row): SqliteValue[] => fields.map((field) => storable(row[field] as SqliteValue)),
    /** A plain object with the fields of the contract and no others. */
    toRow: (record: unknown): Row => ({ ...(record as Row) }),
  };
}

export const sessionMapping = mapping(SESSION);
export const signingKeyMapping = mapping(SIGNING_KEY);
export const secretMapping = mapping(SECRET);

/**
 * Lets through what every driver gives back unchanged. U+0000 ends a text for some of them (Node 22, Deno) and half a
 * surrogate pair becomes U+FFFD for all: two different ids could become one. JSON text never has either, since
 * `JSON.stringify` escapes both.
 *
 * @throws TypeError
 */
export function storable<T extends SqliteValue>(value: T): T {
  if (typeof value === "string" && /[\0\ud800-\udfff]/u.test(value)) {
    throw new TypeError("a text with U+0000 or half a surrogate pair cannot be stored");
  }
  return value;
}
