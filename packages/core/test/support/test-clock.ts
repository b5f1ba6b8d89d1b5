import type { Clock } from "../../src/runtime/clock.js";

/** A clock that stands still until it is moved. Starts at a whole second. */
export class TestClock implements Clock {
  #wallMs = 1_800_000_000_000;
  // With a fraction, as every real one.
  #monoMs = 1_000_000.375;

  wallMs(): number {
    return this.#wallMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  /** Time passes: both clocks move. */
  advanceMs(ms: number): void {
    this.#wallMs += ms;
    this.#monoMs += ms;
  }

  advanceSeconds(seconds: number): void {
    this.advanceMs(seconds * 1000);
  }

  /** The wall clock is set, as NTP or an operator does; durations go on. */
  stepWallMs(ms: number): void {
    this.#wallMs += ms;
  }
}
