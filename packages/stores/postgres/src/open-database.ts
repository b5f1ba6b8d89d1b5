import type { Database } from "./database.js";
import { CONNECT_LIMIT_MS, PgDatabase, type PgPool } from "./pg-database.js";
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
    try {
      return new PgDatabase(await openPool(url, maxConnections), true, prepares);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
      return postgresJs(url, maxConnections, prepares);
    }
  });
}

/** The application's own pool or `sql`. */
export function adoptDatabase(client: PgPool | PostgresJsSql, prepares: boolean): Database {
  if (!isPool(client)) return new PostgresJsDatabase(client, undefined, prepares);
  // An idle connection that fails ends the process unless somebody listens (security.md CC-08); the pool replaces it.
  client.on("error", () => {});
  return new PgDatabase(client, false, prepares);
}

/** `sql` is a function, a pool is not. */
function isPool(client: PgPool | PostgresJsSql): client is PgPool {
  return typeof client !== "function";
}

async function openPool(url: string, maxConnections: number): Promise<PgPool> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // The pool drops an idle connection that fails; without a listener it would end the process (security.md CC-08).
  pool.on("error", () => {});
  return pool;
}

function postgresJs(url: string, maxConnections: number, prepares: boolean): PostgresJsDatabase {
  const open = async (): Promise<PostgresJsSql> => {
    const { default: postgres } = await import("postgres");
    return postgres(url, {
      max: maxConnections,
      connect_timeout: CONNECT_LIMIT_MS / 1000,
      idle_timeout: 30,
      prepare: prepares,
      fetch_types: false,
      // Seconds to the next attempt after a failed one: its own default grows to 15.
      backoff: (attempts) => Math.min(1, 0.05 * 2 ** attempts),
      onnotice: () => {},
    }) as unknown as PostgresJsSql;
  };
  return new PostgresJsDatabase(open(), open, prepares);
}

/** A database whose driver is found at the first use. */
class LazyDatabase implements Database {
  #database: Promise<Database> | undefined;

  constructor(private readonly open: () => Promise<Database>) {}

  query: Database["query"] = async (...statement) => (await this.#get()).query(...statement);
  transaction: Database["transaction"] = async (step) => (await this.#get()).transaction(step);

  async close(): Promise<void> {
    await (await this.#database)?.close();
  }

  #get(): Promise<Database> {
    this.#database ??= this.open();
    return this.#database;
  }
}
