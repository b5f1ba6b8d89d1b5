import { StoreTimeout, within } from "@acme/session-core/store";
import { MysqlFailure, mysqlFailure, PacketTooLarge } from "./mysql-failure.js";

export type MysqlValue = string | number | null | Buffer;
export type MysqlRecord = Record<string, unknown>;

/** What a statement gives: records, or how many rows it found or changed. */
export interface MysqlResult {
  readonly records: readonly MysqlRecord[];
  readonly affectedRows: number;
}

export type Query = (sql: string, values?: readonly MysqlValue[]) => Promise<MysqlResult>;

/** The part of a connection of `mysql2/promise` that is used. */
export interface MysqlConnection {
  query(sql: string, values?: unknown[]): Promise<[unknown, unknown]>;
}

/** A connection of a pool of `mysql2/promise`. */
export interface MysqlPoolConnection extends MysqlConnection {
  release(): void;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a pool of `mysql2/promise` that is used. */
export interface MysqlPool {
  getConnection(): Promise<MysqlPoolConnection>;
  end(): Promise<void>;
}

/** security.md ST-02: connecting takes 2 s at most (the driver sees to that), waiting for a connection not much more. */
const CONNECT_LIMIT_MS = 2_000;
const STATEMENT_LIMIT_MS = 2_000;

/**
 * What every operation starts with, on whatever connection it gets: texts that are too long are an error and not cut
 * (strict mode), and a row that another holds is waited for 1 s. Times are integers, so the time zone does not matter.
 */
const SETTINGS =
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 1";

/** A pool of `mysql2`. Each call uses one connection and asks for no second one meanwhile (security.md ST-05). */
export class Database {
  readonly #pool: Promise<MysqlPool>;
  /** Connections that have the settings already: a session keeps them. */
  readonly #ready = new WeakSet<object>();

  /** @param ownsPool whether the connections are ours, to be set up once and ended */
  constructor(
    pool: MysqlPool | Promise<MysqlPool>,
    private readonly ownsPool: boolean,
  ) {
    this.#pool = Promise.resolve(pool);
    this.#pool.catch(() => {});
  }

  /** Statements that commit one by one, on one connection. */
  async lease<T>(use: (query: Query) => Promise<T>): Promise<T> {
    const connection = await this.#acquire();
    const ignore = (): void => {};
    connection.on("error", ignore);
    let endsConnection = true;
    const query = mysqlQuery(connection);
    try {
      if (!this.ownsPool || !this.#ready.has(raw(connection))) {
        await query(SETTINGS);
        this.#ready.add(raw(connection));
      }
      const result = await use(query);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection = error instanceof MysqlFailure && error.endsConnection;
      throw error;
    } finally {
      if (endsConnection) connection.destroy();
      else {
        connection.removeListener("error", ignore);
        connection.release();
      }
    }
  }

  /** One transaction that sees what others have committed; what `step` throws rolls it back and is passed on. */
  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.lease(async (query) => {
      await query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await query("START TRANSACTION");
      let result: T;
      try {
        result = await step(query);
      } catch (error) {
        if (!(error instanceof MysqlFailure && error.endsConnection)) await query("ROLLBACK");
        throw error;
      }
      await query("COMMIT");
      return result;
    });
  }

  async close(): Promise<void> {
    // A connection that fails while it is let go of is gone as well.
    if (this.ownsPool) await (await this.#pool).end().catch(() => {});
  }

  async #acquire(): Promise<MysqlPoolConnection> {
    const connecting = (await this.#pool).getConnection();
    try {
      return await within(CONNECT_LIMIT_MS, connecting);
    } catch (error) {
      if (error instanceof StoreTimeout) {
        connecting.then(
          (connection) => connection.release(),
          () => {},
        );
      }
      // Nothing has been sent yet.
      const { code, retry } = mysqlFailure(error);
      const isWorthRetrying = retry !== "never" && code !== "ETIMEDOUT" && code !== "POOL_CLOSED";
      throw new MysqlFailure(error, code, isWorthRetrying ? "nothing-happened" : "never", false);
    }
  }
}

/** Statements on one connection, each within its limit. Values are put in by the driver. */
export function mysqlQuery(connection: MysqlConnection): Query {
  return async (sql, values) => {
    try {
      const [result] = await within(STATEMENT_LIMIT_MS, connection.query(sql, values && [...values]));
      if (Array.isArray(result)) return { records: result as MysqlRecord[], affectedRows: 0 };
      return { records: [], affectedRows: (result as { affectedRows: number }).affectedRows };
    } catch (error) {
      const failure = mysqlFailure(error);
      if (failure.code !== "ER_NET_PACKET_TOO_LARGE") throw failure;
      throw new PacketTooLarge(error, sizeOf(values ?? []));
    }
  };
}

function sizeOf(values: readonly MysqlValue[]): number {
  return values.reduce<number>((bytes, value) => bytes + (Buffer.isBuffer(value) ? value.length : 0), 0);
}

/** The driver wraps its connection anew at each lease. */
function raw(connection: MysqlPoolConnection): object {
  return (connection as { connection?: object }).connection ?? connection;
}

/** A pool of our own for `url`. Nothing is opened before it is needed. */
export async function openPool(url: string, maxConnections: number): Promise<MysqlPool> {
  const { createPool } = await import("mysql2/promise");
  return createPool({
    uri: url,
    connectionLimit: maxConnections,
    connectTimeout: CONNECT_LIMIT_MS,
    idleTimeout: 30_000,
    enableKeepAlive: true,
    charset: "utf8mb4_bin",
    // Rows that matched count, changed or not; one statement per query; texts are never objects.
    flags: ["FOUND_ROWS"],
    multipleStatements: false,
    stringifyObjects: true,
    supportBigNumbers: true,
  }) as unknown as MysqlPool;
}
