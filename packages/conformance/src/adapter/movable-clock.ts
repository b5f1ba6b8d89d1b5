import type { Clock } from "@acme/session-core";

/** Stands still until it is moved. Starts at a whole second. */
export class MovableClock implements Clock {
  #wallMs = 1_800_000_000_000;
  #monoMs = 1_000_000;

  wallMs(): number {
    return this.#wallMs;
  }

  monoMs(): number {
    return this.#monoMs;
  }

  advanceMs(ms: number): void {
    this.#wallMs += ms;
    this.#monoMs += ms;
  }
}
