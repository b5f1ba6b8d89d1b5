import type { Connection } from "./connection.js";
import { sqliteCode } from "./sqlite-error.js";

/** A step takes about 20 µs; so much later the event loop, and writers in other processes, have their turn. */
const MAX_STEPS = 64;

interface Waiting {
  readonly step: (connection: Connection) => unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Tells somebody who waits what came of his step. */
type Answer = () => void;

/**
 * Commits what is to be written in one turn of the event loop as one transaction: committing costs more than most of
 * what is committed, with `synchronous: "FULL"` a flush of the disk. Each step is answered after the commit, and one
 * that fails by itself fails alone.
 */
export class GroupCommit {
  readonly #waiting: Waiting[] = [];

  /** @param write runs an attempt on the open connection as soon as the lock is free, again after "busy" */
  constructor(private readonly write: (attempt: (connection: Connection) => Answer[]) => Promise<Answer[]>) {}

  /**
   * @param step writes with one statement at most, as its last act; may be called more than once
   * @throws what `step` threw, or what became of the transaction
   */
  run<T>(step: (connection: Connection) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const length = this.#waiting.push({ step, resolve: resolve as Waiting["resolve"], reject });
      if (length === 1) this.#commitInNextTurn();
    });
  }

  /** Resolves when nothing waits any more for its turn. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  #commitInNextTurn(): void {
    setImmediate(() => void this.#commit());
  }

  async #commit(): Promise<void> {
    const group = this.#waiting.splice(0, MAX_STEPS);
    if (this.#waiting.length > 0) this.#commitInNextTurn();
    try {
      for (const answer of await this.write((connection) => attempt(connection, group))) answer();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}

function attempt(connection: Connection, group: readonly Waiting[]): Answer[] {
  const [only] = group;
  // A single statement is a transaction already.
  if (only !== undefined && group.length === 1) return [answerOf(connection, only)];
  return connection.transaction(() => group.map((one) => answerOf(connection, one)));
}

/** @throws an error of SQLite that ends the transaction; after a broken constraint it goes on without that statement */
function answerOf(connection: Connection, { step, resolve, reject }: Waiting): Answer {
  try {
    const result = step(connection);
    return () => resolve(result);
  } catch (error) {
    const code = sqliteCode(error);
    if (code !== undefined && code !== "CONSTRAINT") throw error;
    return () => reject(error);
  }
}
