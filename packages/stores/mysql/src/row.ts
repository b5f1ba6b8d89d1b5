import type { SecretRow, SessionRow, SigningKeyRow } from "@acme/session-core/store";
import type { MysqlRecord, MysqlValue } from "./database.js";

/** `id` and `text` are bytes for the database, which compares and keeps them as such (security.md ST-07). */
type Kind = "id" | "text" | "number";
type Columns<Row> = { readonly [Field in keyof Row]: readonly [column: string, kind: Kind] };

const SESSION: Columns<SessionRow> = {
  handle: ["handle", "id"],
  tenantId: ["tenant_id", "id"],
  userId: ["user_id", "id"],
  refreshTokenHash2: ["refresh_token_hash2", "id"],
  previousRefreshTokenHash2: ["previous_refresh_token_hash2", "id"],
  secretId: ["secret_id", "id"],
  previousSecretId: ["previous_secret_id", "id"],
  generation: ["generation", "number"],
  rotatedAtMs: ["rotated_at_ms", "number"],
  sessionDataJson: ["session_data_json", "text"],
  accessTokenPayloadJson: ["access_token_payload_json", "text"],
  createdAtMs: ["created_at_ms", "number"],
  expiresAtMs: ["expires_at_ms", "number"],
  absoluteExpiresAtMs: ["absolute_expires_at_ms", "number"],
};

const SIGNING_KEY: Columns<SigningKeyRow> = {
  kid: ["kid", "id"],
  family: ["family", "id"],
  algorithm: ["algorithm", "id"],
  sequence: ["sequence", "number"],
  createdAtMs: ["created_at_ms", "number"],
  publicJwkJson: ["public_jwk_json", "text"],
  privateJwkJson: ["private_jwk_json", "text"],
};

const SECRET: Columns<SecretRow> = { id: ["id", "id"], secret: ["secret", "text"] };

/** A text as the bytes that the columns hold. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "utf8");
}

export function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("utf8") : String(value);
}

/** How one kind of row crosses into SQL and back. Columns are always named (security.md ST-09). */
function mapping<Row extends object>(columns: Columns<Row>) {
  const fields = Object.keys(columns) as (keyof Row & string)[];
  return {
    read: fields.map((field) => `${columns[field][0]} AS \`${field}\``).join(", "),
    insert: `(${fields.map((field) => columns[field][0]).join(", ")})`,
    placeholders: fields.map(() => "?").join(", "),
    values: (row: Row): MysqlValue[] =>
      fields.map((field) => {
        const value = row[field] as string | number | null;
        return typeof value === "string" ? bytes(value) : value;
      }),
    toRow(record: MysqlRecord): Row {
      const row: Record<string, unknown> = {};
      for (const field of fields) {
        const value = record[field];
        row[field] = value === null ? null : columns[field][1] === "number" ? Number(value) : textOf(value);
      }
      return row as Row;
    },
  };
}

export const sessionMapping = mapping(SESSION);
export const signingKeyMapping = mapping(SIGNING_KEY);
export const secretMapping = mapping(SECRET);
