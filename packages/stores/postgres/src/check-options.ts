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
import type { PgClient } from "./pg-database.js";
import type { PostgresJsTransaction } from "./postgres-js-database.js";
import type { PostgresStoreOptions } from "./postgres-store.js";

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
export function checkPostgresOptions(options: PostgresStoreOptions): void {
  shaped(checks, [], "must be an object: postgresStore({ url })")(options, NAME);
  checkServerOptions(NAME, options);
  if (options.client === undefined) return;
  for (const option of ["driver", "maxConnections"] as const) {
    if (options[option] !== undefined) {
      throw invalidOption(`${NAME}.${option}`, "goes with `url`; `client` has its own");
    }
  }
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
