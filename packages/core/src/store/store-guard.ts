import { SessionError } from "../errors/session-error.js";
import { StoreCause } from "./store-cause.js";
import { StoreTimeout, within } from "./store-operations.js";

/** A little more than the contract's 3 s (security rule ST-02): a store that keeps its budget speaks for itself. */
const GUARD_BUDGET_MS = 3_300;

/** An operation that a store did not carry out. */
export interface StoreFailure {
  /** `"postgres"`, `"sqlite"` … */
  readonly store: string;
  readonly operation: string;
  readonly cause: StoreCause;
}

/** Runs one operation of a store; `undo` takes back what it does after its time. */
export type GuardedRun = <T>(
  operation: string,
  run: () => Promise<T>,
  undo?: () => Promise<unknown>,
) => Promise<T>;

/**
 * Stands around every operation of a store, anybody's: whatever it throws, and that it does not answer in time, becomes
 * `STORE_UNAVAILABLE`, so that no failure of a database can ever look like "no session" (security rule O-01). What comes
 * after its time is ignored.
 *
 * @param store     its name, for messages
 * @param onFailure must not throw
 */
export function guardOf(store: string, onFailure: (failure: StoreFailure) => void): GuardedRun {
  return async (operation, run, undo) => {
    let call: ReturnType<typeof run> | undefined;
    try {
      call = Promise.resolve(run());
      return await within(GUARD_BUDGET_MS, call);
    } catch (error) {
      if (SessionError.is(error)) throw error;
      if (undo !== undefined && error instanceof StoreTimeout) call?.then(undo).catch(() => {});
      const cause = new StoreCause(error);
      onFailure({ store, operation, cause });
      throw new SessionError({
        type: "STORE_UNAVAILABLE",
        message: `the ${store} store ${cause.isPermanent ? "cannot be used" : "did not answer"} (${operation}: ${cause.code ?? cause.name})`,
        cause,
      });
    }
  };
}
