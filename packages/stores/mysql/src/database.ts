import { StoreTimeout, within } from "@acme/session-core/store";
import type { Field, MysqlConnection, MysqlPool, MysqlPoolConnection } from "./driver.js";
import { MysqlFailure, mysqlFailure, PacketTooLarge } from "./mysql-failure.js";
import { accessOf, limitOf, openPool } from "./own-pool.js";
import { type MysqlValue, withValues } from "./statement-text.js";

export type { MysqlValue };
export type MysqlRecord = Record<string, unknown>;

/** What a statement gives: records, or how many rows it found or changed. */
export interface MysqlResult {
  readonly records: readonly MysqlRecord[];
  readonly affectedRows: number;
  /** Flags of the protocol, where the statement gave no records. */
  readonly serverStatus?: number | undefined;
}

export type Query = (sql: string, values?: readonly MysqlValue[]) => Promise<MysqlResult>;

/** Where the statements of one operation go. */
export interface Scope {
  readonly query: Query;
  /**
   * Whose transaction they are: `"none"`, each commits by itself; `"ours"`, over with the operation; `"theirs"`, the
   * application's: it may have begun before what others have committed, and what it locks stays locked for long.
   */
  readonly transaction: "none" | "ours" | "theirs";
}

/** security.md ST-02: connecting takes 2 s at most (the driver sees to that), waiting for a connection not much more. */
const CONNECT_LIMIT_MS = 2_000;
/** As long may a statement take. The server is told to give up a moment before we do. */
const STATEMENT_LIMIT_MS = 2_000;

/**
 * What connections of our own are set to. Texts that are too long are an error and not cut, a row that another holds is
 * waited for 1 s, and a transaction sees what others have committed. Times are integers, so the time zone does not matter.
 */
const SETTINGS: readonly string[] = [
  "SET SESSION autocommit = 1, innodb_lock_wait_timeout = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
];

/**
 * Stands before a statement on a connection of the application's, of which nothing may be changed: for this statement
 * alone MariaDB waits for others no longer than on ours, and goes by none of the settings that would cut a result, refuse
 * a change or leave rows behind. MySQL has no such form and reads a comment; there a locking read does not wait.
 */
const FOR_THIS_STATEMENT =
  "/*M!100303 SET STATEMENT innodb_lock_wait_timeout = 1, max_statement_time = 1.8, sql_safe_updates = 0, " +
  "sql_select_limit = 18446744073709551615, foreign_key_checks = 1 FOR */ ";

/** The same whatever `completion_type` the connection has. */
const COMMIT = "COMMIT AND NO CHAIN NO RELEASE";
const ROLLBACK = "ROLLBACK AND NO CHAIN NO RELEASE";

/** A pool of `mysql2`. Each call uses one connection and asks for no second one meanwhile (security.md ST-05). */
export class Database {
  readonly #pool: Promise<MysqlPool>;
  /** Connections that have the settings already: a session keeps them. */
  readonly #ready = new WeakSet<object>();
  #beside: Database | undefined;
  /** How many connections are in our hands, or being made for us. */
  #held = 0;

  /** @param ownsPool whether the connections are ours, to be set up once and ended; on others nothing is changed */
  constructor(
    pool: MysqlPool | Promise<MysqlPool>,
    private readonly ownsPool: boolean,
  ) {
    this.#pool = Promise.resolve(pool);
    this.#pool.catch(() => {});
  }

  /**
   * Statements as the connection takes them, on one connection.
   *
   * @param use calls `spoil` when the connection must not be used again
   */
  async lease<T>(use: (query: Query, spoil: () => void) => Promise<T>): Promise<T> {
    const connection = await this.#acquire();
    const ignore = (): void => {};
    connection.on("error", ignore);
    let endsConnection = false;
    const spoil = (): void => {
      endsConnection = true;
    };
    try {
      if (this.ownsPool && !this.#ready.has(raw(connection))) {
        for (const setting of SETTINGS) await plainQuery(connection)(setting);
        this.#ready.add(raw(connection));
      }
      return await use(this.ownsPool ? plainQuery(connection) : lentQuery(connection), spoil);
    } catch (error) {
      if (error instanceof MysqlFailure && error.endsConnection) spoil();
      throw error;
    } finally {
      this.#held -= 1;
      if (endsConnection) connection.destroy();
      else {
        connection.removeListener("error", ignore);
        connection.release();
      }
    }
  }

  /**
   * Statements that commit one by one where that can be relied on: a lent connection may have `autocommit` off, or stand
   * in an old snapshot, so there they are one transaction.
   */
  run<T>(access: "READ ONLY" | "READ WRITE", step: (scope: Scope) => Promise<T>): Promise<T> {
    if (!this.ownsPool) return this.transaction(step, access);
    return this.lease((query) => step({ query, transaction: "none" }));
  }

