import type { Clock } from "../runtime/clock.js";
import type { SessionStore } from "../store/session-store.js";

const INTERVAL_MS = 12 * 3_600_000;
const BATCH = 100;
const MAX_CLOCK_STEP_MS = 5 * 60_000;

/**
 * Deletes sessions that have expired, now and then, behind a login. There is no timer. It does not run while the wall
 * clock has stepped away from where it was at the start: a clock that is wrong for a moment must not delete anything
 * (security rule TM-03).
 */
export class CleanUp {
  readonly #startWallMs: number;
  readonly #startMonoMs: number;
  #lastMonoMs: number;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly afterwards: () => Promise<void>,
  ) {
    this.#startWallMs = clock.wallMs();
    this.#startMonoMs = clock.monoMs();
    this.#lastMonoMs = this.#startMonoMs;
  }

  /** Starts a run in the background if it is time. Never throws. */
  tick(): void {
    const monoMs = this.clock.monoMs();
    if (monoMs - this.#lastMonoMs < INTERVAL_MS || this.#running !== undefined) return;
    this.#lastMonoMs = monoMs;
    this.#running = this.run()
      .then(() => this.afterwards())
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Deletes everything that has expired, in small batches. @returns how many sessions */
  async run(): Promise<number> {
    const nowMs = this.clock.wallMs();
    const expectedMs = this.#startWallMs + (this.clock.monoMs() - this.#startMonoMs);
    if (Math.abs(nowMs - expectedMs) > MAX_CLOCK_STEP_MS) return 0;
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
}
