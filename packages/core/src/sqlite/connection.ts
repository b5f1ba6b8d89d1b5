import { StoreError } from "../store/store-error.js";
import {
  queryOnce,
  type SqliteDatabase,
  type SqliteDriver,
  type SqliteRecord,
  type SqliteStatement,
  type SqliteValue,
} from "./driver.js";
import { inspectSchema, migrate } from "./schema.js";
import { sqliteCode } from "./sqlite-error.js";

/** These do not pass by themselves. */
const PERMANENT = { isPermanent: true };

/** `FULL`: every commit survives a power cut. `NORMAL`: every commit survives a crash of the process. */
export type Synchronous = "FULL" | "NORMAL";

export interface ConnectionOptions {
  readonly driver: SqliteDriver;
  /** An existing file; it may be empty. */
  readonly path: string;
  readonly synchronous: Synchronous;
  /** Whether an empty file is to get the schema. False once it had one: then its rows have been lost, which is a failure. */
  readonly mayCreateSchema: boolean;
}

/**
 * How long SQLite itself may wait for a lock, inside the event loop. Enough for a writer in another process (an update
 * takes 0.1 ms), far below the 20 ms of security.md §12; longer waits are the `LockQueue`'s.
 */
const NATIVE_WAIT_MS = 4;

/** One open handle on the file, with our schema on it and its statements prepared once. */
export class Connection {
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /**
   * @throws Error with a text for the developer when the file cannot be used; SQLite's own error when it is "busy"
   */
  static open({ driver, path, synchronous, mayCreateSchema }: ConnectionOptions): Connection {
    let database: SqliteDatabase | undefined;
    try {
      database = driver.open(path);
      database.exec(`PRAGMA busy_timeout = ${NATIVE_WAIT_MS}`);
      const state = inspectSchema(database);
      if (state.kind === "foreign")
        throw new StoreError(
          `${path} is a database of another application; sessions need a file of their own`,
          PERMANENT,
        );
      if (state.kind === "newer")
        throw new StoreError(
          `${path} was made by a newer release (schema ${state.version}); update @acme/session-core`,
          PERMANENT,
        );
      if (state.kind === "empty" && !mayCreateSchema)
        throw new StoreError(`${path} has lost its tables while in use; restore it`, PERMANENT);
      const [mode] = queryOnce(database, "PRAGMA journal_mode = WAL");
      if (mode?.journal_mode !== "wal")
        throw new StoreError(
          `${path} is where SQLite cannot use its WAL; write \`path:\` with a file on a local disk`,
          PERMANENT,
        );
      database.exec(`PRAGMA synchronous = ${synchronous}`);
      database.exec("PRAGMA foreign_keys = ON");
      if (state.kind === "empty" || state.missingSteps > 0) migrate(database);
      return new Connection(database);
    } catch (error) {
      closeQuietly(database);
      throw explain(error, path);
    }
  }

  /** All rows that a SELECT or a RETURNING gives. */
  all(sql: string, ...values: SqliteValue[]): SqliteRecord[] {
    return this.#prepare(sql).all(...values) as SqliteRecord[];
  }

  /** @returns how many rows were inserted, changed or deleted */
  run(sql: string, ...values: SqliteValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Runs a step of several statements as one; what it throws undoes all of them. */
  transaction<T>(step: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = step();
      this.run("COMMIT");
      return result;
    } catch (error) {
      try {
        this.run("ROLLBACK");
      } catch {
        // an error has ended it already
      }
      throw error;
    }
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize?.();
    this.#statements.clear();
    this.#database.close();
  }

  /** Closes a handle that has failed: whatever it says about that is of no use. */
  abandon(): void {
    try {
      this.close();
    } catch {
      closeQuietly(this.#database);
    }
  }

  #prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function closeQuietly(database: SqliteDatabase | undefined): void {
  try {
    database?.close();
  } catch {
    // already closed, or beyond repair
  }
}

/** Puts SQLite's refusal to open into words that say what to do; "busy" and our own errors pass as they are. */
function explain(error: unknown, path: string): unknown {
  switch (sqliteCode(error)) {
    case "NOTADB":
      return new Error(`${path} is not an SQLite database; write \`path:\` with another file`, {
        cause: error,
      });
    case "CORRUPT":
      return new Error(`${path} is damaged; restore it from a copy, or delete it, which ends all sessions`, {
        cause: error,
      });
    case "READONLY":
    case "CANTOPEN":
    case "PERM":
      return new Error(`${path} cannot be opened for writing; check who owns it and its directory`, {
        cause: error,
      });
    case "FULL":
    case "IOERR":
      return new Error(`${path} cannot be written: the disk is full or failing`, { cause: error });
    default:
      return error;
  }
}