  /** One transaction of our own; what `step` throws rolls it back and is passed on. */
  transaction<T>(
    step: (scope: Scope) => Promise<T>,
    access: "READ ONLY" | "READ WRITE" = "READ WRITE",
  ): Promise<T> {
    return this.lease(async (query, spoil) => {
      await query(`START TRANSACTION ${access}`);
      let result: T;
      try {
        result = await step({ query, transaction: "ours" });
      } catch (error) {
        if (!(error instanceof MysqlFailure && error.endsConnection)) await query(ROLLBACK).catch(spoil);
        throw error;
      }
      await query(COMMIT);
      return result;
    });
  }

  /**
   * A connection of our own to the same server, which is free although the application has lent out all of its own, and
   * on which tables can be made. It is closed when it has not been used for a second.
   */
  beside(): Database {
    if (this.ownsPool) return this;
    this.#beside ??= new Database(
      this.#pool.then((pool) => {
        const access = accessOf(pool);
        if (access === undefined) throw new MysqlFailure(undefined, "NO_WAY_BESIDE", "never", false);
        return openPool(access, 1, 1_000);
      }),
      true,
    );
    return this.#beside;
  }

  /** Lets go of what is ours. Never throws: what fails while it is let go of is gone as well. */
  async close(): Promise<void> {
    await this.#beside?.close();
    if (!this.ownsPool) return;
    await this.#pool.then((pool) => pool.end()).catch(() => {});
  }

  async #acquire(): Promise<MysqlPoolConnection> {
    let pool: MysqlPool;
    let asked: Asked;
    try {
      pool = await this.#pool;
      asked = ask(pool);
    } catch (error) {
      throw mysqlFailure(error).beforeAnything();
    }
    const { connecting, isQueued } = asked;
    if (!isQueued) this.#held += 1;
    try {
      const connection = await within(CONNECT_LIMIT_MS, connecting);
      if (isQueued) this.#held += 1;
      return connection;
    } catch (error) {
      const letGo = (): void => {
        if (!isQueued) this.#held -= 1;
      };
      if (!(error instanceof StoreTimeout)) {
        letGo();
        throw mysqlFailure(error).beforeAnything();
      }
      void connecting
        .then(
          (connection) => connection.release(),
          () => {},
        )
        .then(letGo);
      // Where all are in our own hands it is the server that is slow.
      const isLentOut = isQueued && !this.ownsPool && this.#held < (limitOf(pool) ?? Infinity);
      if (isLentOut) throw new MysqlFailure(error, "NO_FREE_CONNECTION", "never", false);
      throw mysqlFailure(error).beforeAnything();
    }
  }
}

interface Asked {
  readonly connecting: Promise<MysqlPoolConnection>;
  /** Whether it waits until one is free; otherwise it is there, or being made. */
  readonly isQueued: boolean;
}

function ask(pool: MysqlPool): Asked {
  let isQueued = false;
  const note = (): void => {
    isQueued = true;
  };
  // The pool says so before it returns.
  pool.on?.("enqueue", note);
  try {
    const connecting = pool.getConnection();
    return { connecting, isQueued };
  } finally {
    pool.removeListener?.("enqueue", note);
  }
}

/** Statements on a connection that may be the application's, each within its limit. */
export function lentQuery(connection: MysqlConnection): Query {
  const query = plainQuery(connection);
  return (sql, values) => query(IS_DATA.test(sql) ? FOR_THIS_STATEMENT + sql : sql, values);
}

const IS_DATA = /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s/;

function plainQuery(connection: MysqlConnection): Query {
  return async (sql, values = []) => {
    const statement = withValues(sql, values);
    try {
      const [result] = await within(
        STATEMENT_LIMIT_MS,
        connection.query({ sql: statement, values: [], rowsAsArray: false, nestTables: false, typeCast }),
      );
      if (Array.isArray(result)) return { records: result as MysqlRecord[], affectedRows: 0 };
      const { affectedRows, serverStatus } = result as { affectedRows: number; serverStatus?: number };
      return { records: [], affectedRows, serverStatus };
    } catch (error) {
      const failure = mysqlFailure(error);
      if (failure.code === "ER_NET_PACKET_TOO_LARGE") throw new PacketTooLarge(error, sizeOf(values));
      // A server that is sent more than it takes may hang up before it has said so.
      if (failure.endsConnection && failure.code !== "TIMEOUT")
        failure.sent = { bytes: statement.length, values: sizeOf(values) };
      throw failure;
    }
  };
}

const NUMBERS = new Set(["TINY", "SHORT", "LONG", "INT24", "LONGLONG", "DECIMAL", "NEWDECIMAL", "DOUBLE"]);

/** Numbers and bytes, whatever the connection was told to make of them. */
function typeCast(field: Field): number | Buffer | null {
  const bytes = field.buffer();
  return bytes !== null && NUMBERS.has(field.type) ? Number(bytes.toString("latin1")) : bytes;
}

function sizeOf(values: readonly MysqlValue[]): number {
  return values.reduce<number>((bytes, value) => bytes + (Buffer.isBuffer(value) ? value.length : 0), 0);
}

/** The driver wraps its connection anew at each lease. */
function raw(connection: MysqlPoolConnection): object {
  return (connection as { connection?: object }).connection ?? connection;
}
