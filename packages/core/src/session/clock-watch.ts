import type { Clock } from "../runtime/clock.js";

/** A larger difference between the two clocks is a step, not drift. */
const STEP_MS = 5 * 60_000;
/** For this long after a step forward nobody knows whether the clock was wrong before it or is wrong now. */
const DOUBT_MS = 60_000;

/**
 * Notices that the wall clock has jumped ahead (security rule TM-03): a clock that is wrong for a moment makes every
 * session look expired, and a client that is told so forgets its tokens for good.
 */
export class ClockWatch {
  #wallMs: number;
  #monoMs: number;
  #steppedAtMonoMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {
    this.#wallMs = clock.wallMs();
    this.#monoMs = clock.monoMs();
  }

  /** Whether the wall clock has stepped forward so recently that "expired" may be its mistake. */
  isDoubtful(): boolean {
    const wallMs = this.clock.wallMs();
    const monoMs = this.clock.monoMs();
    if (wallMs - this.#wallMs - (monoMs - this.#monoMs) > STEP_MS) this.#steppedAtMonoMs = monoMs;
    this.#wallMs = wallMs;
    this.#monoMs = monoMs;
    return monoMs - this.#steppedAtMonoMs < DOUBT_MS;
  }
}
