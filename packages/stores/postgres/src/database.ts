/** One record as a driver gives it: columns by name; BIGINT as text or number. */
export type PostgresRecord = Record<string, unknown>;

export type PostgresValue = string | number | null;

/** Runs one statement; without values it may be several, in PostgreSQL's simple protocol. */
export type Query = (sql: string, values?: readonly PostgresValue[]) => Promise<PostgresRecord[]>;

/**
 * What the store asks of a driver. Each call uses one connection and asks for no second one meanwhile (security.md
 * ST-05). Nothing is kept on a connection between calls (PgBouncer): no setting, and no prepared statement unless the
 * application asks for them. A connection on which the server is gone, read-only or a standby is used no more; the
 * others are.
 *
 * Every method throws `PostgresFailure` for what driver or server said.
 */
export interface Database {
  query: Query;
  /** One transaction; what `step` throws rolls it back and is passed on. */
  transaction<T>(step: (query: Query) => Promise<T>): Promise<T>;
  /**
   * Connections that are free although the application has lent out all of its own.
   *
   * @throws SessionError `INVALID_ARGUMENT` when there is no way to any
   */
  beside(): Database;
  /** Lets go of connections that this object has opened, and of what it has left on those that it has not. */
  close(): Promise<void>;
}
