import type { PgPool, PgPoolClient } from "./pg-parts.js";

/** An error between two messages would end the process if nobody listened; what it means, the next statement tells. */
export const ignore = (): void => {};

/** Somebody who waits for a connection. */
interface Waiter {
  /** Whether a connection has been asked for in this one's name. */
  hasAsked: boolean;
  resolve(client: PgPoolClient): void;
  reject(error: unknown): void;
}

/** What is waited for, and a way out. */
export interface Turn {
  readonly client: Promise<PgPoolClient>;
  giveUp(): void;
}

/**
 * The queue in front of a pool. A pool without `connectionTimeoutMillis` keeps whoever has given up, and hands a
 * connection through all of them within the `release()` that freed it. So it is never asked for more than it holds.
 */
export class PgTurns {
  readonly #waiting = new Set<Waiter>();
  /** How many connections have been asked for and not come yet. */
  #asked = 0;
  #lent = 0;
  #isAsking = false;

  constructor(private readonly pool: PgPool) {}

  /** Whether all that may be had at once is in use. */
  get isFull(): boolean {
    const { idleCount, totalCount } = this.pool;
    return this.#asked + this.#lent >= this.#max || (idleCount === 0 && totalCount >= this.#max);
  }

  /** Whether the pool has none left, and others than we hold some. */
  get isLentOut(): boolean {
    const { idleCount, totalCount, waitingCount = 0 } = this.pool;
    const inMaking = Math.max(0, this.#asked - waitingCount);
    return idleCount === 0 && totalCount >= this.#max && totalCount > this.#lent + inMaking;
  }

  take(): Turn {
    const { promise: client, resolve, reject } = deferred<PgPoolClient>();
    const waiter = { hasAsked: false, resolve, reject };
    this.#waiting.add(waiter);
    this.#ask();
    return { client, giveUp: () => void this.#waiting.delete(waiter) };
  }

  handBack(client: PgPoolClient): void {
    // The pool listens before we stop to.
    client.release();
    client.off("error", ignore);
    this.#free();
  }

  /** @param gone when its place is free again: until then there would be two */
  drop(client: PgPoolClient, gone: Promise<void>): void {
    // It may still have something to say, to whoever listens.
    client.release(true);
    void gone.then(() => this.#free());
  }

  #free(): void {
    this.#lent -= 1;
    this.#ask();
  }

  get #max(): number {
    return this.pool.options?.max ?? 10;
  }

  #ask(): void {
    // A pool that has ended answers at once.
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#asked < this.#waiting.size && this.#asked + this.#lent < this.#max) {
      const asker = this.#nextAsker();
      asker.hasAsked = true;
      this.#asked += 1;
      // By callback: a promise tells a moment later, and one piece of data can hold "ready" and an error behind it.
      this.pool.connect((error, client) => this.#answer(asker, error, client));
    }
    this.#isAsking = false;
  }

  /** Who hears of it if there is no connection. One that comes goes to whoever has waited longest. */
  #nextAsker(): Waiter {
    for (const waiter of this.#waiting) if (!waiter.hasAsked) return waiter;
    return [...this.#waiting][0] as Waiter;
  }

  #answer(asker: Waiter, error: Error | undefined, client: PgPoolClient | undefined): void {
    this.#asked -= 1;
    if (client === undefined) {
      if (this.#waiting.delete(asker)) asker.reject(error);
      this.#ask();
      return;
    }
    client.on("error", ignore);
    this.#lent += 1;
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next.resolve(client);
      return;
    }
    // Not within the `release()` of somebody else.
    setImmediate(() => this.handBack(client));
  }
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
