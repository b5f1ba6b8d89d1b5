import { createHash } from "node:crypto";
import { StoreTimeout, within } from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { PostgresFailure, postgresFailure } from "./postgres-failure.js";

/** The part of a `pg` client that is used: `Client` and `PoolClient` have it. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}

/** A `PoolClient` of `pg`. */
export interface PgPoolClient extends PgClient {
  release(destroy?: boolean | Error): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of `pg.Pool` that is used. */
export interface PgPool {
  connect(): Promise<PgPoolClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  readonly totalCount: number;
  readonly idleCount: number;
  readonly options?: { readonly max?: number | undefined };
}

/** security.md ST-02. */
export const CONNECT_LIMIT_MS = 2_000;
export const ACQUIRE_LIMIT_MS = 1_000;
export const STATEMENT_LIMIT_MS = 2_000;

/** A prepared statement that is there unexpectedly, or missing: a pooler hands out the connections of others. */
const OTHER_CONNECTION = /^(42P05|26000)$/;

/** `pg`, through a pool. */
export class PgDatabase implements Database {
  readonly #pool: Promise<PgPool>;
  #prepares: boolean;

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
      await query("BEGIN ISOLATION LEVEL READ COMMITTED");
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

  async close(): Promise<void> {
    // A connection that fails while it is let go of is gone as well.
    if (this.ownsPool) await (await this.#pool).end().catch(() => {});
  }

  async #lease<T>(use: (client: PgClient) => Promise<T>): Promise<T> {
    const client = await acquire(await this.#pool);
    let endsConnection = true;
    // While it is ours, nobody else listens: an error between two messages would end the process (security.md CC-08).
    const ignore = (): void => {};
    client.on("error", ignore);
    try {
      const result = await use(client);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection = error instanceof PostgresFailure ? error.endsConnection : false;
      throw error;
    } finally {
      client.off("error", ignore);
      if (endsConnection) client.on("error", ignore);
      client.release(endsConnection);
    }
  }
}

/**
 * Statements on one client, each within its limit.
 *
 * @param prepares whether the client keeps them prepared; default false
 */
export function pgQuery(client: PgClient, prepares = false): Query {
  const send = (text: string, values: readonly PostgresValue[] | undefined) => {
    if (values === undefined) return client.query(text);
    return prepares
      ? client.query({ name: nameOf(text), text, values: [...values] })
      : client.query(text, [...values]);
  };
  return async (sql, values) => {
    try {
      const { rows } = await within(STATEMENT_LIMIT_MS, send(sql, values));
      return rows as PostgresRecord[];
    } catch (error) {
      throw postgresFailure(error);
    }
  };
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

async function acquire(pool: PgPool): Promise<PgPoolClient> {
  const isFull = pool.idleCount === 0 && pool.totalCount >= (pool.options?.max ?? 10);
  const connecting = pool.connect();
  try {
    return await within(isFull ? ACQUIRE_LIMIT_MS : CONNECT_LIMIT_MS, connecting);
  } catch (error) {
    if (error instanceof StoreTimeout) {
      connecting.then(
        (client) => client.release(),
        () => {},
      );
    }
    const { code } = postgresFailure(error);
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
