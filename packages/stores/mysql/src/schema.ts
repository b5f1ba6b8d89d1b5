import { createHash } from "node:crypto";
import { checkOptions, isText } from "@acme/session-core/store";
import type { Database, MysqlRecord, Query } from "./database.js";
import { MysqlFailure } from "./mysql-failure.js";
import { isTablePrefix, type Names, namesOf, type SchemaOptions } from "./names.js";
import { textOf } from "./row.js";

/** As in the other stores: a higher thousand in the tables means a release that breaks with this one (security.md ST-09). */
const BREAKING = 1;

/**
 * The schema as a list of steps, each a list of statements that can be run again without harm. Released steps are never
 * edited: the store compares checksums.
 *
 * Ids are VARBINARY, so that no collation takes two of them for one and no trailing blank is lost (ST-07); InnoDB is
 * named, since another engine knows no transaction.
 */
const STEPS: readonly ((names: Names) => readonly string[])[] = [
  ({ sessions, signingKeys, secrets }) => [
    `CREATE TABLE IF NOT EXISTS ${sessions} (
  handle                       VARBINARY(128) NOT NULL PRIMARY KEY,
  tenant_id                    VARBINARY(256) NOT NULL,
  user_id                      VARBINARY(256) NOT NULL,
  refresh_token_hash2          VARBINARY(256) NOT NULL,
  previous_refresh_token_hash2 VARBINARY(256),
  secret_id                    VARBINARY(256) NOT NULL,
  previous_secret_id           VARBINARY(256),
  generation                   BIGINT NOT NULL,
  rotated_at_ms                BIGINT,
  session_data_json            LONGBLOB NOT NULL,
  access_token_payload_json    LONGBLOB NOT NULL,
  created_at_ms                BIGINT NOT NULL,
  expires_at_ms                BIGINT NOT NULL,
  absolute_expires_at_ms       BIGINT NOT NULL,
  version                      BIGINT NOT NULL DEFAULT 0,
  KEY by_user (user_id),
  KEY by_expiry (expires_at_ms)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${signingKeys} (
  kid              VARBINARY(256) NOT NULL PRIMARY KEY,
  family           VARBINARY(64) NOT NULL,
  algorithm        VARBINARY(64) NOT NULL,
  sequence         BIGINT NOT NULL,
  created_at_ms    BIGINT NOT NULL,
  public_jwk_json  LONGBLOB NOT NULL,
  private_jwk_json LONGBLOB NOT NULL,
  UNIQUE KEY by_slot (family, algorithm, sequence)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${secrets} (
  position BIGINT NOT NULL PRIMARY KEY,
  id       VARBINARY(256) NOT NULL,
  secret   LONGBLOB NOT NULL,
  UNIQUE KEY by_id (id)
) ENGINE = InnoDB`,
  ],
  ({ roles, rolePermissions, roleParents, userRoles, roleUsers, roleClock }) => [
    `CREATE TABLE IF NOT EXISTS ${roles} (
  role    VARBINARY(256) NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${rolePermissions} (
  role       VARBINARY(256) NOT NULL,
  permission VARBINARY(256) NOT NULL,
  PRIMARY KEY (role, permission),
  KEY by_permission (permission),
  FOREIGN KEY (role) REFERENCES ${roles} (role) ON DELETE CASCADE
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${roleParents} (
  role   VARBINARY(256) NOT NULL,
  parent VARBINARY(256) NOT NULL,
  PRIMARY KEY (role, parent),
  KEY by_parent (parent),
  FOREIGN KEY (role) REFERENCES ${roles} (role) ON DELETE CASCADE,
  FOREIGN KEY (parent) REFERENCES ${roles} (role) ON DELETE CASCADE
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${userRoles} (
  tenant_id VARBINARY(256) NOT NULL,
  user_id   VARBINARY(256) NOT NULL,
  role      VARBINARY(256) NOT NULL,
  PRIMARY KEY (tenant_id, user_id, role),
  KEY by_role (role, tenant_id, user_id),
  KEY by_user (user_id),
  FOREIGN KEY (role) REFERENCES ${roles} (role) ON DELETE CASCADE
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${roleUsers} (
  tenant_id VARBINARY(256) NOT NULL,
  user_id   VARBINARY(256) NOT NULL,
  version   BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
) ENGINE = InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${roleClock} (
  id      INT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE = InnoDB`,
    `INSERT IGNORE INTO ${roleClock} VALUES (1, 0)`,
  ],
  // When the latest clean-up was, for all processes; null before the first one.
  ({ cleanUp }) => [
    `CREATE TABLE IF NOT EXISTS ${cleanUp} (
  id            INT NOT NULL PRIMARY KEY,
  claimed_at_ms BIGINT
) ENGINE = InnoDB`,
    `INSERT IGNORE INTO ${cleanUp} VALUES (1, NULL)`,
  ],
];

