import { createHash } from "node:crypto";
import { invalidArgument, type Joined, SessionError, StoreTimeout, within } from "@acme/session-core/store";
import { type Backend, callOff, leaving, leftUnanswered } from "./calling-off.js";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import type { PgClient, PgPool, PgPoolClient, PgStatement } from "./pg-parts.js";
import { tidyClients } from "./pg-tidy.js";
import { ignore, PgTurns } from "./pg-turns.js";
import {
  assertPrimary,
  failJoined,
  noFreeConnection,
  PostgresFailure,
  postgresFailure,
} from "./postgres-failure.js";

/** Values as the server sends them, whatever parsers the client has. */
const AS_TEXT: PgStatement["types"] = { getTypeParser: () => (value) => value };

/** Startup parameters. */
export type ServerLimits = { statement_timeout?: number | undefined; lock_timeout?: number | undefined };

/** security.md ST-02. */
export const CONNECT_LIMIT_MS = 2_000;
export const ACQUIRE_LIMIT_MS = 1_000;
export const STATEMENT_LIMIT_MS = 2_000;

/**
 * As long the server itself goes on: what we answer with a failure must not take effect afterwards. After the longest
 * wait for a connection that is still within the time of an operation.
 */
export const SERVER_LIMITS = { statement_timeout: 1_750, lock_timeout: 1_500 };
/** A transaction may be on any connection. */
export const LIMIT_LOCKS = `SET LOCAL lock_timeout = ${SERVER_LIMITS.lock_timeout}`;

/** A pooler that takes no such parameters, before anything was sent: PgBouncer (08P01), RDS Proxy (0A000). */
export function refusesLimits(error: unknown): boolean {
  if (!(error instanceof PostgresFailure && /^(08P01|0A000)$/.test(error.code))) return false;
  const { cause } = error;
  return cause instanceof Error && /startup parameter|statement_timeout|lock_timeout/.test(cause.message);
}

/** A prepared statement that is there unexpectedly, or missing: a pooler hands out the connections of others. */
const OTHER_CONNECTION = /^(42P05|26000)$/;

/** `pg`, through a pool. */
export class PgDatabase implements Database {
  readonly #pool: Promise<PgPool>;
  #prepares: boolean;
  #beside: PgDatabase | undefined;
  #turns: PgTurns | undefined;

  /**
   * @param ownsPool whether closing ends the pool: an application's pool is the application's
   * @param prepares whether connections keep prepared statements of single queries
   */
  constructor(
    pool: PgPool | Promise<PgPool>,
    private readonly ownsPool: boolean,
    prepares: boolean,
  ) {
    this.#prepares = prepares;
    this.#pool = Promise.resolve(pool);
    this.#pool.catch(() => {});
    // The pool drops an idle connection that fails; without a listener it would end the process (security.md CC-08).
    if ("connect" in pool) pool.on("error", ignore);
    else pool.then((own) => own.on("error", ignore)).catch(() => {});
  }

  query(sql: string, values?: readonly PostgresValue[]): Promise<PostgresRecord[]> {
    return this.#lease(async (client) => {
      if (!this.#prepares) return pgQuery(client)(sql, values);
      try {
        return await pgQuery(client, true)(sql, values);
      } catch (error) {
        if (!(error instanceof PostgresFailure && OTHER_CONNECTION.test(error.code))) throw error;
        // Refused before it was run. The next one would be too.
        this.#prepares = false;
        return pgQuery(client)(sql, values);
      }
    });
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#lease(async (client) => {
      const query = pgQuery(client);
      await query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${LIMIT_LOCKS}`);
      let result: T;
      try {
        result = await step(query);
      } catch (error) {
        // A connection that cannot roll back is dropped, which does the same.
        if (!(error instanceof PostgresFailure && error.endsConnection)) await query("ROLLBACK");
        throw error;
      }
      await query("COMMIT");
      return result;
    });
  }

  beside(): Database {
    if (this.ownsPool) return this;
    this.#beside ??= new PgDatabase(
      this.#pool.then((pool) => poolBeside(pool)),
      true,
      false,
    );
    return this.#beside;
  }

  async close(): Promise<void> {
    await this.#beside?.close();
    const pool = await this.#pool.catch(() => undefined);
    // A connection that fails while it is let go of is gone as well.
    if (this.ownsPool) await pool?.end().catch(() => {});
    else pool?.off("error", ignore);
  }

  async #lease<T>(use: (client: PgClient) => Promise<T>): Promise<T> {
    const pool = await this.#pool;
    this.#turns ??= new PgTurns(pool);
    const client = await this.#acquire(pool, this.#turns);
    let endsConnection = true;
    let stopped: Promise<void> | undefined;
    try {
      const result = await use(client);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection = error instanceof PostgresFailure ? error.endsConnection : false;
      stopped = callOff(error);
      throw error;
    } finally {
      if (endsConnection) void this.#drop(this.#turns, client, stopped);
      else this.#turns.handBack(client);
    }
  }

  async #acquire(pool: PgPool, turns: PgTurns): Promise<PgPoolClient> {
    try {
      return await acquire(turns, this.ownsPool ? undefined : pool);
    } catch (error) {
      if (!this.ownsPool || pool.options === undefined || !refusesLimits(error)) throw error;
      // What the pool makes connections with.
      Object.assign<object, ServerLimits>(pool.options, {
        statement_timeout: undefined,
        lock_timeout: undefined,
      });
      return acquire(turns);
    }
  }

  async #drop(turns: PgTurns, client: PgPoolClient, stopped: Promise<void> | undefined): Promise<void> {
    await stopped;
    const gone = new Promise<void>((resolve) => {
      if (client.once === undefined) resolve();
      else client.once("end", resolve);
    });
    turns.drop(client, leaving(gone));
  }
}

/**
 * Statements on one client, each within its limit.
 *
 * @param prepares whether the client keeps them prepared; default false
 * @param joined the transaction of the application that they are part of
 */
export function pgQuery(client: PgClient, prepares = false, joined?: Joined<Query>): Query {
  const send = async (text: string, values: readonly PostgresValue[] | undefined) => {
    if (values === undefined) return client.query(text);
    const statement = { text, values: [...values], types: AS_TEXT };
    return client.query(prepares ? { ...statement, name: nameOf(text) } : statement);
  };
  return async (sql, values) => {
    let answer: Promise<{ rows: unknown[] }> | undefined;
    try {
      if (joined !== undefined && client.getTransactionStatus?.() === "I") throw nothingBegun();
      answer =
        joined === undefined
          ? send(sql, values)
          : joined.statement(() => send(sql, values).catch(failJoined));
      // Of several statements at once the driver gives a list of results.
      const { rows = [] } = (await within(STATEMENT_LIMIT_MS, answer)) as { rows?: unknown[] };
      const records = rows as PostgresRecord[];
      assertPrimary(sql, records);
      return records;
    } catch (error) {
      // What a joined transaction says by itself is not the driver's.
      if (SessionError.is(error)) throw error;
      const failure = postgresFailure(error);
      if (joined !== undefined || failure.code !== "TIMEOUT") throw failure;
      const isOurLimit = error instanceof StoreTimeout;
      throw leftUnanswered(failure, isOurLimit ? answer : drained(client), backendOf(client));
    }
  };
}

/** Where the driver has given up by itself, the promise of the statement says nothing of the server any more. */
function drained(client: PgClient): Promise<void> {
  return new Promise((resolve) => {
    if (client.once === undefined) resolve();
    client.once?.("drain", resolve);
    client.once?.("end", resolve);
  });
}

function backendOf({ processID: pid, secretKey: secret, host, port }: PgClient): Backend | undefined {
  if (typeof pid !== "number" || typeof secret !== "number") return undefined;
  if (host === undefined || port === undefined) return undefined;
  const at = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  return { at, pid, secret };
}

const names = new Map<string, string>();

/** One name for one text, whoever prepared it: behind a pooler, what another release or prefix has prepared is never taken for ours. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `acme_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    names.set(text, name);
  }
  return name;
}

