import { checkOptions } from "../errors/option-check.js";
import { invalidArgument } from "../errors/throwers.js";
import { isPlainObject, type JsonObject, type JsonValue, ownMember } from "../runtime/json.js";
import { STAMPED_CHECKS } from "./claim-options.js";
import { checkedMaxAge, stampOf } from "./freshness.js";
import { type ClaimFetchContext, type ClaimPolicyInput, SessionClaim } from "./session-claim.js";

/** What the base classes are made from. */
export interface StampedClaimConfig<T> extends ClaimPolicyInput {
  /** Top-level key in the payload. */
  readonly key: string;
  /** `undefined` leaves the payload alone. */
  readonly fetchValue: (context: ClaimFetchContext) => T | undefined | Promise<T | undefined>;
  /** Seconds after which validators fetch the value again, unless they say otherwise. Default: never. */
  readonly defaultMaxAgeInSeconds?: number | undefined;
}

/** A claim kept as `{ v: value, t: time of the fetch in milliseconds }` (claims.md 1.2). */
export abstract class StampedClaim<T> extends SessionClaim<T> {
  readonly defaultMaxAgeInSeconds: number | undefined;
  readonly #fetchValue: StampedClaimConfig<T>["fetchValue"];

  constructor(config: StampedClaimConfig<T>) {
    const { key, fetchValue, defaultMaxAgeInSeconds, ...policy } = checkOptions(
      "claim",
      STAMPED_CHECKS,
      config,
    );
    super(key, policy);
    if (typeof fetchValue !== "function") throw invalidArgument(`claim \`${key}\`: fetchValue is missing`);
    this.#fetchValue = fetchValue;
    this.defaultMaxAgeInSeconds = checkedMaxAge(key, defaultMaxAgeInSeconds);
  }

  abstract override isValue(value: unknown): value is T;

  fetchValue(context: ClaimFetchContext): T | undefined | Promise<T | undefined> {
    return this.#fetchValue(context);
  }

  addToPayload(payload: JsonObject, value: T, nowMs: number): JsonObject {
    return { ...payload, [this.key]: { v: value as JsonValue, t: nowMs } };
  }

  /** A value of another type counts as missing (claims.md O-5). */
  getValueFromPayload(payload: JsonObject): T | undefined {
    const entry = ownMember(payload, this.key);
    if (!isPlainObject(entry)) return undefined;
    return this.isValue(entry.v) ? entry.v : undefined;
  }

  override getLastRefetchTime(payload: JsonObject): number | undefined {
    return stampOf(payload, this.key);
  }
}
