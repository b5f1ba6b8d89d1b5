import type { Clock } from "@acme/session-core";

/** The machine's clock, which the page may move ahead so that nobody has to wait for a token to expire. */
export class DemoClock implements Clock {
  #aheadMs = 0;

  wallMs(): number {
    return Date.now() + this.#aheadMs;
  }

  monoMs(): number {
    return performance.now() + this.#aheadMs;
  }

  advanceSeconds(seconds: number): void {
    this.#aheadMs += seconds * 1000;
  }
}
