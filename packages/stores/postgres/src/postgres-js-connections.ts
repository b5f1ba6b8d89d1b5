import { StoreTimeout, within } from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS } from "./pg-database.js";
import { PostgresFailure } from "./postgres-failure.js";
import { type PostgresJsSql, postgresJsQuery, postgresJsTransaction } from "./postgres-js-database.js";
import type { Line } from "./postgres-js-line.js";

/**
 * Connections of our own through `postgres`: each a `sql` of its own with one connection, lent to one operation at a
 * time. In a `sql` with several nobody can tell which one a statement ran on, and a bad one could not be dropped alone.
 */
export class PostgresJsConnections implements Database {
  /** Those that nobody uses, with what closes them. */
  readonly #idle: { readonly line: Line; readonly closing: ReturnType<typeof setTimeout> }[] = [];
  /** Who gives up is here no longer. */
  readonly #waiting = new Set<(line: Line) => void>();
  readonly #all = new Set<Line>();

  /**
   * @param make a `sql` with one connection, which opens when it is used
   * @param prepares whether connections keep prepared statements of single queries
   */
  constructor(
    private readonly make: Promise<() => Line>,
    private readonly maxConnections: number,
    private readonly prepares: boolean,
    private readonly idleLimitMs: number,
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
    for (const { closing } of this.#idle.splice(0)) clearTimeout(closing);
    await Promise.all([...this.#all].map(({ sql }) => sql.end({ timeout: 1 })));
  }

  async #lease<T>(use: (sql: PostgresJsSql) => Promise<T>): Promise<T> {
    const make = await this.make;
    const line = await this.#acquire(make);
    let endsConnection = true;
    try {
      const result = await use(line.sql);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection = error instanceof PostgresFailure ? error.endsConnection : false;
      throw error;
    } finally {
      if (endsConnection) {
        this.#all.delete(line);
        // A place has become free, with a new connection.
        if (this.#waiting.size > 0) this.#next()?.(this.#open(make));
        line.sql.end({ timeout: 0 }).catch(() => {});
      } else this.#handOn(line);
    }
  }

  async #acquire(make: () => Line): Promise<Line> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      clearTimeout(idle.closing);
      idle.line.wait(true);
      return idle.line;
    }
    if (this.#all.size < this.maxConnections) return this.#open(make);
    let take: (line: Line) => void = () => {};
    const turn = new Promise<Line>((resolve) => {
      take = resolve;
    });
    this.#waiting.add(take);
    try {
      return await within(ACQUIRE_LIMIT_MS, turn);
    } catch (error) {
      this.#waiting.delete(take);
      throw error instanceof StoreTimeout ? new PostgresFailure(error, "TIMEOUT", "never") : error;
    }
  }

  /** Who has waited longest. */
  #next(): ((line: Line) => void) | undefined {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next);
    return next;
  }

  #handOn(line: Line): void {
    const next = this.#next();
    if (next !== undefined) {
      next(line);
      return;
    }
    line.wait(false);
    const closing = setTimeout(() => this.#drop(line), this.idleLimitMs);
    closing.unref();
    this.#idle.push({ line, closing });
  }

  /** One that has not been used for long. */
  #drop(line: Line): void {
    this.#idle.splice(
      this.#idle.findIndex((idle) => idle.line === line),
      1,
    );
    this.#all.delete(line);
    line.sql.end({ timeout: 1 }).catch(() => {});
  }

  #open(make: () => Line): Line {
    const line = make();
    this.#all.add(line);
    return line;
  }
}
