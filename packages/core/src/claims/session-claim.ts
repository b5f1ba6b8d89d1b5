import { checkOptions, type OptionCheck } from "../errors/option-check.js";
import { invalidArgument } from "../errors/throwers.js";
import type { JsonObject, JsonValue } from "../runtime/json.js";
import { isForbiddenKey } from "../tokens/payload-snapshot.js";
import { RESERVED_CLAIMS } from "../tokens/reserved-claims.js";
import { POLICY_CHECKS } from "./claim-options.js";
import type { UserContext } from "./user-context.js";

/** What a claim may look at when it fetches its value. The same at every call site (claims.md O-1). */
export interface ClaimFetchContext {
  readonly userId: string;
  readonly recipeUserId: string;
  readonly tenantId: string;
  /** Absent while the session is being created. */
  readonly sessionHandle: string | undefined;
  /** The application's part of the payload, frozen. */
  readonly currentPayload: JsonObject;
  /** Aborted when the fetch takes longer than the claim allows. */
  readonly signal: AbortSignal;
  readonly userContext: UserContext;
}

/** How fresh a claim is kept, and what happens when its source does not answer. */
export interface ClaimPolicy {
  /**
   * `"token"` (default): the value is kept in the access token. `"request"`: it is fetched for each request that looks
   * at it, once, and never written to a token, for values that are too big or too secret for one.
   */
  readonly mode: "token" | "request";
  /** Whether the claim is built into every new session of an instance it is registered with. Default true. */
  readonly autoAdd: boolean;
  /** Whether it is fetched again at every session refresh, before the new token is made. Default false. */
  readonly onSessionRefresh: boolean;
  /**
   * What a failed or late fetch means. `"throw"` (default): the request fails with that error. `"stale"`: the value in
   * the token still counts, if it is at most `maxStaleSeconds` old. `"fail"`: the claim counts as missing.
   */
  readonly onFetchError: "throw" | "stale" | "fail";
  /** Default: any age. */
  readonly maxStaleSeconds: number;
  /** Default 5000. */
  readonly fetchTimeoutMs: number;
  /** Claims that are fetched first, where both are due; `currentPayload` then holds their new values. */
  readonly dependsOn: readonly SessionClaim<unknown>[];
  /** Whether the browser may ask for a fetch (`POST /session/claims/refresh`). Default false. */
  readonly clientRefreshable: boolean;
  /** How often one session's browser may ask for it. Default 5. */
  readonly minRefetchSeconds: number;
}

const DEFAULT_POLICY: ClaimPolicy = {
  mode: "token",
  autoAdd: true,
  onSessionRefresh: false,
  onFetchError: "throw",
  maxStaleSeconds: Number.POSITIVE_INFINITY,
  fetchTimeoutMs: 5000,
  dependsOn: [],
  clientRefreshable: false,
  minRefetchSeconds: 5,
};

/** Members left out, or undefined, take the default. */
export type ClaimPolicyInput = { readonly [K in keyof ClaimPolicy]?: ClaimPolicy[K] | undefined };

/**
 * A named fact about the user: fetched from a source of truth, kept in the access token under one top-level key,
 * checked by validators without I/O. A claim knows how to fetch, write, read and erase itself; validators only read.
 */
export abstract class SessionClaim<T> {
  readonly policy: ClaimPolicy;

  /**
   * @param key top-level key in the payload; never a reserved claim name
   * @throws SessionError `INVALID_ARGUMENT`, and `INVALID_OPTION` naming a member of the policy
   */
  constructor(
    readonly key: string,
    policy: ClaimPolicyInput = {},
  ) {
    if (typeof key !== "string" || key === "" || isForbiddenKey(key)) {
      throw invalidArgument(
        "a claim needs a key: a non-empty string, and not `__proto__`, `constructor` or `prototype`",
      );
    }
    if (RESERVED_CLAIMS.has(key)) {
      throw invalidArgument(`the claim key \`${key}\` belongs to the access token; choose another name`);
    }
    this.policy = resolvePolicy(key, policy);
  }

  /** The current value. `undefined` leaves the payload alone; every other value, `null` included, is written. */
  abstract fetchValue(context: ClaimFetchContext): T | undefined | Promise<T | undefined>;

  /** @param nowMs milliseconds since the epoch; stamped on the value where the claim keeps its age */
  abstract addToPayload(payload: JsonObject, value: T, nowMs: number): JsonObject;

  abstract getValueFromPayload(payload: JsonObject): T | undefined;

  /** Whether a fetched value has the type this claim is of; anything else is treated as a failed fetch. */
  isValue(_value: unknown): boolean {
    return true;
  }

  /** Milliseconds since the epoch; undefined where the claim keeps no age, or has no value. */
  getLastRefetchTime(_payload: JsonObject): number | undefined {
    return undefined;
  }

  /**
   * How a fetched entry joins the one that the store holds by then, for claims that keep no age. Absent: it replaces
   * it. Between entries with an age the younger one stays (claims.md O-20), whatever the claim.
   */
  mergeEntry?(stored: JsonValue | undefined, fetched: JsonValue): JsonValue;

  /** A copy without the claim. */
  removeFromPayload(payload: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(payload).filter(([key]) => key !== this.key));
  }

  /** A merge patch that erases the claim. */
  removeFromPayloadByMerge(payload: JsonObject): JsonObject {
    return { ...payload, [this.key]: null };
  }

  /** A patch with the freshly fetched value; `{}` when there is none. */
  async build(context: ClaimFetchContext, nowMs: number): Promise<JsonObject> {
    const value = await this.fetchValue(context);
    return value === undefined ? {} : this.addToPayload({}, value, nowMs);
  }
}

/** What claims of the three base classes keep in the payload: value, and time of the fetch in milliseconds. */
export interface StampedValue {
  v: JsonValue;
  t: number;
}

function resolvePolicy(key: string, input: ClaimPolicyInput): ClaimPolicy {
  const checks: { readonly [Option in keyof ClaimPolicy]: OptionCheck } = POLICY_CHECKS;
  const policy = checkOptions(`claim(${key})`, checks, input);
  const given = Object.entries(policy).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_POLICY, ...Object.fromEntries(given) };
}
