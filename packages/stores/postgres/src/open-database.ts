import type { Database } from "./database.js";
import { CONNECT_LIMIT_MS, PgDatabase, type PgPool } from "./pg-database.js";
import { PostgresSetupError } from "./postgres-failure.js";
import { PostgresJsConnections } from "./postgres-js-connections.js";
import { PostgresJsDatabase, type PostgresJsSql } from "./postgres-js-database.js";

export type PostgresDriverName = "pg" | "postgres";

/** Connections of our own, through the driver named or the one that is installed. Nothing is opened before it is needed. */
export function openDatabase(
  url: string,
  driver: PostgresDriverName | undefined,
  maxConnections: number,
  prepares: boolean,
): Database {
  if (driver === "pg") return new PgDatabase(openPool(url, maxConnections), true, prepares);
  if (driver === "postgres") return postgresJs(url, maxConnections, prepares);
  return new LazyDatabase(async () => {
    const pg = await loadPg().catch((error: unknown) => {
      if (error instanceof PostgresSetupError) return undefined;
      throw error;
    });
    if (pg !== undefined) return new PgDatabase(openPool(url, maxConnections), true, prepares);
    await loadPostgres("pg");
    return postgresJs(url, maxConnections, prepares);
  });
}

/** The application's own pool or `sql`. */
export function adoptDatabase(client: PgPool | PostgresJsSql, prepares: boolean): Database {
  if (isPool(client)) return new PgDatabase(client, false, prepares);
  return new PostgresJsDatabase(client, prepares, (options) =>
    // The driver takes options that it has worked out before as they are.
    postgresJs(undefined, 1, false, { ...options, ...OWN_SETTINGS, idle_timeout: 1 }),
  );
}

/** `sql` is a function, a pool is not. */
function isPool(client: PgPool | PostgresJsSql): client is PgPool {
  return typeof client !== "function";
}

async function openPool(url: string, maxConnections: number): Promise<PgPool> {
  const { default: pg } = await loadPg();
  return new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    allowExitOnIdle: true,
  });
}

const OWN_SETTINGS = {
  max: 1,
  connect_timeout: CONNECT_LIMIT_MS / 1000,
  fetch_types: false,
  // Seconds to the next attempt after a failed one: its own default grows to 15.
  backoff: (attempts: number) => Math.min(1, 0.05 * 2 ** attempts),
  onnotice: () => {},
};

function postgresJs(
  url: string | undefined,
  maxConnections: number,
  prepares: boolean,
  options: object = { ...OWN_SETTINGS, idle_timeout: 30, prepare: prepares },
): PostgresJsConnections {
  const make = async (): Promise<() => PostgresJsSql> => {
    const { default: postgres } = await loadPostgres();
    return () => (url === undefined ? postgres(options) : postgres(url, options)) as unknown as PostgresJsSql;
  };
  return new PostgresJsConnections(make(), maxConnections, prepares);
}

const loadPg = () => import("pg").catch((error: unknown) => driverMissing(error, "pg"));
/** @param wanted what to install when it is not there */
const loadPostgres = (wanted: PostgresDriverName = "postgres") =>
  import("postgres").catch((error: unknown) => driverMissing(error, wanted));

function driverMissing(error: unknown, driver: PostgresDriverName): never {
  if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
  throw new PostgresSetupError(
    `the driver is missing: \`npm install ${driver}\`, or give \`client\` (a pg.Pool, or a postgres(…))`,
    { cause: error },
  );
}

/** A database whose driver is found at the first use. */
class LazyDatabase implements Database {
  #database: Promise<Database> | undefined;

  constructor(private readonly open: () => Promise<Database>) {}

  query: Database["query"] = async (...statement) => (await this.#get()).query(...statement);
  transaction: Database["transaction"] = async (step) => (await this.#get()).transaction(step);

  beside(): Database {
    return this;
  }

  async close(): Promise<void> {
    await (await this.#database)?.close();
  }

  #get(): Promise<Database> {
    this.#database ??= this.open();
    return this.#database;
  }
}
