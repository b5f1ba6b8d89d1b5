import type { ClaimValidationError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import { isPlainObject, type JsonObject } from "../runtime/json.js";
import { chain, inTurn, type Maybe, settled } from "../runtime/maybe.js";
import type {
  ClaimValidationResult,
  CompositeClaimValidator,
  Evaluation,
  SessionClaimValidator,
} from "./claim-validator.js";
import type { UserContext } from "./user-context.js";

/** "unknown": the claim is missing or too old, so neither the rule nor its opposite is known to hold. */
export type Verdict = "yes" | "no" | "unknown";

const UNKNOWN_MESSAGES: ReadonlySet<unknown> = new Set([
  "value does not exist",
  "expired",
  "MFA info not available in payload",
]);

/** What one validator says, checked for its form. */
export function resultOf(
  validator: SessionClaimValidator,
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<ClaimValidationResult> {
  return chain(settled(validator.validate(payload, userContext, evaluation)), (result) => {
    if (!isPlainObject(result) || typeof result.isValid !== "boolean") {
      throw invalidArgument(`the claim validator \`${validator.id}\` did not return { isValid }`);
    }
    return result;
  });
}

/** What the 403 says of one validator: nothing if it passes, one entry per child if it is an `allOf`. */
export function failuresOf(
  validator: SessionClaimValidator,
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<readonly ClaimValidationError[]> {
  if (validator.children !== undefined && validator.combine === "allOf") {
    return failuresOfAll(validator.children, payload, userContext, evaluation);
  }
  return chain(resultOf(validator, payload, userContext, evaluation), (result) => {
    if (result.isValid) return NONE;
    const { id } = validator;
    return [result.reason === undefined ? { id } : { id, reason: result.reason }];
  });
}

const NONE: readonly ClaimValidationError[] = Object.freeze([]);

/** In list order, without a short circuit (claims.md 2.3). */
export function failuresOfAll(
  validators: readonly SessionClaimValidator[],
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<readonly ClaimValidationError[]> {
  let failures: ClaimValidationError[] | undefined;
  const judged = inTurn(validators, (validator) =>
    chain(failuresOf(validator, payload, userContext, evaluation), (found) => {
      if (found.length === 0) return;
      failures ??= [];
      failures.push(...found);
    }),
  );
  return chain(judged, () => failures ?? NONE);
}

/** Whether a rule holds, does not hold, or cannot be told: then its opposite cannot be told either. */
export function verdictOf(
  validator: SessionClaimValidator,
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<Verdict> {
  if (validator.children !== undefined)
    return verdictOfComposite(validator, payload, userContext, evaluation);
  return chain(resultOf(validator, payload, userContext, evaluation), (result): Verdict => {
    if (result.isValid) return "yes";
    const { reason } = result;
    return isPlainObject(reason) && UNKNOWN_MESSAGES.has(reason.message) ? "unknown" : "no";
  });
}

function verdictOfComposite(
  { combine, children }: CompositeClaimValidator,
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<Verdict> {
  const verdicts = new Set<Verdict>();
  const judged = inTurn(children, (child) =>
    chain(verdictOf(child, payload, userContext, evaluation), (verdict) => {
      verdicts.add(verdict);
    }),
  );
  return chain(judged, (): Verdict => {
    switch (combine) {
      case "allOf":
        return verdicts.has("no") ? "no" : verdicts.has("unknown") ? "unknown" : "yes";
      case "anyOf":
        return verdicts.has("yes") ? "yes" : verdicts.has("unknown") ? "unknown" : "no";
      case "not":
        return verdicts.has("unknown") ? "unknown" : verdicts.has("yes") ? "no" : "yes";
    }
  });
}
