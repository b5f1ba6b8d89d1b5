import { systemClock } from "../runtime/clock.js";
import { systemRandom } from "../runtime/random.js";
import { isBusy } from "./sqlite-error.js";

/** A store operation may take 3 s (security.md ST-02); what is left is for the last attempt and a slow machine. */
const BUDGET_MS = 2_700;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 50;

interface Waiting {
  /** Runs the operation and settles its promise; throws only when it must be tried again or has failed. */
  attempt(): void;
  reject(error: unknown): void;
  readonly deadlineMs: number;
}

/**
 * Runs synchronous SQLite operations, and waits for a lock that another process holds without holding up the event
 * loop: only the first in line tries, with a pause that grows and has jitter; the others wait behind it in order.
 * So however many operations wait, one attempt (at most the native `busy_timeout`) is all that blocks at a time.
 */
export class LockQueue {
  readonly #waiting: Waiting[] = [];
  #serving: Promise<void> | undefined;

  /**
   * @param attempt does all or nothing, and may be called again after SQLite answered "busy"
   * @throws what `attempt` threw; or an Error when the lock was not to be had within the budget
   */
  async run<T>(attempt: () => T): Promise<T> {
    const deadlineMs = systemClock.monoMs() + BUDGET_MS;
    if (this.#waiting.length === 0) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ attempt: () => resolve(attempt()), reject, deadlineMs });
      this.#serving ??= this.#serve();
    });
  }

  /** Resolves when nothing waits any more: within the budget. */
  async drain(): Promise<void> {
    await this.#serving;
  }

  async #serve(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    await pause(pauseMs);
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      try {
        first.attempt();
        this.#waiting.shift();
        pauseMs = FIRST_PAUSE_MS;
        await nextTurn();
      } catch (error) {
        if (isBusy(error)) {
          this.#giveUpOverdue(error);
          await pause(pauseMs);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        } else {
          this.#waiting.shift();
          first.reject(error);
        }
      }
    }
    this.#serving = undefined;
  }

  #giveUpOverdue(cause: unknown): void {
    const nowMs = systemClock.monoMs();
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadlineMs <= nowMs) {
      this.#waiting
        .shift()
        ?.reject(new Error("the database has been locked by another process for too long", { cause }));
    }
  }
}

/** Between half and all of `ms`, so that processes which collided do not collide again. */
function pause(ms: number): Promise<void> {
  const [jitter = 0] = systemRandom(1);
  return new Promise((resolve) => setTimeout(resolve, ms * (0.5 + jitter / 512)));
}

/** Lets timers and sockets have their turn between two operations. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
