import { createHash } from "node:crypto";
import { checkOptions, isBoolean, isText } from "@acme/session-core/store";
import type { Database, Query } from "./database.js";
import { type Names, namesOf, type SchemaOptions } from "./names.js";
import { PostgresSetupError } from "./postgres-failure.js";

/**
 * A step may only add (tables, indexes, columns with a default) as long as this number stays the same, so that two
 * releases run side by side during a deploy and after a roll-back (security.md ST-09). A step's version is
 * `1000 × breaking + its place`; code refuses tables with a higher thousand.
 */
const BREAKING = 1;

/**
 * The schema as a list of steps. Released steps are never edited: the store compares checksums. Each can be run again
 * without harm.
 *
 * Texts are compared byte for byte and sorted by code point (`COLLATE "C"`, ST-07); times are integers (ST-08, TM-06).
 * Rows have room to be updated in place.
 */
const STEPS: readonly ((names: Names) => string)[] = [
  ({ sessions, signingKeys, secrets, index }) => `
CREATE TABLE IF NOT EXISTS ${sessions} (
  handle                       text COLLATE "C" NOT NULL PRIMARY KEY,
  tenant_id                    text COLLATE "C" NOT NULL,
  user_id                      text COLLATE "C" NOT NULL,
  refresh_token_hash2          text COLLATE "C" NOT NULL,
  previous_refresh_token_hash2 text COLLATE "C",
  secret_id                    text COLLATE "C" NOT NULL,
  previous_secret_id           text COLLATE "C",
  generation                   bigint NOT NULL,
  rotated_at_ms                bigint,
  session_data_json            text NOT NULL,
  access_token_payload_json    text NOT NULL,
  created_at_ms                bigint NOT NULL,
  expires_at_ms                bigint NOT NULL,
  absolute_expires_at_ms       bigint NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS ${index("sessions_by_user")} ON ${sessions} (user_id);
CREATE INDEX IF NOT EXISTS ${index("sessions_by_expiry")} ON ${sessions} (expires_at_ms);

CREATE TABLE IF NOT EXISTS ${signingKeys} (
  kid              text COLLATE "C" NOT NULL PRIMARY KEY,
  family           text COLLATE "C" NOT NULL,
  algorithm        text COLLATE "C" NOT NULL,
  sequence         bigint NOT NULL,
  created_at_ms    bigint NOT NULL,
  public_jwk_json  text NOT NULL,
  private_jwk_json text NOT NULL,
  UNIQUE (family, algorithm, sequence)
);

CREATE TABLE IF NOT EXISTS ${secrets} (
  position bigint NOT NULL PRIMARY KEY,
  id       text COLLATE "C" NOT NULL UNIQUE,
  secret   text NOT NULL
);`,
  ({ roles, rolePermissions, roleParents, userRoles, roleUsers, roleClock, index }) => `
CREATE TABLE IF NOT EXISTS ${roles} (
  role    text COLLATE "C" NOT NULL PRIMARY KEY,
  version bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS ${rolePermissions} (
  role       text COLLATE "C" NOT NULL REFERENCES ${roles} (role) ON DELETE CASCADE,
  permission text COLLATE "C" NOT NULL,
  PRIMARY KEY (role, permission)
);
CREATE INDEX IF NOT EXISTS ${index("role_permissions_by_permission")} ON ${rolePermissions} (permission);

CREATE TABLE IF NOT EXISTS ${roleParents} (
  role   text COLLATE "C" NOT NULL REFERENCES ${roles} (role) ON DELETE CASCADE,
  parent text COLLATE "C" NOT NULL REFERENCES ${roles} (role) ON DELETE CASCADE,
  PRIMARY KEY (role, parent)
);
CREATE INDEX IF NOT EXISTS ${index("role_parents_by_parent")} ON ${roleParents} (parent);

CREATE TABLE IF NOT EXISTS ${userRoles} (
  tenant_id text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL,
  role      text COLLATE "C" NOT NULL REFERENCES ${roles} (role) ON DELETE CASCADE,
  PRIMARY KEY (tenant_id, user_id, role)
);
CREATE INDEX IF NOT EXISTS ${index("user_roles_by_role")} ON ${userRoles} (role, tenant_id, user_id);
CREATE INDEX IF NOT EXISTS ${index("user_roles_by_user")} ON ${userRoles} (user_id);

CREATE TABLE IF NOT EXISTS ${roleUsers} (
  tenant_id text COLLATE "C" NOT NULL,
  user_id   text COLLATE "C" NOT NULL,
  version   bigint NOT NULL,
  PRIMARY KEY (tenant_id, user_id)
);

CREATE TABLE IF NOT EXISTS ${roleClock} (
  id      integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO ${roleClock} VALUES (1, 0) ON CONFLICT DO NOTHING;`,
  // When the latest clean-up was, for all processes.
  ({ cleanUp }) => `
CREATE TABLE IF NOT EXISTS ${cleanUp} (
  id            integer NOT NULL PRIMARY KEY CHECK (id = 1),
  claimed_at_ms bigint NOT NULL
);`,
];

