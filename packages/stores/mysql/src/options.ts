import {
  checkOptions,
  invalidOption,
  isBoolean,
  type OptionChecks,
  oneOf,
  wholeBetween,
} from "@acme/session-core/store";
import type { MysqlPool } from "./driver.js";
import { isTablePrefix, type NamesOptions } from "./names.js";

export interface MysqlStoreOptions extends NamesOptions {
  /** `mysql://user:password@host:3306/database`: connections of our own. Either this or `client`. */
  url?: string | undefined;
  /** The application's own pool of `mysql2/promise`: on its connections nothing is set, and `close` leaves it open. */
  client?: MysqlPool | undefined;
  /** Most connections opened for `url`. Default 10. */
  maxConnections?: number | undefined;
  /** Whether the store makes and updates its tables by itself. Default true. */
  migrate?: boolean | undefined;
  /** Whose clock decides what has expired: the server's (default), or `"engine"`, the caller's, for tests that move it. */
  clock?: "server" | "engine" | undefined;
}

const NAME = "mysqlStore";

const CHECKS: OptionChecks = {
  url: (value, path) => checkUrl(value, path),
  client: (value, path) => checkClient(value, path),
  maxConnections: wholeBetween(1, 10_000, "connections"),
  tablePrefix: isTablePrefix,
  migrate: isBoolean,
  clock: oneOf("server", "engine"),
};

/** @throws SessionError `INVALID_OPTION`; a message never repeats the URL, which has a password in it */
export function checkMysqlOptions(given: MysqlStoreOptions): MysqlStoreOptions {
  const options = checkOptions(NAME, CHECKS, given);
  const { url, client, maxConnections } = options;
  if (url === undefined && client === undefined) {
    throw invalidOption(`${NAME}.url`, "is required, unless you pass your pool as `client`");
  }
  if (url !== undefined && client !== undefined) {
    throw invalidOption(`${NAME}.client`, "goes without `url`: the connections are yours or ours");
  }
  if (client !== undefined && maxConnections !== undefined) {
    throw invalidOption(`${NAME}.maxConnections`, "goes with `url`: your pool has its own limit");
  }
  return options;
}

/** Which package takes an address that begins so. */
const OTHERS: Readonly<Record<string, string>> = {
  "postgres:": "postgresStore of @acme/session-store-postgres",
  "postgresql:": "postgresStore of @acme/session-store-postgres",
  "redis:": "redisStore of @acme/session-store-redis",
  "rediss:": "redisStore of @acme/session-store-redis",
  "valkey:": "redisStore of @acme/session-store-redis",
  "file:": "sqliteStore of @acme/session-core/sqlite",
};

function checkUrl(value: unknown, path: string): void {
  const form = "must be mysql://user:password@host:3306/database";
  if (typeof value !== "string") throw invalidOption(path, `${form}, not a ${typeof value}`);
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw invalidOption(path, `${form}; a password with /, ?, # or % in it has to be percent-encoded`);
  }
  const other = OTHERS[url.protocol];
  if (other !== undefined) throw invalidOption(path, `${url.protocol}// is for ${other}; here it ${form}`);
  if (url.protocol !== "mysql:" && url.protocol !== "mariadb:") throw invalidOption(path, form);
  if (url.pathname.length < 2) throw invalidOption(path, `${form}: it names no database`);
}

/** A thing that is no pool of `mysql2/promise`, and what it is instead. */
const OTHER_CLIENTS: readonly (readonly [test: (client: Client) => boolean, message: string])[] = [
  [(client) => typeof client === "string", "must be a pool of mysql2/promise; an address goes into `url`"],
  [
    (client) => has(client, "then"),
    "is a promise: wait for it (`await createPool(…)` of mysql2/promise needs none)",
  ],
  [
    (client) => has(client, "promise") && has(client, "getConnection"),
    "is a pool of mysql2 with callbacks: pass `pool.promise()`, or make it with createPool of mysql2/promise",
  ],
  [
    (client) => has(client, "add") && has(client, "of"),
    'is a cluster of pools: pass the pool of the primary, `cluster.of("…")` of mysql2/promise',
  ],
  [
    (client) => has(client, "getConnection") && (has(client, "batch") || !has(client, "execute")),
    "is a pool of another driver than mysql2: make it with createPool of mysql2/promise, or pass `url`",
  ],
  [
    (client) => !has(client, "getConnection") && has(client, "query"),
    "is a single connection, which cannot serve requests at the same time: pass a pool, createPool of mysql2/promise",
  ],
  [(client) => !has(client, "getConnection"), "must be a pool: createPool of mysql2/promise"],
  [isClosed, "is a pool that has been closed"],
];

type Client = Readonly<Record<string, unknown>> | string;

function checkClient(value: unknown, path: string): void {
  const other = OTHER_CLIENTS.find(([is]) => is(value as Client));
  if (other !== undefined) throw invalidOption(path, other[1]);
}

function has(client: Client, method: string): boolean {
  return typeof (client as Readonly<Record<string, unknown>> | null)?.[method] === "function";
}

function isClosed(client: Client): boolean {
  return (client as { pool?: { _closed?: unknown } }).pool?._closed === true;
}

/** For `joinTransaction`. @returns what is wrong with it; undefined for a connection of `mysql2/promise` */
export function notAConnection(value: unknown): string | undefined {
  const given = value as Client;
  if (has(given, "getConnection")) return "a pool has no transaction: pass the connection it was begun on";
  if (has(given, "promise")) return "a connection with callbacks: pass `connection.promise()`";
  if (has(given, "query") && has(given, "destroy")) return undefined;
  return "no connection of mysql2/promise";
}
