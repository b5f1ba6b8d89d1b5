import { queryOnce, type SqliteDatabase } from "./driver.js";

/** Marks the file as ours ("acme" in ASCII), so that we never write into a database of another application. */
const APPLICATION_ID = 0x61636d65;

/**
 * A step may only add (tables, indexes, columns with a default) as long as `breaking` stays the same. `user_version`
 * is `1000 × breaking + additions`: code of an older release works on a file with more additions, so two releases run
 * side by side during a deploy and after a roll-back (security.md ST-09); it refuses a higher `breaking`.
 */
const BREAKING = 1;

/**
 * The schema as a list of steps, each applied once, in order. Released steps are never edited.
 *
 * Every text is compared byte for byte: SQLite's default collation is BINARY (ST-07). STRICT keeps times integers
 * (ST-08, TM-06). Secrets are ordered by `position`.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE sessions (
    handle                       TEXT NOT NULL PRIMARY KEY,
    tenant_id                    TEXT NOT NULL,
    user_id                      TEXT NOT NULL,
    refresh_token_hash2          TEXT NOT NULL,
    previous_refresh_token_hash2 TEXT,
    secret_id                    TEXT NOT NULL,
    previous_secret_id           TEXT,
    generation                   INTEGER NOT NULL,
    rotated_at_ms                INTEGER,
    session_data_json            TEXT NOT NULL,
    access_token_payload_json    TEXT NOT NULL,
    created_at_ms                INTEGER NOT NULL,
    expires_at_ms                INTEGER NOT NULL,
    absolute_expires_at_ms       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user_id);
  CREATE INDEX sessions_by_expiry ON sessions (expires_at_ms);

  CREATE TABLE signing_keys (
    kid              TEXT NOT NULL PRIMARY KEY,
    family           TEXT NOT NULL,
    algorithm        TEXT NOT NULL,
    sequence         INTEGER NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    public_jwk_json  TEXT NOT NULL,
    private_jwk_json TEXT NOT NULL,
    UNIQUE (family, algorithm, sequence)
  ) STRICT;

  CREATE TABLE secrets (
    position INTEGER PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    secret   TEXT NOT NULL
  ) STRICT;
  `,
  // Roles. Every change takes the next number of `role_clock` as the version of what it changed.
  `
  CREATE TABLE roles (
    role    TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE role_permissions (
    role       TEXT NOT NULL REFERENCES roles (role) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role, permission)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX role_permissions_by_permission ON role_permissions (permission);

  CREATE TABLE role_parents (
    role   TEXT NOT NULL REFERENCES roles (role) ON DELETE CASCADE,
    parent TEXT NOT NULL REFERENCES roles (role) ON DELETE CASCADE,
    PRIMARY KEY (role, parent)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX role_parents_by_parent ON role_parents (parent);

  CREATE TABLE user_roles (
    tenant_id TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    role      TEXT NOT NULL REFERENCES roles (role) ON DELETE CASCADE,
    PRIMARY KEY (tenant_id, user_id, role)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX user_roles_by_role ON user_roles (role, tenant_id, user_id);
  CREATE INDEX user_roles_by_user ON user_roles (user_id);

  CREATE TABLE role_users (
    tenant_id TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE role_clock (version INTEGER NOT NULL) STRICT;
  INSERT INTO role_clock VALUES (0);
  `,
  // When the latest clean-up was, for all processes.
  `
  CREATE TABLE clean_up (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    claimed_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
];

const versionAfter = (steps: number): number => 1000 * BREAKING + steps;

/** What the head of a file says about who may use it. */
export type SchemaState =
  | { kind: "empty" }
  | { kind: "ours"; missingSteps: number }
  | { kind: "newer"; version: number }
  | { kind: "foreign" };

/**
 * Reads the state in one transaction, so that a schema which another process is just making is seen whole or not at
 * all. In WAL mode no writer can hold it up.
 */
export function inspectSchema(database: SqliteDatabase): SchemaState {
  database.exec("BEGIN");
  try {
    return readSchemaState(database);
  } finally {
    endTransaction(database, "COMMIT");
  }
}

function readSchemaState(database: SqliteDatabase): SchemaState {
  const version = readNumber(database, "PRAGMA user_version", "user_version");
  const applicationId = readNumber(database, "PRAGMA application_id", "application_id");
  if (applicationId === APPLICATION_ID) {
    if (version >= 1000 * (BREAKING + 1)) return { kind: "newer", version };
    return { kind: "ours", missingSteps: Math.max(0, versionAfter(STEPS.length) - version) };
  }
  const tables = readNumber(database, "SELECT count(*) AS tables FROM sqlite_schema", "tables");
  return applicationId === 0 && version === 0 && tables === 0 ? { kind: "empty" } : { kind: "foreign" };
}

/**
 * Brings the file up to this release's schema in one transaction. Of several processes that start at once the first
 * does the work; the others wait for it and then find nothing to do.
 *
 * @throws SQLite's "busy" while another process holds the write lock; nothing has changed then
 */
export function migrate(database: SqliteDatabase): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const state = readSchemaState(database);
    const missing = state.kind === "empty" ? STEPS.length : state.kind === "ours" ? state.missingSteps : 0;
    if (missing > 0) {
      for (const step of STEPS.slice(STEPS.length - missing)) database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(`PRAGMA user_version = ${versionAfter(STEPS.length)}`);
    }
    database.exec("COMMIT");
  } catch (error) {
    endTransaction(database, "ROLLBACK");
    throw error;
  }
}

function endTransaction(database: SqliteDatabase, how: "COMMIT" | "ROLLBACK"): void {
  try {
    database.exec(how);
  } catch {
    // an error has ended it already
  }
}

function readNumber(database: SqliteDatabase, sql: string, column: string): number {
  const [record] = queryOnce(database, sql);
  return Number(record?.[column]);
}
