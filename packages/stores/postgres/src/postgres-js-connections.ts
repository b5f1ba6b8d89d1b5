import { StoreTimeout, within } from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS } from "./pg-database.js";
import { PostgresFailure } from "./postgres-failure.js";
import { type PostgresJsSql, postgresJsQuery, postgresJsTransaction } from "./postgres-js-database.js";

/**
 * Connections of our own through `postgres`: each a `sql` of its own with one connection, lent to one operation at a
 * time. In a `sql` with several nobody can tell which one a statement ran on, and a bad one could not be dropped alone.
 */
export class PostgresJsConnections implements Database {
  readonly #idle: PostgresJsSql[] = [];
  readonly #waiting: ((sql: PostgresJsSql) => void)[] = [];
  readonly #all = new Set<PostgresJsSql>();

  /**
   * @param make a `sql` with one connection, which opens when it is used
   * @param prepares whether connections keep prepared statements of single queries
   */
  constructor(
    private readonly make: Promise<() => PostgresJsSql>,
    private readonly maxConnections: number,
    private readonly prepares: boolean,
  ) {
    make.catch(() => {});
  }

  query(text: string, values?: readonly PostgresValue[]): Promise<PostgresRecord[]> {
    return this.#lease((sql) => postgresJsQuery(sql, this.prepares)(text, values));
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#lease((sql) => postgresJsTransaction(sql, step));
  }

  beside(): Database {
    return this;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((sql) => sql.end({ timeout: 1 })));
  }

  async #lease<T>(use: (sql: PostgresJsSql) => Promise<T>): Promise<T> {
    const make = await this.make;
    const sql = await this.#acquire(make);
    let endsConnection = true;
    try {
      const result = await use(sql);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection = error instanceof PostgresFailure ? error.endsConnection : false;
      throw error;
    } finally {
      if (endsConnection) {
        this.#all.delete(sql);
        // A place has become free, with a new connection.
        if (this.#waiting.length > 0) this.#waiting.shift()?.(this.#open(make));
        sql.end({ timeout: 0 }).catch(() => {});
      } else this.#handOn(sql);
    }
  }

  async #acquire(make: () => PostgresJsSql): Promise<PostgresJsSql> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.size < this.maxConnections) return this.#open(make);
    let hasGivenUp = false;
    const turn = new Promise<PostgresJsSql>((resolve) => {
      this.#waiting.push((sql) => (hasGivenUp ? this.#handOn(sql) : resolve(sql)));
    });
    try {
      return await within(ACQUIRE_LIMIT_MS, turn);
    } catch (error) {
      hasGivenUp = true;
      throw error instanceof StoreTimeout ? new PostgresFailure(error, "TIMEOUT", "never") : error;
    }
  }

  #handOn(sql: PostgresJsSql): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(sql);
    else next(sql);
  }

  #open(make: () => PostgresJsSql): PostgresJsSql {
    const sql = make();
    this.#all.add(sql);
    return sql;
  }
}
