/** The server's time, as far as the page knows it: this machine's, plus what the demo skipped. */
export class ServerClock {
  #aheadMs = 0;

  nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** @param nowMs what the server said; a small difference is the way there and back */
  set(nowMs: number): void {
    this.#aheadMs = nowMs - Date.now();
  }
}
