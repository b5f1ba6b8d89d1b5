import { invalidArgument } from "../errors/throwers.js";
import { systemClock } from "../runtime/clock.js";
import type { JsonObject } from "../runtime/json.js";
import { chain, settled } from "../runtime/maybe.js";
import type { ClaimValidationResult, Evaluation, FetchingClaimValidator } from "./claim-validator.js";
import { ageInSeconds, checkedMaxAge, isTooOld } from "./freshness.js";
import type { Expectation, ExpiredReason } from "./reasons.js";
import type { StampedClaim } from "./stamped-claim.js";
import { isStandardSchema, plainIssues, type StandardSchema } from "./standard-schema.js";

const VALID: ClaimValidationResult = Object.freeze({ isValid: true });

/** A rule over the value of one claim. */
export interface StampedRule<T> {
  /** Undefined: the claim's default. */
  readonly maxAgeInSeconds: number | undefined;
  /** Undefined: the claim's key. */
  readonly id: string | undefined;
  /** Member of the reason that says what was wanted. */
  readonly expected: Expectation;
  /** The same when the value is missing, where it differs. */
  readonly expectedIfMissing?: Expectation;
  passes(value: T): boolean;
}

/** A validator whose rule is a Standard Schema; the value in the token is judged, never changed (claims.md O-42). */
export function schemaValidator<T>(
  claim: StampedClaim<T>,
  schema: StandardSchema,
  maxAgeInSeconds: number | undefined,
  id: string | undefined,
): FetchingClaimValidator {
  if (!isStandardSchema(schema)) {
    throw invalidArgument(`claim \`${claim.key}\`: matches() takes a schema with \`~standard\`, version 1`);
  }
  const present = stampedValidator(claim, { maxAgeInSeconds, id, expected: {}, passes: () => true });
  return {
    ...present,
    validate: (payload, userContext, evaluation) =>
      chain(settled(present.validate(payload, userContext, evaluation)), (result) =>
        result.isValid
          ? chain(settled(schema["~standard"].validate(claim.getValueFromPayload(payload))), ({ issues }) =>
              issues === undefined
                ? VALID
                : invalid({ message: "schema mismatch", issues: plainIssues(issues) }),
            )
          : result,
      ),
  };
}

/**
 * A validator with the order and the reasons that clients know (claims.md 1.6, 1.7): missing, then expired, then wrong.
 *
 * @throws SessionError `INVALID_ARGUMENT` when the maximum age or the id cannot be one
 */
export function stampedValidator<T>(claim: StampedClaim<T>, rule: StampedRule<T>): FetchingClaimValidator {
  const { expected, expectedIfMissing = expected } = rule;
  const maxAgeInSeconds = checkedMaxAge(claim.key, rule.maxAgeInSeconds ?? claim.defaultMaxAgeInSeconds);
  const id = rule.id ?? claim.key;
  if (typeof id !== "string")
    throw invalidArgument(`claim \`${claim.key}\`: the id of a validator is a string`);
  return {
    id,
    claim,
    maxAgeInSeconds,
    shouldRefetch(payload, _userContext, evaluation) {
      if (claim.getValueFromPayload(payload) === undefined) return true;
      return isExpired(claim, payload, maxAgeInSeconds, evaluation);
    },
    isKnown: (payload, _userContext, evaluation) =>
      claim.getValueFromPayload(payload) !== undefined &&
      !isExpired(claim, payload, maxAgeInSeconds, evaluation),
    validate(payload, _userContext, evaluation) {
      const value = claim.getValueFromPayload(payload);
      if (value === undefined) {
        return invalid({ message: "value does not exist", ...expectedIfMissing, actualValue: undefined });
      }
      if (maxAgeInSeconds !== undefined && isExpired(claim, payload, maxAgeInSeconds, evaluation)) {
        return invalid(expiredReason(claim, payload, maxAgeInSeconds, evaluation));
      }
      return rule.passes(value)
        ? VALID
        : invalid({ message: "wrong value", ...expected, actualValue: value });
    },
  };
}

function isExpired<T>(
  claim: StampedClaim<T>,
  payload: JsonObject,
  maxAgeInSeconds: number | undefined,
  evaluation: Evaluation | undefined,
): boolean {
  if (maxAgeInSeconds === undefined || evaluation?.isJustFetched(claim.key)) return false;
  return isTooOld(claim.getLastRefetchTime(payload), nowOf(evaluation), maxAgeInSeconds);
}

function expiredReason<T>(
  claim: StampedClaim<T>,
  payload: JsonObject,
  maxAgeInSeconds: number,
  evaluation: Evaluation | undefined,
): ExpiredReason {
  const age = ageInSeconds(claim.getLastRefetchTime(payload), nowOf(evaluation));
  return { message: "expired", ...(age === undefined ? {} : { ageInSeconds: age }), maxAgeInSeconds };
}

function invalid(reason: unknown): ClaimValidationResult {
  return { isValid: false, reason };
}

function nowOf(evaluation: Evaluation | undefined): number {
  return evaluation?.nowMs ?? systemClock.wallMs();
}
