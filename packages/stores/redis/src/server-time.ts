import { systemClock } from "@acme/session-core/store";

/** security.md ST-02. */
export const STATEMENT_LIMIT_MS = 2_000;
/** How wrong we may have the server's time. */
export const TIME_ERROR_MS = 500;

/** What time it is at Redis: by our own clock, until Redis says that this is wrong. */
export class ServerTime {
  #aheadOfMonoMs = systemClock.wallMs() - systemClock.monoMs();

  nowMs(): number {
    return Math.round(systemClock.monoMs() + this.#aheadOfMonoMs);
  }

  /** @param nowMs as Redis has just said it */
  learn(nowMs: number): void {
    this.#aheadOfMonoMs = nowMs - systemClock.monoMs();
  }
}
