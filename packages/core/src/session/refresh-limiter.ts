import { SessionError } from "../errors/session-error.js";
import type { Clock } from "../runtime/clock.js";
import { BoundedMap } from "../runtime/lru.js";

const MAX_SESSIONS = 10_000;

/**
 * Limits how fast one session can go through refresh tokens (security rule D-05), per process. Presenting the same token
 * again does not count, however often and in parallel: it gives the same child.
 */
export class RefreshLimiter {
  readonly #windows = new BoundedMap<string, { startedAtMonoMs: number; count: number; last: string }>(
    MAX_SESSIONS,
  );

  constructor(
    private readonly clock: Clock,
    private readonly maxPerWindow: number,
    private readonly windowMs: number,
  ) {}

  /**
   * @param tokenHash tells one token of the session from another
   * @throws SessionError `RATE_LIMITED` with the time after which the next one will pass
   */
  count(handle: string, tokenHash: string): void {
    const nowMs = this.clock.monoMs();
    const window = this.#windows.get(handle);
    if (window?.last === tokenHash) return;
    if (window === undefined || nowMs - window.startedAtMonoMs >= this.windowMs) {
      this.#windows.set(handle, { startedAtMonoMs: nowMs, count: 1, last: tokenHash });
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
    window.last = tokenHash;
  }
}
