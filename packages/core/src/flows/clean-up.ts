import type { Clock } from "../runtime/clock.js";
import type { SessionStore } from "../store/session-store.js";

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 12 * HOUR_MS;
/** How often one process asks the store whether it is time. */
const ASK_EVERY_MS = HOUR_MS;
/** When a process runs first whose store keeps no mark for all of them. */
const FIRST_RUN_MS = 10 * 60_000;
/** Small, since a store in the process deletes while everybody else waits. */
const BATCH = 20;
/** A larger difference between the two clocks is a step, not drift. */
const STEP_MS = 5 * 60_000;
/** For so long the wall clock must have kept pace with the monotonic one until a step of it is believed. */
const BELIEF_MS = 30 * 24 * HOUR_MS;
/** A clean-up that long ago says that a clock is wrong, or that nobody came: the next one tells which. */
const MAX_GAP_MS = 30 * 24 * HOUR_MS;

/**
 * Deletes sessions and keys that have expired, twice a day, behind a login or a refresh. There is no timer. Of several
 * processes one does it: the store keeps the mark, so that a process that lives for minutes does its part.
 *
 * What is deleted is expired by every clock there is (security rules TM-03, ST-10): the store's own, where it has one;
 * else the older of this machine's two, of which one cannot be set. A step ahead deletes nothing that way, and a process
 * that was suspended merely deletes later.
 */
export class CleanUp {
  /** What the wall clock is ahead of the monotonic one, as far as it is believed. */
  #believedMs: number;
  /** The same as it was last seen, and since when it has been so. */
  #seenMs: number;
  #seenSinceMonoMs: number;
  #nextAskMonoMs: number;
  readonly #running = new Set<Promise<unknown>>();
  #isStopped = false;

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    /** Deletes what else has expired by that time, in milliseconds since the epoch. */
    private readonly afterwards: (nowMs: number) => Promise<void>,
  ) {
    const monoMs = clock.monoMs();
    this.#seenMs = clock.wallMs() - monoMs;
    this.#believedMs = this.#seenMs;
    this.#seenSinceMonoMs = monoMs;
    this.#nextAskMonoMs = store.claimCleanUp === undefined ? monoMs + FIRST_RUN_MS : monoMs;
  }

  /** Starts a run in the background if it is time, in a transaction of the application when that is over. Never throws. */
  tick(): void {
    const transaction = this.store.joined?.();
    // Never with the application's connection.
    if (transaction !== undefined) {
      transaction.afterwards(() => this.tick());
      return;
    }
    const monoMs = this.clock.monoMs();
    if (monoMs < this.#nextAskMonoMs || this.#running.size > 0 || this.#isStopped) return;
    this.#nextAskMonoMs = monoMs + (this.store.claimCleanUp === undefined ? INTERVAL_MS : ASK_EVERY_MS);
    this.#track(this.#runIfDue()).catch(() => {});
  }

  /** Deletes everything that has expired, in small batches, until it is stopped. @returns how many sessions */
  run(): Promise<number> {
    return this.#track(this.#run());
  }

  /** No batch begins any more; resolves when none is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  async #run(): Promise<number> {
    const nowMs = this.#nowMs();
    let total = 0;
    while (!this.#isStopped) {
      const deleted = await this.store.deleteExpiredSessions(nowMs, BATCH);
      total += deleted;
      if (deleted < BATCH) {
        await this.afterwards(nowMs);
        break;
      }
    }
    return total;
  }

  async #runIfDue(): Promise<void> {
    const sinceMs = await this.store.claimCleanUp?.(this.#nowMs(), INTERVAL_MS);
    const isDue = this.store.claimCleanUp === undefined || (sinceMs !== undefined && sinceMs <= MAX_GAP_MS);
    if (isDue) await this.#run();
  }

  /** The time to delete by. A store with a clock of its own compares, and refuses. */
  #nowMs(): number {
    const wallMs = this.clock.wallMs();
    if (this.store.clock === "server") return wallMs;
    const monoMs = this.clock.monoMs();
    const aheadMs = wallMs - monoMs;
    if (Math.abs(aheadMs - this.#seenMs) > STEP_MS) {
      this.#seenMs = aheadMs;
      this.#seenSinceMonoMs = monoMs;
    } else if (monoMs - this.#seenSinceMonoMs >= BELIEF_MS) {
      this.#believedMs = aheadMs;
    }
    // The monotonic clock tells fractions; rows hold whole milliseconds.
    return Math.floor(Math.min(wallMs, monoMs + this.#believedMs));
  }
}
