import { StoreTimeout, within } from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS, STATEMENT_LIMIT_MS } from "./pg-database.js";
import { PostgresFailure, postgresFailure } from "./postgres-failure.js";

/** A query of `postgres`: under way as soon as it is awaited. */
export interface PostgresJsQuery extends PromiseLike<readonly object[]> {
  simple(): PostgresJsQuery;
}

/** What `sql` and the `sql` of a transaction have in common. */
export interface PostgresJsTransaction {
  unsafe(query: string, values?: never[], options?: { prepare: boolean }): PostgresJsQuery;
}

/** The part of `postgres(…)` that is used. */
export interface PostgresJsSql extends PostgresJsTransaction {
  begin(options: string, step: (sql: PostgresJsTransaction) => Promise<unknown>): Promise<unknown>;
  end(options: { timeout: number }): Promise<void>;
}

/**
 * `postgres`. It queues without limit and keeps a connection whose answer does not come; so after a timeout a `sql` of
 * our own is replaced as a whole, and everything that waited in the old one is tried again in the new.
 */
export class PostgresJsDatabase implements Database {
  #sql: Promise<PostgresJsSql>;
  #isClosed = false;

  /**
   * @param open makes another one; undefined for an application's own `sql`, which is neither replaced nor ended
   * @param prepares whether connections keep prepared statements of single queries
   */
  constructor(
    sql: PostgresJsSql | Promise<PostgresJsSql>,
    private readonly open: (() => Promise<PostgresJsSql>) | undefined,
    private readonly prepares: boolean,
  ) {
    this.#sql = Promise.resolve(sql);
    this.#sql.catch(() => {});
  }

  query(text: string, values?: readonly PostgresValue[]): Promise<PostgresRecord[]> {
    return this.#use((sql) => postgresJsQuery(sql, this.prepares)(text, values));
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#use(async (sql, current) => {
      let giveUp: (error: unknown) => void = () => {};
      const lost = new Promise<never>((_, reject) => {
        giveUp = reject;
      });
      const running = sql.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
        try {
          return await step(postgresJsQuery(transaction));
        } catch (error) {
          // The driver would send its ROLLBACK on a connection that is gone, and wait for ever with that place of the pool.
          if (error instanceof PostgresFailure && error.endsConnection) {
            this.#replace(current);
            giveUp(error);
          }
          throw error;
        }
      });
      const result = await within(ACQUIRE_LIMIT_MS + STATEMENT_LIMIT_MS, Promise.race([running, lost]));
      return result as T;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.open !== undefined) await (await this.#sql).end({ timeout: 1 });
  }

  async #use<T>(step: (sql: PostgresJsSql, current: Promise<PostgresJsSql>) => Promise<T>): Promise<T> {
    const current = this.#sql;
    try {
      return await step(await current, current);
    } catch (error) {
      if (!isDriverError(error)) throw error;
      const failure = postgresFailure(error);
      if (failure.code === "TIMEOUT" || failure.code === "25006") this.#replace(current);
      throw failure;
    }
  }

  #replace(current: Promise<PostgresJsSql>): void {
    if (this.open === undefined || this.#isClosed || this.#sql !== current) return;
    this.#sql = this.open();
    this.#sql.catch(() => {});
    current.then((sql) => sql.end({ timeout: 0 })).catch(() => {});
  }
}

/** Statements through one `sql`, each within its limit. The driver's `cancel` leaves a rejection that nobody can handle. */
export function postgresJsQuery(sql: PostgresJsTransaction, prepares = false): Query {
  return async (text, values) => {
    // The driver's type for values says `never[]` outside of its own declarations; it takes text, numbers and null.
    const query =
      values === undefined
        ? sql.unsafe(text).simple()
        : sql.unsafe(text, [...values] as never[], { prepare: prepares });
    try {
      const sent = Promise.resolve(query as PromiseLike<readonly object[]>);
      return [...(await within(STATEMENT_LIMIT_MS, sent))] as PostgresRecord[];
    } catch (error) {
      throw postgresFailure(error);
    }
  };
}

/** What a step of a transaction threw by itself (a merge of the application) is not the driver's. */
function isDriverError(error: unknown): boolean {
  return (
    error instanceof StoreTimeout ||
    (error instanceof Error &&
      (error.name === "PostgresFailure" || typeof (error as { code?: unknown }).code === "string"))
  );
}
