import type { SecretRow, SessionRow, SigningKeyRow } from "@acme/session-core/store";
import type { PostgresRecord, PostgresValue } from "./database.js";

type Columns<Row> = { readonly [Field in keyof Row]: readonly [column: string, type: "text" | "bigint"] };

/** Field of the contract → column and type, in the order of the INSERT. */
const SESSION: Columns<SessionRow> = {
  handle: ["handle", "text"],
  tenantId: ["tenant_id", "text"],
  userId: ["user_id", "text"],
  refreshTokenHash2: ["refresh_token_hash2", "text"],
  previousRefreshTokenHash2: ["previous_refresh_token_hash2", "text"],
  secretId: ["secret_id", "text"],
  previousSecretId: ["previous_secret_id", "text"],
  generation: ["generation", "bigint"],
  rotatedAtMs: ["rotated_at_ms", "bigint"],
  sessionDataJson: ["session_data_json", "text"],
  accessTokenPayloadJson: ["access_token_payload_json", "text"],
  createdAtMs: ["created_at_ms", "bigint"],
  expiresAtMs: ["expires_at_ms", "bigint"],
  absoluteExpiresAtMs: ["absolute_expires_at_ms", "bigint"],
};

const SIGNING_KEY: Columns<SigningKeyRow> = {
  kid: ["kid", "text"],
  family: ["family", "text"],
  algorithm: ["algorithm", "text"],
  sequence: ["sequence", "bigint"],
  createdAtMs: ["created_at_ms", "bigint"],
  publicJwkJson: ["public_jwk_json", "text"],
  privateJwkJson: ["private_jwk_json", "text"],
};

const SECRET: Columns<SecretRow> = { id: ["id", "text"], secret: ["secret", "text"] };

/**
 * How one kind of row crosses into SQL and back. Columns are always named: those that a newer release has added are
 * neither read nor overwritten (security.md ST-09).
 */
function mapping<Row extends object>(columns: Columns<Row>) {
  const fields = Object.keys(columns) as (keyof Row & string)[];
  return {
    /** For SELECT and RETURNING: every column under the name of its field. */
    read: (table: string): string =>
      fields.map((field) => `${table}.${columns[field][0]} AS "${field}"`).join(", "),
    /** For INSERT INTO table. */
    insert: `(${fields.map((field) => columns[field][0]).join(", ")})`,
    placeholders: fields.map((field, index) => `$${index + 1}::${columns[field][1]}`).join(", "),
    /** In the order of `insert`. */
    values: (row: Row): PostgresValue[] => fields.map((field) => row[field] as PostgresValue),
    /** BIGINT comes as text, which `+` and `<` would treat as such (security.md ST-08). */
    toRow(record: PostgresRecord): Row {
      const row: Record<string, unknown> = {};
      for (const field of fields) {
        const value = record[field];
        row[field] = columns[field][1] === "bigint" && value !== null ? Number(value) : value;
      }
      return row as Row;
    },
  };
}

export const sessionMapping = mapping(SESSION);
export const signingKeyMapping = mapping(SIGNING_KEY);
export const secretMapping = mapping(SECRET);
