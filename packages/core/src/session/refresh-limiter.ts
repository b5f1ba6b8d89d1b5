import { SessionError } from "../errors/session-error.js";
import type { Clock } from "../runtime/clock.js";
import { BoundedMap } from "../runtime/lru.js";

const MAX_SESSIONS = 10_000;

/**
 * Limits how fast one session can go through generations (security rule D-05), per process. Presenting the same token
 * again does not count: it gives the same child.
 */
export class RefreshLimiter {
  readonly #windows = new BoundedMap<string, { startedAtMonoMs: number; count: number }>(MAX_SESSIONS);

  constructor(
    private readonly clock: Clock,
    private readonly maxPerWindow: number,
    private readonly windowMs: number,
  ) {}

  /** @throws SessionError `RATE_LIMITED` with the time after which the next one will pass */
  count(handle: string): void {
    const nowMs = this.clock.monoMs();
    const window = this.#windows.get(handle);
    if (window === undefined || nowMs - window.startedAtMonoMs >= this.windowMs) {
      this.#windows.set(handle, { startedAtMonoMs: nowMs, count: 1 });
      return;
    }
    if (window.count >= this.maxPerWindow) {
      throw new SessionError({
        type: "RATE_LIMITED",
        message: `more than ${this.maxPerWindow} refreshes of one session in ${this.windowMs / 1000} s`,
        retryAfterMs: Math.max(1000, window.startedAtMonoMs + this.windowMs - nowMs),
      });
    }
    window.count += 1;
  }
}
