import type { Database } from "./database.js";
import { CONNECT_LIMIT_MS, PgDatabase, SERVER_LIMITS } from "./pg-database.js";
import type { PgPool } from "./pg-parts.js";
import { tidyClients } from "./pg-tidy.js";
import { PostgresSetupError } from "./postgres-failure.js";
import { PostgresJsConnections } from "./postgres-js-connections.js";
import { PostgresJsDatabase, type PostgresJsSql } from "./postgres-js-database.js";
import { type Line, openLine, type PostgresJsOptions } from "./postgres-js-line.js";

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
    postgresJs(undefined, 1, false, 1_000, { ...options, ...OWN_SETTINGS }),
  );
}

/** `sql` is a function, a pool is not. */
function isPool(client: PgPool | PostgresJsSql): client is PgPool {
  return typeof client !== "function";
}

async function openPool(url: string, maxConnections: number): Promise<PgPool> {
  const { default: pg } = await loadPg();
  return new pg.Pool({
    Client: tidyClients(pg.Client),
    ...SERVER_LIMITS,
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    idleTimeoutMillis: IDLE_LIMIT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
  });
}

/** As long an own connection stays open that nobody uses. */
const IDLE_LIMIT_MS = 30_000;

const OWN_SETTINGS = {
  max: 1,
  // These timers would keep the process alive.
  idle_timeout: 0,
  max_lifetime: 0,
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
  idleLimitMs = IDLE_LIMIT_MS,
  options: object = { ...OWN_SETTINGS, prepare: prepares },
): PostgresJsConnections {
  let limits: object = SERVER_LIMITS;
  const make = async (): Promise<() => Line> => {
    const { default: postgres } = await loadPostgres();
    const open = (socket: PostgresJsOptions["socket"]): PostgresJsSql => {
      const { connection } = options as { connection?: object };
      const all: object = { ...options, socket, connection: { ...limits, ...connection } };
      return (url === undefined ? postgres(all) : postgres(url, all)) as unknown as PostgresJsSql;
    };
    return () => openLine(open, (options as PostgresJsOptions).socket);
  };
  return new PostgresJsConnections(make(), maxConnections, prepares, idleLimitMs, () => {
    limits = {};
  });
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
