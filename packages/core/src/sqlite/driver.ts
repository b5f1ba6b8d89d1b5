/** What SQLite keeps and we ask for. Times are numbers: whole milliseconds, far below 2^53. */
export type SqliteValue = string | number | null;

/** One row, by column name. */
export type SqliteRecord = Readonly<Record<string, unknown>>;

/**
 * The part of a prepared statement that `node:sqlite`, `bun:sqlite` and `better-sqlite3` have in common.
 *
 * There is no `get`: some drivers step once and ignore what the reset says, and the reset is where a single
 * `UPDATE … RETURNING` is committed. A full disk would look like success. `all` steps to the end.
 */
export interface SqliteStatement {
  all(...values: SqliteValue[]): unknown[];
  run(...values: SqliteValue[]): { changes: number | bigint };
  /** Bun keeps the file open until this was called; the others do it by themselves. */
  finalize?(): void;
}

/** The part of a database handle that the drivers have in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export type SqliteDriverName = "node:sqlite" | "bun:sqlite" | "better-sqlite3";

/** Opens an existing file for reading and writing. Synchronous, like everything below it. */
export interface SqliteDriver {
  readonly name: SqliteDriverName;
  open(path: string): SqliteDatabase;
}

/** All rows of a statement that is not worth keeping. */
export function queryOnce(database: SqliteDatabase, sql: string): SqliteRecord[] {
  const statement = database.prepare(sql);
  try {
    return statement.all() as SqliteRecord[];
  } finally {
    statement.finalize?.();
  }
}