/** @param lent the pool, if it is the application's */
async function acquire(turns: PgTurns, lent?: PgPool): Promise<PgPoolClient> {
  const limitMs = turns.isFull ? ACQUIRE_LIMIT_MS : CONNECT_LIMIT_MS;
  const turn = turns.take();
  try {
    return await within(limitMs, turn.client);
  } catch (error) {
    const { code } = postgresFailure(error);
    const isLentOut = lent !== undefined && code === "TIMEOUT" && turns.isLentOut;
    turn.giveUp();
    if (isLentOut) {
      const { connectionTimeoutMillis = limitMs } = lent.options ?? {};
      throw noFreeConnection(error, "pg", error instanceof StoreTimeout ? limitMs : connectionTimeoutMillis);
    }
    // Nothing has been sent yet.
    throw new PostgresFailure(error, code, isWorthRetrying(error) ? "nothing-happened" : "never");
  }
}

function isWorthRetrying(error: unknown): boolean {
  if (error instanceof StoreTimeout) return false;
  return (
    postgresFailure(error).retry !== "never" && !(error instanceof Error && /timeout/i.test(error.message))
  );
}

/** What `pg.Pool` is made with, and shows. */
interface PoolParts {
  readonly constructor: unknown;
  readonly Client?: unknown;
  readonly options?: { readonly [option: string]: unknown };
  listeners?(event: string): readonly unknown[];
}

/** A pool of one connection to where this one leads; the connection goes when it has not been used for a second. */
function poolBeside(pool: PgPool): PgPool {
  const { constructor: make, Client, options, listeners }: PoolParts = pool as PoolParts;
  if (typeof make !== "function" || options === undefined) throw noWayBeside();
  try {
    const Tidy = typeof Client === "function" ? tidyClients(Client) : undefined;
    const Pool = make as new (options: object, client: unknown) => PgPool & NodeJS.EventEmitter;
    const made = new Pool(
      {
        ...SERVER_LIMITS,
        ...options,
        // Not among what a copy takes over: the pool hides it.
        password: options.password,
        Client: Tidy,
        max: 1,
        min: 0,
        connectionTimeoutMillis: CONNECT_LIMIT_MS,
        idleTimeoutMillis: 1_000,
        allowExitOnIdle: true,
      },
      Tidy,
    );
    // What the application does to each new connection (a search path) belongs to this one too.
    for (const listener of listeners?.call(pool, "connect") ?? []) {
      if (typeof listener === "function") made.on("connect", (client) => listener(client));
    }
    return made;
  } catch {
    throw noWayBeside();
  }
}

/** Each statement would be kept by itself. @returns SessionError `INVALID_ARGUMENT` */
function nothingBegun(): Error {
  return invalidArgument(
    'joinTransaction: no transaction is open on the client: `await client.query("BEGIN")` first',
  );
}

/** @returns SessionError `INVALID_ARGUMENT` */
export function noWayBeside(): Error {
  return invalidArgument(
    "a table, key or secret has to be made before this login, and the application's transaction holds the connection: call `await Session.ready()` when the application starts, or sign in once outside of `joinTransaction`",
  );
}
