import { StoreTimeout, within } from "@acme/session-core/store";
import { callOff, leaving, type Place } from "./calling-off.js";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { ACQUIRE_LIMIT_MS, refusesLimits } from "./pg-database.js";
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
   * @param withoutLimits has `make` leave out what a pooler refuses
   */
  constructor(
    private readonly make: Promise<() => Line>,
    private readonly maxConnections: number,
    private readonly prepares: boolean,
    private readonly idleLimitMs: number,
    private readonly withoutLimits: () => void = () => {},
  ) {
    make.catch(() => {});
  }

  query(text: string, values?: readonly PostgresValue[]): Promise<PostgresRecord[]> {
    return this.#lease((sql, where) => postgresJsQuery(sql, this.prepares, undefined, where)(text, values));
  }

  transaction<T>(step: (query: Query) => Promise<T>): Promise<T> {
    return this.#lease((sql, where) => postgresJsTransaction(sql, step, where));
  }

  beside(): Database {
    return this;
  }

  async close(): Promise<void> {
    for (const { closing } of this.#idle.splice(0)) clearTimeout(closing);
    await Promise.all([...this.#all].map(({ sql }) => sql.end({ timeout: 1 })));
  }

  /** Refused before anything was run: the next connection asks for less. */
  async #lease<T>(use: Use<T>): Promise<T> {
    try {
      return await this.#once(use);
    } catch (error) {
      if (!refusesLimits(error)) throw error;
      this.withoutLimits();
      return this.#once(use);
    }
  }

  async #once<T>(use: Use<T>): Promise<T> {
    const make = await this.make;
    const line = await this.#acquire(make);
    let endsConnection = true;
    let stopped: Promise<void> | undefined;
    try {
      const result = await use(line.sql, line.where);
      endsConnection = false;
      return result;
    } catch (error) {
      endsConnection =
        refusesLimits(error) || (error instanceof PostgresFailure ? error.endsConnection : false);
      stopped = callOff(error);
      throw error;
    } finally {
      if (endsConnection) void this.#end(line, make, stopped);
      else this.#handOn(line);
    }
  }

  /** Its place is free when it has gone: until then there would be two. */
  async #end(line: Line, make: () => Line, stopped: Promise<void> | undefined): Promise<void> {
    await stopped;
    await leaving(line.sql.end({ timeout: 0 }));
    this.#all.delete(line);
    if (this.#waiting.size > 0) this.#next()?.(this.#open(make));
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

type Use<T> = (sql: PostgresJsSql, where: () => Place | undefined) => Promise<T>;
