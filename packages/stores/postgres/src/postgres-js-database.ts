import { type Joined, SessionError, StoreTimeout, within } from "@acme/session-core/store";
import { type Backend, callOff, leftUnanswered, type Place } from "./calling-off.js";
import { columnNames } from "./column-names.js";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS, LIMIT_LOCKS, noWayBeside, STATEMENT_LIMIT_MS } from "./pg-database.js";
import {
  assertPrimary,
  failJoined,
  noFreeConnection,
  PostgresFailure,
  PostgresSetupError,
  postgresFailure,
} from "./postgres-failure.js";

/** A query of `postgres`: under way as soon as it is awaited. */
export interface PostgresJsQuery extends PromiseLike<readonly object[]> {
  simple(): PostgresJsQuery;
  /** Rows as lists of bytes. */
  raw(): PostgresJsQuery;
  /** Which backend it was sent to; null before it was. */
  readonly state?: { readonly pid: number | null; readonly secret: number | null } | null;
  /** Whether no other is before it. */
  readonly active?: boolean;
  cancel?(): unknown;
}

/** What `sql` and the `sql` of a transaction have in common. */
export interface PostgresJsTransaction {
  unsafe(query: string, values?: never[], options?: { prepare: boolean }): PostgresJsQuery;
}

/** The part of `postgres(…)` that is used. */
export interface PostgresJsSql extends PostgresJsTransaction {
  begin(options: string, step: (sql: PostgresJsTransaction) => Promise<unknown>): Promise<unknown>;
  end(options: { timeout: number }): Promise<void>;
  readonly options?: { readonly max?: number | undefined } & PostgresJsPlace;
}

/** Where a `sql` leads to. */
export interface PostgresJsPlace {
  readonly host?: readonly string[];
  readonly port?: readonly number[];
  readonly path?: string | false | undefined;
  /** Who makes the sockets, if not the driver. */
  readonly socket?: unknown;
}

/** Ends the connection it runs on if the server behind it takes no writes; does nothing on a healthy one. */
const END_IF_READ_ONLY = `
  SELECT CASE WHEN pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean
    THEN pg_terminate_backend(pg_backend_pid()) END`;

/** As long may a transaction wait for its connection, which may have to be made: not quite as long as an operation takes. */
const BEGIN_LIMIT_MS = 2_300;

/** What has waited for a connection to the end, and how long. */
const unsent = new WeakMap<PostgresFailure, number>();

function leftUnsent(error: unknown, waitedMs: number): PostgresFailure {
  const failure = postgresFailure(error);
  if (failure.code === "TIMEOUT") unsent.set(failure, waitedMs);
  return failure;
}