interface Step {
  readonly version: number;
  readonly checksum: string;
  readonly statements: readonly string[];
}

function stepsFor(names: Names): Step[] {
  const usual = namesOf({});
  return STEPS.map((write, place) => ({
    version: 1000 * BREAKING + place + 1,
    checksum: createHash("sha256").update(write(usual).join(";")).digest("hex"),
    statements: write(names),
  }));
}

const createMigrations = ({ migrations }: Names): string =>
  `CREATE TABLE IF NOT EXISTS ${migrations} (
  version    INT NOT NULL PRIMARY KEY,
  checksum   VARBINARY(64) NOT NULL,
  applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB`;

/**
 * The whole schema as one script for the operator's own tool (`migrate: false`): it can be run any number of times.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function mysqlSchemaSql(given: SchemaOptions = {}): string {
  const checks = { tablePrefix: isTablePrefix, namespace: isText };
  const { namespace, ...options } = checkOptions("mysqlSchemaSql", checks, given);
  const names = namespace === undefined ? namesOf(options) : namesOf(options).in(namespace);
  const statements = stepsFor(names).flatMap((step) => [
    ...step.statements,
    `INSERT IGNORE INTO ${names.migrations} (version, checksum) VALUES (${step.version}, '${step.checksum}')`,
  ]);
  return `${[createMigrations(names), ...statements].join(";\n\n")};\n`;
}

/** How long a process waits for another that is making the tables. */
const LOCK_WAIT_SEC = 1;

/**
 * Makes the schema what this release needs, on a connection of our own. Of several processes at first boot one does it,
 * the others wait for it; a schema that is up to date costs two reads.
 *
 * @throws Error when the tables were made by a newer release that breaks with this one, a step was changed by hand, or
 *   they are missing and `mayMigrate` is false
 */
export async function prepareSchema(database: Database, names: Names, mayMigrate: boolean): Promise<void> {
  if (await database.run("READ ONLY", ({ query }) => isPrepared(query, names))) return;
  if (!mayMigrate) throw new MysqlFailure(undefined, "ER_NO_SUCH_TABLE", "never", false);
  await database.beside().lease(async (query, spoil) => {
    const { records } = await query(`SELECT GET_LOCK(${names.lock}, ${LOCK_WAIT_SEC}) AS isLocked`);
    if (Number(records[0]?.isLocked) !== 1) throw new Error("another process is making the tables");
    try {
      await query(createMigrations(names));
      for (const { version, checksum, statements } of await stepsToDo(query, names)) {
        for (const statement of statements) await query(statement);
        const note = `INSERT IGNORE INTO ${names.migrations} (version, checksum) VALUES (?, ?)`;
        await query(note, [version, Buffer.from(checksum)]);
      }
    } finally {
      await query(`SELECT RELEASE_LOCK(${names.lock})`).catch(spoil);
    }
  });
}

/** The names with the database that this connection has chosen: where its statements find, or make, the tables. */
export async function findDatabase(query: Query, names: Names): Promise<Names> {
  const { records } = await query("SELECT DATABASE() AS name");
  const name = records[0]?.name;
  return name == null ? names : names.foundIn(textOf(name));
}

/** Whether all tables are there. In the application's transaction: nothing is made there, as that would commit it. */
export async function isPrepared(query: Query, names: Names): Promise<boolean> {
  return (await stepsToDo(query, names)).length === 0;
}

/** Those that were not done; all of them when a table is gone, since each does no harm where it was. */
async function stepsToDo(query: Query, names: Names): Promise<Step[]> {
  const tables = names.all.map((name) => name.slice(1, -1));
  const { records } = await query(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = ${names.database} AND table_name IN (${tables.map((name) => `'${name}'`).join(", ")})`,
  );
  const there = new Set(records.map(({ name }) => `\`${textOf(name)}\``));
  const gone = names.all.filter((name) => !there.has(name));
  const steps = stepsFor(names);
  if (gone.some((name) => names.migrations.endsWith(name))) return steps;
  const applied = await query(`SELECT version, checksum FROM ${names.migrations}`);
  const undone = missing(steps, applied.records);
  return gone.length === 0 ? undone : steps;
}

function missing(steps: readonly Step[], applied: readonly MysqlRecord[]): Step[] {
  const checksums = new Map(applied.map((record) => [Number(record.version), textOf(record.checksum)]));
  const newest = Math.max(...checksums.keys(), 0);
  if (newest >= 1000 * (BREAKING + 1)) {
    throw new Error(
      `the tables were made by a newer release (schema ${newest}); update @acme/session-store-mysql`,
    );
  }
  return steps.filter(({ version, checksum }) => {
    const found = checksums.get(version);
    if (found !== undefined && found !== checksum) {
      throw new Error(`step ${version} of the schema is not the one of this release; was its script edited?`);
    }
    return found === undefined;
  });
}
