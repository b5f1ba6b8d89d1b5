import { invalidPayload } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import { settled } from "../runtime/maybe.js";
import type { ClaimFetchContext, SessionClaim } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** Whose claim is fetched. */
export interface ClaimSubject {
  readonly userId: string;
  readonly recipeUserId: string;
  readonly tenantId: string;
  /** Absent while the session is being created. */
  readonly sessionHandle: string | undefined;
}

export interface FetchInput extends ClaimSubject {
  /** The application's part, frozen. */
  readonly currentPayload: JsonObject;
  readonly userContext: UserContext;
  /** Milliseconds since the epoch: when the asking evaluation began. */
  readonly nowMs: number;
  /** A fetch under way must be younger to be joined; undefined for any. */
  readonly maxAgeInSeconds: number | undefined;
}

export interface FetchedValue {
  /** Undefined: the source has nothing to say, and the payload stays as it is. */
  value: unknown;
  /** When the fetch began, so that a value can only look older than it is. */
  stampMs: number;
}

/** How one fetch went, for metrics. */
export interface ClaimFetchReport {
  claimKey: string;
  durationMs: number;
  outcome: "value" | "nothing" | "error" | "timeout";
}

interface Flight {
  claim: SessionClaim<unknown>;
  startedAtMs: number;
  fetch: Promise<FetchedValue>;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Fetches claims within their time limit. Requests of one session that need one claim at the same time share one fetch
 * (claims.md O-11), but for a claim that depends on others, since it must see what its own request has fetched; for one
 * that belongs to single requests, since it must see what was so when its own began; and in a transaction of the
 * application, of which nobody else may see anything, and which shows what nobody else sees.
 */
export class ClaimFetcher {
  readonly #underWay = new Map<string, Flight>();

  constructor(
    private readonly monoMs: () => number,
    private readonly report: (report: ClaimFetchReport) => void,
    private readonly isInTransaction: () => boolean = () => false,
  ) {}

  /** @throws what `fetchValue` threw; `TimeoutError`; SessionError `INVALID_PAYLOAD` for a value of another type */
  fetch(claim: SessionClaim<unknown>, input: FetchInput): Promise<FetchedValue> {
    const { sessionHandle, nowMs, maxAgeInSeconds } = input;
    const { dependsOn, mode } = claim.policy;
    const isAlone = dependsOn.length > 0 || mode === "request" || this.isInTransaction();
    if (sessionHandle === undefined || isAlone) return this.#start(claim, input);
    const id = `${sessionHandle} ${claim.key}`;
    const flight = this.#underWay.get(id);
    const maxAgeMs = (maxAgeInSeconds ?? Number.POSITIVE_INFINITY) * 1000;
    if (flight?.claim === claim && nowMs - flight.startedAtMs < maxAgeMs) return flight.fetch;
    const fetch = this.#start(claim, input);
    const own: Flight = { claim, startedAtMs: nowMs, fetch };
    this.#underWay.set(id, own);
    const land = (): void => {
      if (this.#underWay.get(id) === own) this.#underWay.delete(id);
    };
    fetch.then(land, land);
    return fetch;
  }

  async #start(claim: SessionClaim<unknown>, input: FetchInput): Promise<FetchedValue> {
    const { nowMs, maxAgeInSeconds: _, ...subject } = input;
    const abort = new AbortController();
    const startedAt = this.monoMs();
    let outcome: ClaimFetchReport["outcome"] = "error";
    try {
      const value = await withTimeLimit(claim, { ...subject, signal: abort.signal }, abort);
      if (value !== undefined && !claim.isValue(value)) {
        throw invalidPayload(`the claim \`${claim.key}\` fetched a value that is not of its type`);
      }
      outcome = value === undefined ? "nothing" : "value";
      return { value, stampMs: nowMs };
    } catch (error) {
      if (abort.signal.aborted) outcome = "timeout";
      throw error;
    } finally {
      this.report({ claimKey: claim.key, durationMs: this.monoMs() - startedAt, outcome });
    }
  }
}

async function withTimeLimit(
  claim: SessionClaim<unknown>,
  context: ClaimFetchContext,
  abort: AbortController,
): Promise<unknown> {
  const { fetchTimeoutMs } = claim.policy;
  const fetching = settled(claim.fetchValue(context));
  if (!(fetching instanceof Promise) || fetchTimeoutMs > MAX_TIMER_MS) return fetching;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      fetching,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          const error = Object.assign(
            new Error(`the claim \`${claim.key}\` took longer than ${fetchTimeoutMs} ms to fetch`),
            {
              name: "TimeoutError",
            },
          );
          abort.abort(error);
          reject(error);
        }, fetchTimeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
