import type { Clock } from "../runtime/clock.js";
import type { SessionStore } from "../store/session-store.js";

const INTERVAL_MS = 12 * 3_600_000;
/** Small, since a store in the process deletes while everybody else waits. */
const BATCH = 20;
const MAX_CLOCK_STEP_MS = 5 * 60_000;

/**
 * Deletes sessions and keys that have expired, now and then, behind a login. There is no timer. It does not run while
 * the wall clock stands elsewhere than the monotonic one says: a clock that is wrong for a moment must not delete
 * anything (security rule TM-03).
 */
export class CleanUp {
  /** A moment on both clocks; they must agree on how long ago it was. */
  #originWallMs: number;
  #originMonoMs: number;
  #lastMonoMs: number;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly afterwards: () => Promise<void>,
  ) {
    this.#originWallMs = clock.wallMs();
    this.#originMonoMs = clock.monoMs();
    this.#lastMonoMs = this.#originMonoMs;
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
    if (monoMs - this.#lastMonoMs < INTERVAL_MS || this.#running !== undefined) return;
    this.#lastMonoMs = monoMs;
    if (this.#hasStepped()) {
      // A machine that slept looks the same: if the clocks agree from here on, the next run is made.
      this.#originWallMs = this.clock.wallMs();
      this.#originMonoMs = monoMs;
      return;
    }
    this.#running = this.run()
      .then(() => this.afterwards())
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Deletes everything that has expired, in small batches. @returns how many sessions */
  async run(): Promise<number> {
    if (this.#hasStepped()) return 0;
    const nowMs = this.clock.wallMs();
    let total = 0;
    for (;;) {
      const deleted = await this.store.deleteExpiredSessions(nowMs, BATCH);
      total += deleted;
      if (deleted < BATCH) return total;
    }
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  #hasStepped(): boolean {
    const expectedMs = this.#originWallMs + (this.clock.monoMs() - this.#originMonoMs);
    return Math.abs(this.clock.wallMs() - expectedMs) > MAX_CLOCK_STEP_MS;
  }
}
