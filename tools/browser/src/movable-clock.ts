import type { Clock } from "@acme/session-express";

/** The machine's clock plus what tests let pass. Starts at the real time, because a browser judges cookies by it. */
export class MovableClock implements Clock {
  #passedMs = 0;

  wallMs(): number {
    return Date.now() + this.#passedMs;
  }

  monoMs(): number {
    return performance.now() + this.#passedMs;
  }

  advanceSeconds(seconds: number): void {
    this.#passedMs += seconds * 1000;
  }
}
