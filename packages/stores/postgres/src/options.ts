import {
  checkServerOptions,
  holds,
  invalidArgument,
  invalidOption,
  isBoolean,
  isText,
  type OptionCheck,
  oneOf,
  serverUrl,
  shaped,
} from "@acme/session-core/store";
import type { NamesOptions } from "./names.js";
import type { PostgresDriverName } from "./open-database.js";
import type { PgClient, PgPool } from "./pg-parts.js";
import type { PostgresJsSql, PostgresJsTransaction } from "./postgres-js-database.js";

export interface PostgresStoreOptions extends NamesOptions {
  /** `postgres://user:password@host:5432/database`: connections of our own. Either this or `client`. */
  url?: string | undefined;
  /** The application's own `pg.Pool` or `postgres(…)`, which `close` leaves open. */
  client?: PgPool | PostgresJsSql | undefined;
  /** Which driver opens `url`. Default: `pg` if it is installed, else `postgres`. */
  driver?: PostgresDriverName | undefined;
  /** Most connections opened for `url`. Default 10. */
  maxConnections?: number | undefined;
  /**
   * Whether connections keep our statements prepared, which saves a third of a refresh's CPU time. Default false: a pooler
   * in transaction mode has to know prepared statements (PgBouncer 1.21, `max_prepared_statements`). Where one does not,
   * the store goes on without. Inside `joinTransaction` nothing is prepared.
   */
  preparedStatements?: boolean | undefined;
  /** Whether the store makes and updates its tables by itself. Default true. */
  migrate?: boolean | undefined;
  /**
   * Whose clock decides what has expired: the server's (default), the same for every machine, or `"engine"`, the
   * clock of the caller, for tests that move it.
   */
  clock?: "server" | "engine" | undefined;
}

const NAME = "postgresStore";

const any: OptionCheck = () => {};

const checks: Readonly<Record<keyof PostgresStoreOptions, OptionCheck>> = {
  url: (value, path) => {
    // What `pg` takes besides: the directory of a socket.
    if (typeof value === "string" && value.startsWith("/")) return;
    serverUrl("postgres", "postgresql", "socket")(value, path);
  },
  client: isPoolOrSql,
  driver: oneOf("pg", "postgres"),
  // Looked at with those of the other servers.
  maxConnections: any,
  clock: any,
  schema: isText,
  tablePrefix: isText,
  preparedStatements: isBoolean,
  migrate: isBoolean,
};

/** @throws SessionError `INVALID_OPTION` */
export function checkPostgresOptions(given: PostgresStoreOptions): PostgresStoreOptions {
  const check = shaped(checks, [], "must be an object: postgresStore({ url })");
  const options = check(given, NAME) as PostgresStoreOptions;
  checkServerOptions(NAME, options);
  if (options.client === undefined) return options;
  for (const option of ["driver", "maxConnections"] as const) {
    if (options[option] !== undefined) {
      throw invalidOption(`${NAME}.${option}`, "goes with `url`; `client` has its own");
    }
  }
  return options;
}

const has = (value: object, ...names: readonly string[]): boolean =>
  names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");

const isPool = holds((value) => {
  const { totalCount, idleCount } = value as { totalCount?: unknown; idleCount?: unknown };
  return (
    has(value as object, "connect", "end", "on", "off") &&
    typeof totalCount === "number" &&
    typeof idleCount === "number"
  );
}, "must be a `pg.Pool`, or what `postgres(…)` returns");

function isPoolOrSql(value: unknown, path: string): void {
  if (typeof value === "function") {
    if (has(value, "unsafe", "begin", "end")) return;
    throw invalidOption(
      path,
      has(value, "unsafe")
        ? "is the `sql` of one transaction; give what `postgres(…)` returns, and this one to `joinTransaction`"
        : "must be a `pg.Pool`, or what `postgres(…)` returns: make one, do not pass the function that does",
    );
  }
  if (typeof value !== "object" || value === null) isPool({}, path);
  const client = value as { totalCount?: unknown; ended?: unknown; ending?: unknown };
  if (client.totalCount === undefined && has(client, "query", "connect")) {
    throw invalidOption(path, "is a single connection, which ends with its first fault; give a `pg.Pool`");
  }
  isPool(client, path);
  if (client.ended === true || client.ending === true)
    throw invalidOption(path, "is a pool that has been ended");
}

/** @throws SessionError `INVALID_ARGUMENT` for what is not one connection */
export function joinable(client: PgClient | PostgresJsTransaction): PgClient | PostgresJsTransaction {
  const given: unknown = client;
  if ((typeof given === "object" && given !== null) || typeof given === "function") {
    if (has(given, "unsafe") && !has(given, "begin")) return client;
    if (has(given, "query") && !("totalCount" in given)) return client;
  }
  throw invalidArgument(
    "joinTransaction takes the connection that has begun the transaction: a client of `pool.connect()`, or the `sql` that `sql.begin` hands out",
  );
}