interface Step {
  readonly version: number;
  readonly checksum: string;
  readonly sql: string;
}

/** The checksum is that of the SQL with the default names, so that it says nothing about a prefix. */
function stepsFor(names: Names): Step[] {
  const usual = namesOf({});
  return STEPS.map((write, place) => ({
    version: 1000 * BREAKING + place + 1,
    checksum: createHash("sha256").update(write(usual)).digest("hex"),
    sql: write(names),
  }));
}

const createMigrations = ({ migrations }: Names): string => `
CREATE TABLE IF NOT EXISTS ${migrations} (
  version    integer NOT NULL PRIMARY KEY,
  checksum   text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);`;

/**
 * The whole schema as one script for the operator's own tool (`migrate: false`): it can be run any number of times, and
 * does what the store would do by itself.
 */
export function postgresSchemaSql(given: SchemaOptions = {}): string {
  const checks = { schema: isText, tablePrefix: isText, namespace: isText, transaction: isBoolean };
  const { namespace, transaction = true, ...options } = checkOptions("postgresSchemaSql", checks, given);
  const names = namespace === undefined ? namesOf(options) : namesOf(options).in(namespace);
  const steps = stepsFor(names).map(
    ({ version, checksum, sql }) => `
-- step ${version}
${sql.trim()}
INSERT INTO ${names.migrations} (version, checksum) VALUES (${version}, '${checksum}') ON CONFLICT DO NOTHING;`,
  );
  const script = `${createMigrations(names).trim()}
${steps.join("\n")}
`;
  return transaction ? `BEGIN;\n${script}COMMIT;\n` : script;
}

/**
 * Whether everything is there that this release needs. Never fails for what is missing: a transaction of the
 * application may be waiting behind it.
 *
 * @throws PostgresSetupError as `prepareSchema`
 */
export async function isSchemaReady(query: Query, names: Names): Promise<boolean> {
  return (await stepsToDo(query, names)).length === 0;
}

/**
 * The names with the schema that the tables are in, as this connection finds them: where they were `known` to be, or in
 * its `search_path`. Undefined where there are none.
 */
export async function findTables(query: Query, names: Names, known = names): Promise<Names | undefined> {
  const [found] = await query(
    `SELECT n.nspname::text AS schema FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = coalesce(to_regclass($1::text), to_regclass($2::text))`,
    [known.sessions, names.sessions],
  );
  return found === undefined ? undefined : names.foundIn(String(found.schema));
}

/**
 * Makes the schema what this release needs. Of several processes at first boot one does it, the others wait for it
 * (security.md ST-09); one that is up to date costs two reads.
 *
 * @throws PostgresSetupError when the tables were made by a newer release that breaks with this one, a step was changed
 *   by hand, or they are missing and `mayMigrate` is false
 */
export async function prepareSchema(database: Database, names: Names, mayMigrate: boolean): Promise<void> {
  if (await isSchemaReady(database.query.bind(database), names)) return;
  if (!mayMigrate) {
    throw new PostgresSetupError(
      "the tables are missing or older than this release: run the script that postgresSchemaSql() gives, or leave `migrate` on",
    );
  }
  await database.transaction(async (query) => {
    await query("SELECT pg_advisory_xact_lock(1633904997, hashtext($1::text))", [names.lockKey]);
    await query(createMigrations(names));
    for (const { version, checksum, sql } of await stepsToDo(query, names)) {
      await query(sql);
      await query(
        `INSERT INTO ${names.migrations} (version, checksum) VALUES ($1::int, $2::text) ON CONFLICT DO NOTHING`,
        [version, checksum],
      );
    }
  });
}

/** Those that were not done; all of them when a table is gone, since each does no harm where it was. */
async function stepsToDo(query: Query, names: Names): Promise<Step[]> {
  const gone = await query(
    "SELECT name FROM json_array_elements_text($1::text::json) AS t (name) WHERE to_regclass(name) IS NULL",
    [JSON.stringify(names.all)],
  );
  const steps = stepsFor(names);
  if (gone.some(({ name }) => name === names.migrations)) return steps;
  const undone = missing(steps, await query(`SELECT version, checksum FROM ${names.migrations}`, []));
  return gone.length === 0 ? undone : steps;
}

function missing(steps: readonly Step[], applied: readonly Record<string, unknown>[]): Step[] {
  const checksums = new Map(applied.map((record) => [Number(record.version), String(record.checksum)]));
  const newest = Math.max(...checksums.keys(), 0);
  if (newest >= 1000 * (BREAKING + 1)) {
    throw new PostgresSetupError(
      `the tables were made by a newer release (schema ${newest}); update @acme/session-store-postgres`,
    );
  }
  return steps.filter(({ version, checksum }) => {
    const found = checksums.get(version);
    if (found !== undefined && found !== checksum) {
      throw new PostgresSetupError(
        `step ${version} of the schema is not the one of this release; was its script edited?`,
      );
    }
    return found === undefined;
  });
}
