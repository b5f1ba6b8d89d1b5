import type { SessionClaimValidator } from "../../src/claims/claim-validator.js";
import { type ClaimFetchContext, SessionClaim } from "../../src/claims/session-claim.js";
import type { JsonObject, JsonValue } from "../../src/runtime/json.js";

/** A claim of the usual shape, `{ v, t }`, over a value that a test can change; it counts its fetches. */
export class TestClaim extends SessionClaim<JsonValue> {
  fetches: ClaimFetchContext[] = [];

  constructor(
    key: string,
    public value: JsonValue | undefined,
  ) {
    super(key);
  }

  fetchValue(context: ClaimFetchContext): JsonValue | undefined {
    this.fetches.push(context);
    return this.value;
  }

  addToPayload(payload: JsonObject, value: JsonValue, nowMs: number): JsonObject {
    return { ...payload, [this.key]: { v: value, t: nowMs } };
  }

  getValueFromPayload(payload: JsonObject): JsonValue | undefined {
    return (payload[this.key] as { v?: JsonValue } | undefined)?.v;
  }

  /** Fetches what is missing; passes when the value is the wanted one. */
  is(wanted: JsonValue, id = this.key): SessionClaimValidator {
    return {
      id,
      claim: this,
      shouldRefetch: (payload: JsonObject) => this.getValueFromPayload(payload) === undefined,
      validate: (payload) =>
        this.getValueFromPayload(payload) === wanted
          ? { isValid: true }
          : { isValid: false, reason: { message: "wrong value" } },
    };
  }
}

/** A validator without a claim. */
export function rule(id: string, isValid: boolean, reason?: unknown): SessionClaimValidator {
  return { id, validate: () => (isValid ? { isValid: true } : { isValid: false, reason }) };
}
