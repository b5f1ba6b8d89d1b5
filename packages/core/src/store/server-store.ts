import { holds, type OptionCheck, oneOf } from "../errors/option-check.js";
import { invalidOption } from "../errors/throwers.js";
import type { Promotion, SessionRow } from "./session-store.js";

/** What every store on a server is asked for. */
export interface ServerStoreOptions {
  readonly url?: string | undefined;
  readonly client?: unknown;
  readonly clock?: "server" | "engine" | undefined;
  readonly maxConnections?: number | undefined;
}

/**
 * @param name of the function that takes the options, for messages
 * @throws SessionError `INVALID_OPTION`
 */
export function checkServerOptions(name: string, options: ServerStoreOptions): void {
  const { url, client, clock, maxConnections } = options;
  if (url === undefined && client === undefined) {
    throw invalidOption(
      `${name}.url`,
      "give either `url` or `client`; neither is set (is an environment variable missing?)",
    );
  }
  if (url !== undefined && client !== undefined) {
    throw invalidOption(`${name}.url`, "give either `url` or `client`, not both");
  }
  if (clock !== undefined) oneOf("server", "engine")(clock, `${name}.clock`);
  if (maxConnections !== undefined) isWholeAndPositive(maxConnections, `${name}.maxConnections`);
}

const isWholeAndPositive = holds(
  (value) => Number.isInteger(value) && (value as number) >= 1,
  "must be a whole number of 1 or more",
);

/** Packages by the scheme of their URLs, for those who gave one to another store. */
const STORES: Readonly<Record<string, string>> = {
  postgres: "@acme/session-store-postgres",
  postgresql: "@acme/session-store-postgres",
  mysql: "@acme/session-store-mysql",
  mariadb: "@acme/session-store-mysql",
  redis: "@acme/session-store-redis",
  rediss: "@acme/session-store-redis",
  valkey: "@acme/session-store-redis",
};

/**
 * A URL of this kind of server. The URL itself is in no message: it may hold a password.
 *
 * @param schemes that it may begin with: `"postgres"`
 */
export function serverUrl(...schemes: readonly string[]): OptionCheck {
  const wanted = `must be a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`;
  return (value, path) => {
    const scheme = typeof value === "string" ? /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1] : undefined;
    if (scheme !== undefined && schemes.includes(scheme.toLowerCase())) return;
    const other = scheme === undefined ? undefined : STORES[scheme.toLowerCase()];
    throw invalidOption(path, other === undefined ? wanted : `${wanted}; for ${scheme}:// there is ${other}`);
  };
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
