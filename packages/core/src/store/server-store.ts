import type { Promotion, SessionRow } from "./session-store.js";

/** What every store on a server is asked for. */
export interface ServerStoreOptions {
  readonly url?: string | undefined;
  readonly client?: unknown;
  readonly clock?: "server" | "engine" | undefined;
  readonly maxConnections?: number | undefined;
}

/** @param name of the function that takes the options, for messages. @throws TypeError */
export function checkServerOptions(name: string, options: ServerStoreOptions): void {
  const { url, client, clock = "server", maxConnections = 1 } = options;
  if ((url === undefined) === (client === undefined)) {
    throw new TypeError(`${name} takes either \`url\` or \`client\``);
  }
  if (clock !== "server" && clock !== "engine") {
    throw new TypeError(`${name}: \`clock\` is "server" or "engine"`);
  }
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new TypeError(`${name}: \`maxConnections\` is a whole number of 1 or more`);
  }
}

/** Beyond this, clean-up trusts neither clock (security.md ST-10). */
export const MAX_CLOCK_DIFFERENCE_MS = 5 * 60_000;

/** For clean-up. @throws Error when one of the two clocks must be wrong */
export function assertClocksAgree(server: string, differenceMs: number): void {
  if (differenceMs <= MAX_CLOCK_DIFFERENCE_MS) return;
  throw new Error(
    `nothing was cleaned up: this machine's clock and ${server}'s differ by ${differenceMs} ms`,
  );
}

/** What a compare-and-set says whose condition did not hold: somebody else was faster. */
export const OVERTAKEN = Symbol("overtaken");

/** Each time means that another writer has got on. */
const ATTEMPTS = 100;

/** Repeats a read with the compare-and-set that follows it, until that holds. @throws Error */
export async function untilNotOvertaken<T>(
  remainingMs: () => number,
  step: () => Promise<T | typeof OVERTAKEN>,
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS && remainingMs() > 0; attempt += 1) {
    const result = await step();
    if (result !== OVERTAKEN) return result;
  }
  throw new Error("the session was changed by others again and again");
}

/** Whether this promotion is what has made the row: for an attempt whose reply was lost (security.md ST-04). */
export function isOutcomeOf(promotion: Promotion, row: SessionRow | undefined): row is SessionRow {
  return (
    row?.refreshTokenHash2 === promotion.nextRefreshTokenHash2 &&
    row.previousRefreshTokenHash2 === promotion.expectedRefreshTokenHash2
  );
}