/** The application's own `postgres(…)`. */
export class PostgresJsDatabase implements Database {
  #beside: Database | undefined;
  #weeding: Promise<void> | undefined;
  /** Whether each operation has a connection by now. */
  readonly #underWay = new Set<() => boolean>();

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
    return this.#watch((note) =>
      postgresJsQuery(this.sql, this.prepares, undefined, this.#where, note)(text, values),
    );
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#watch((note) => postgresJsTransaction(this.sql, step, this.#where, note));
  }

  beside(): Database {
    if (this.sql.options === undefined) throw noWayBeside();
    this.#beside ??= this.openBeside(this.sql.options);
    return this.#beside;
  }

  async close(): Promise<void> {
    await this.#beside?.close();
  }

  readonly #where = (): Place | undefined => {
    const { path, host, port, socket } = this.sql.options ?? {};
    if (socket !== undefined && socket !== null) return undefined;
    if (typeof path === "string") return { path };
    // Of several nobody can tell which one it was.
    if (host?.[0] === undefined || port?.[0] === undefined || host.length > 1) return undefined;
    return { host: host[0], port: port[0] };
  };

  async #watch<T>(run: (note: Note) => Promise<T>): Promise<T> {
    let isSent = (): boolean => false;
    const hasConnection = (): boolean => isSent();
    this.#underWay.add(hasConnection);
    let left: Promise<void> | undefined;
    try {
      return await run((told) => {
        isSent = told;
      });
    } catch (error) {
      if (!(error instanceof PostgresFailure)) throw error;
      left = callOff(error);
      const waitedMs = unsent.get(error);
      if (waitedMs !== undefined && this.#areOthersServed) {
        throw noFreeConnection(error.cause, "postgres", waitedMs);
      }
      if (error.code === "25006") {
        this.#weeding ??= this.#weed().finally(() => {
          this.#weeding = undefined;
        });
        await this.#weeding;
      }
      throw error;
    } finally {
      const end = (): void => void this.#underWay.delete(hasConnection);
      if (left === undefined) end();
      else void left.then(end);
    }
  }

  /** Whether there are connections that have nothing of ours to do. */
  get #areOthersServed(): boolean {
    const { max = 10 } = this.sql.options ?? {};
    return [...this.#underWay].filter((hasConnection) => hasConnection()).length < max;
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
  where?: () => Place | undefined,
  note?: Note,
): Promise<T> {
  let hasEnded = false;
  let giveUp: (error: unknown) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  let hasBegun = false;
  note?.(() => hasBegun);
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const running = sql.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
    hasBegun = true;
    begin();
    // The driver keeps who has given up in its queue.
    if (hasEnded) throw new PostgresFailure(undefined, "TIMEOUT", "never");
    try {
      await postgresJsQuery(transaction)(LIMIT_LOCKS);
      return await step(postgresJsQuery(transaction, false, undefined, where));
    } catch (error) {
      // The driver would send its ROLLBACK on a connection that is gone, and wait for ever with that place of the pool.
      if (error instanceof PostgresFailure && error.endsConnection) giveUp(error);
      throw error;
    }
  });
  try {
    await within(BEGIN_LIMIT_MS, Promise.race([begun, running])).catch((error: unknown) => {
      throw error instanceof StoreTimeout ? leftUnsent(error, BEGIN_LIMIT_MS) : error;
    });
    return (await within(ACQUIRE_LIMIT_MS + STATEMENT_LIMIT_MS, Promise.race([running, lost]))) as T;
  } catch (error) {
    throw isDriverError(error) ? postgresFailure(error) : error;
  } finally {
    hasEnded = true;
  }
}

/**
 * Statements through one `sql`, each within its limit. The driver's `cancel` leaves a rejection that nobody can handle.
 *
 * @param prepares whether connections keep them prepared; default false
 * @param joined the transaction of the application that they are part of
 * @param where the connection leads to, of which one statement may be stopped
 * @param note is told how to ask whether the statement has a connection
 */
export function postgresJsQuery(
  sql: PostgresJsTransaction,
  prepares = false,
  joined?: Joined<Query>,
  where?: () => Place | undefined,
  note?: Note,
): Query {
  const send = async (text: string, values: readonly PostgresValue[] | undefined, sent: Sent) => {
    if (values === undefined) {
      await sent(sql.unsafe(text).simple());
      return [];
    }
    // The driver's type for values says `never[]` outside of its own declarations; it takes text, numbers and null.
    const rows = await sent(sql.unsafe(text, [...values] as never[], { prepare: prepares }).raw());
    const names = columnNames(text);
    return rows.map((row) => recordOf(row, names));
  };
  return async (text, values) => {
    let query: PostgresJsQuery | undefined;
    let answer: Promise<PostgresRecord[]> | undefined;
    const sent: Sent = (statement) => {
      query = statement;
      note?.(() => statement.state !== null);
      return statement;
    };
    const run = (): Promise<PostgresRecord[]> => send(text, values, sent);
    try {
      answer = joined === undefined ? run() : joined.statement(() => run().catch(failJoined));
      const records = await within(STATEMENT_LIMIT_MS, answer);
      assertPrimary(text, records);
      return records;
    } catch (error) {
      // What a joined transaction says by itself is not the driver's.
      if (SessionError.is(error) || error instanceof PostgresSetupError) throw error;
      const failure = postgresFailure(error);
      if (failure.code !== "TIMEOUT" || where === undefined || query === undefined) throw failure;
      // One that the driver still keeps to itself it forgets without asking the server.
      if (query.state === null) {
        query.cancel?.();
        throw leftUnsent(failure, STATEMENT_LIMIT_MS);
      }
      throw leftUnanswered(failure, answer, backendOf(query, where()));
    }
  };
}

type Note = (hasConnection: () => boolean) => void;

type Sent = (query: PostgresJsQuery) => PostgresJsQuery;

/** Stopped is whatever the backend works at: nothing, if that is not ours. */
function backendOf({ state, active }: PostgresJsQuery, at: Place | undefined): Backend | undefined {
  if (active !== true || at === undefined || state === undefined || state === null) return undefined;
  const { pid, secret } = state;
  return pid === null || secret === null ? undefined : { at, pid, secret };
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
