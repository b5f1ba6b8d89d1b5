import { systemClock } from "../runtime/clock.js";
import { systemRandom } from "../runtime/random.js";
import { StoreError } from "./store-error.js";

/** A whole operation may take 3 s (security.md ST-02); the rest is for a slow machine. */
export const OPERATION_BUDGET_MS = 2_800;
const RETRIES = 5;
const FIRST_PAUSE_MS = 10;
const DRAIN_BUDGET_MS = 5_000;

/** What a store over the network makes of an error (security.md ST-03, ST-04). */
export type Retry =
  /** The server has refused and changed nothing; the same step may succeed in a moment. */
  | "nothing-happened"
  /** The connection is gone: whether the step took place is unknown. */
  | "outcome-unknown"
  /** Trying again would not help, or there is no time for it. */
  | "never";

/** What a step is told about the attempts before it. */
export interface Attempt {
  /** An earlier attempt may have taken effect: a step that finds its work done was the one that did it. */
  readonly outcomeUnknown: boolean;
  /** Milliseconds left for the operation. */
  remainingMs(): number;
}

/**
 * The operations of a store that is a server: each has a time budget, is tried again after what passes by itself, and
 * is waited for when the store closes.
 */
export class StoreOperations {
  readonly #inFlight = new Set<Promise<unknown>>();
  #isClosed = false;

  /**
   * @param name for messages
   * @param judge says what an error of a step means
   */
  constructor(
    private readonly name: string,
    private readonly judge: (error: unknown) => Retry,
  ) {}

  /**
   * @throws what the last attempt threw; Error `StoreTimeout` when the budget is used up, also while an attempt is
   *   still under way (what it brings is then ignored)
   */
  run<T>(step: (attempt: Attempt) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StoreError(`the ${this.name} store has been closed`));
    const operation = within(OPERATION_BUDGET_MS, this.#attempts(step));
    const settled: Promise<void> = operation.then(
      () => {},
      () => {},
    );
    this.#inFlight.add(settled);
    void settled.then(() => this.#inFlight.delete(settled));
    return operation;
  }

  /** No operation starts any more; resolves when none is under way, after 5 s at the latest. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await within(DRAIN_BUDGET_MS, Promise.all(this.#inFlight)).catch(() => {});
  }

  async #attempts<T>(step: (attempt: Attempt) => Promise<T>): Promise<T> {
    const deadlineMs = systemClock.monoMs() + OPERATION_BUDGET_MS;
    const remainingMs = (): number => deadlineMs - systemClock.monoMs();
    let outcomeUnknown = false;
    for (let attempt = 0; ; attempt += 1) {
      const hadMs = remainingMs();
      try {
        return await step({ outcomeUnknown, remainingMs });
      } catch (error) {
        const retry = this.judge(error);
        const pauseMs = FIRST_PAUSE_MS * 2 ** attempt * jitter();
        const leftMs = remainingMs();
        if (retry === "never" || attempt === RETRIES || pauseMs >= leftMs) throw error;
        // It waited for something (a lock); one more such wait would end after the budget, and might take effect then.
        if (retry === "nothing-happened" && hadMs - leftMs > leftMs) throw error;
        if (retry === "outcome-unknown") outcomeUnknown = true;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}

/**
 * @returns what `promise` brings, if it does so in time; otherwise it is left to itself
 * @throws Error `StoreTimeout`
 */
export async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreTimeout(limitMs)), limitMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export class StoreTimeout extends Error {
  override readonly name = "StoreTimeout";

  constructor(limitMs: number) {
    super(`no answer within ${Math.round(limitMs)} ms`);
  }
}

/** Between a half and one, so that processes which collided do not collide again. */
function jitter(): number {
  const [byte = 0] = systemRandom(1);
  return 0.5 + byte / 512;
}
