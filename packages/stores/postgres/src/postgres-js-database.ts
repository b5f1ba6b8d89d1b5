import { type Joined, SessionError, StoreTimeout, within } from "@acme/session-core/store";
import { columnNames } from "./column-names.js";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS, noWayBeside, STATEMENT_LIMIT_MS } from "./pg-database.js";
import { assertPrimary, PostgresFailure, PostgresSetupError, postgresFailure } from "./postgres-failure.js";

/** A query of `postgres`: under way as soon as it is awaited. */
export interface PostgresJsQuery extends PromiseLike<readonly object[]> {
  simple(): PostgresJsQuery;
  /** Rows as lists of bytes. */
  raw(): PostgresJsQuery;
}

/** What `sql` and the `sql` of a transaction have in common. */
export interface PostgresJsTransaction {
  unsafe(query: string, values?: never[], options?: { prepare: boolean }): PostgresJsQuery;
}

/** The part of `postgres(…)` that is used. */
export interface PostgresJsSql extends PostgresJsTransaction {
  begin(options: string, step: (sql: PostgresJsTransaction) => Promise<unknown>): Promise<unknown>;
  end(options: { timeout: number }): Promise<void>;
  readonly options?: { readonly max?: number | undefined };
}

/** Ends the connection it runs on if the server behind it takes no writes; does nothing on a healthy one. */
const END_IF_READ_ONLY = `
  SELECT CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean
    THEN pg_terminate_backend(pg_backend_pid()) END`;

/** The application's own `postgres(…)`. */
export class PostgresJsDatabase implements Database {
  #beside: Database | undefined;
  #weeding: Promise<void> | undefined;

  /**
   * @param prepares whether connections keep prepared statements of single queries
   * @param openBeside makes a database of its own of the `sql`'s options
   */
  constructor(
    private readonly sql: PostgresJsSql,
    private readonly prepares: boolean,
    private readonly openBeside: (options: object) => Database,
  ) {}

  query(text: string, values?: readonly PostgresValue[]): Promise<PostgresRecord[]> {
    return this.#watch(postgresJsQuery(this.sql, this.prepares)(text, values));
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#watch(postgresJsTransaction(this.sql, step));
  }

  beside(): Database {
    if (this.sql.options === undefined) throw noWayBeside();
    this.#beside ??= this.openBeside(this.sql.options);
    return this.#beside;
  }

  async close(): Promise<void> {
    await this.#beside?.close();
  }

  async #watch<T>(running: Promise<T>): Promise<T> {
    try {
      return await running;
    } catch (error) {
      if (error instanceof PostgresFailure && error.code === "25006") {
        this.#weeding ??= this.#weed().finally(() => {
          this.#weeding = undefined;
        });
        await this.#weeding;
      }
      throw error;
    }
  }

  /**
   * The driver does not say on which connection a statement ran, and hands out the one that has waited longest: once
   * round, every idle one that leads to a standby has ended itself.
   */
  async #weed(): Promise<void> {
    const { max = 10 } = this.sql.options ?? {};
    const query = postgresJsQuery(this.sql);
    for (let connection = 0; connection < max; connection += 1) {
      try {
        await query(END_IF_READ_ONLY, []);
      } catch (error) {
        // 57P01: it has. Anything else is an outage, which its own errors tell.
        if (!(error instanceof PostgresFailure && error.code === "57P01")) return;
      }
    }
  }
}

/**
 * One transaction on a connection of `sql`.
 *
 * @throws PostgresFailure, or what `step` threw by itself
 */
export async function postgresJsTransaction<T>(
  sql: PostgresJsSql,
  step: (query: Query) => Promise<T>,
): Promise<T> {
  let giveUp: (error: unknown) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const running = sql.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
    try {
      return await step(postgresJsQuery(transaction));
    } catch (error) {
      // The driver would send its ROLLBACK on a connection that is gone, and wait for ever with that place of the pool.
      if (error instanceof PostgresFailure && error.endsConnection) giveUp(error);
      throw error;
    }
  });
  try {
    return (await within(ACQUIRE_LIMIT_MS + STATEMENT_LIMIT_MS, Promise.race([running, lost]))) as T;
  } catch (error) {
    throw isDriverError(error) ? postgresFailure(error) : error;
  }
}

/**
 * Statements through one `sql`, each within its limit. The driver's `cancel` leaves a rejection that nobody can handle.
 *
 * @param prepares whether connections keep them prepared; default false
 * @param joined the transaction of the application that they are part of
 */
export function postgresJsQuery(sql: PostgresJsTransaction, prepares = false, joined?: Joined<Query>): Query {
  const send = async (text: string, values: readonly PostgresValue[] | undefined) => {
    if (values === undefined) {
      await sql.unsafe(text).simple();
      return [];
    }
    // The driver's type for values says `never[]` outside of its own declarations; it takes text, numbers and null.
    const rows = await sql.unsafe(text, [...values] as never[], { prepare: prepares }).raw();
    const names = columnNames(text);
    return rows.map((row) => recordOf(row, names));
  };
  return async (text, values) => {
    try {
      const answer = joined === undefined ? send(text, values) : joined.statement(() => send(text, values));
      const records = await within(STATEMENT_LIMIT_MS, answer);
      assertPrimary(text, records);
      return records;
    } catch (error) {
      // What a joined transaction says by itself is not the driver's.
      if (SessionError.is(error) || error instanceof PostgresSetupError) throw error;
      throw postgresFailure(error);
    }
  };
}

/**
 * A row by the names that our statement gives its columns, as texts: whatever the `sql` makes of names and values (`transform`,
 * `types`). What it makes of whole rows it makes of a list here, whose places have to stay.
 *
 * @throws PostgresSetupError
 */
function recordOf(row: object, names: readonly string[]): PostgresRecord {
  const places = row as Readonly<Record<number, unknown>>;
  return Object.fromEntries(
    names.map((name, place) => {
      const value = places[place];
      if (value === null) return [name, null];
      if (!(value instanceof Uint8Array)) {
        throw new PostgresSetupError(
          "`client` makes something else of our rows: leave `transform.row` out, or give the store a `postgres(…)` of its own",
        );
      }
      return [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8")];
    }),
  );
}

/** What a step of a transaction threw by itself (a merge of the application) is not the driver's. */
function isDriverError(error: unknown): boolean {
  return (
    error instanceof StoreTimeout ||
    (error instanceof Error && typeof (error as { code?: unknown }).code === "string")
  );
}
