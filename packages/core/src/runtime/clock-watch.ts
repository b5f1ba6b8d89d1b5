import type { Clock } from "./clock.js";

/** The two clocks at one moment. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monoMs: number;
}

interface StepAhead {
  /** The wall clock when the step was noticed. */
  seenAtWallMs: number;
  sizeMs: number;
}

/** A smaller difference between the two clocks is how long it took to read them. */
const STEP_MS = 50;
/** For this long after a step forward nobody knows whether the clock was wrong before it or is wrong now. */
const DOUBT_MS = 60_000;
/** No session looks expired for a smaller step. */
const DOUBTFUL_STEP_MS = 1_000;
const MAX_STEPS = 32;

/**
 * Notices that the wall clock was set, or that the machine slept: for the other clock the two look the same. What was
 * noticed goes by when the clocks were read, so the more often they are, the better.
 */
export class ClockWatch {
  /** Wall clock minus monotonic clock, as last agreed on. */
  #offsetMs: number;
  #doubtSinceMonoMs = Number.NEGATIVE_INFINITY;
  readonly #stepsAhead: StepAhead[] = [];

  constructor(private readonly clock: Clock) {
    this.#offsetMs = clock.wallMs() - clock.monoMs();
  }

  /** Reads both clocks, and notes it when one has moved against the other. */
  read(): ClockReading {
    const monoMs = this.clock.monoMs();
    const wallMs = this.clock.wallMs();
    // Interrupted between the two: nothing to compare.
    if (this.clock.monoMs() - monoMs > STEP_MS / 2) return { wallMs, monoMs };
    const sizeMs = wallMs - monoMs - this.#offsetMs;
    if (Math.abs(sizeMs) > STEP_MS) {
      this.#offsetMs += sizeMs;
      if (sizeMs > 0) this.#stepsAhead.push({ seenAtWallMs: wallMs, sizeMs });
      if (sizeMs > DOUBTFUL_STEP_MS) this.#doubtSinceMonoMs = monoMs;
      if (this.#stepsAhead.length > MAX_STEPS) this.#joinOldest();
    }
    return { wallMs, monoMs };
  }

  /**
   * How much of the wall time since then may be steps: at most so much of it has not really passed.
   *
   * @param wallMs what the wall clock showed then
   */
  stepsAheadSince(wallMs: number): number {
    let sumMs = 0;
    for (const step of this.#stepsAhead) if (step.seenAtWallMs > wallMs) sumMs += step.sizeMs;
    return sumMs;
  }

  /** Whether the wall clock has stepped forward so recently that "expired" may be its mistake (security rule TM-03). */
  isDoubtful(): boolean {
    return this.read().monoMs - this.#doubtSinceMonoMs < DOUBT_MS;
  }

  #joinOldest(): void {
    const [first, second] = this.#stepsAhead as [StepAhead, StepAhead];
    this.#stepsAhead.splice(0, 2, {
      seenAtWallMs: Math.max(first.seenAtWallMs, second.seenAtWallMs),
      sizeMs: first.sizeMs + second.sizeMs,
    });
  }
}
