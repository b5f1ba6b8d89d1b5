import type { ClaimValidationError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import { isThenable } from "../runtime/aside.js";
import { type JsonObject, jsonCopyable } from "../runtime/json.js";
import { chain, inTurn, type Maybe } from "../runtime/maybe.js";
import { patiently } from "../runtime/patience.js";
import type {
  ClaimValidationResult,
  CompositeClaimValidator,
  Evaluation,
  SessionClaimValidator,
} from "./claim-validator.js";
import type { UserContext } from "./user-context.js";

/** "unknown": the claim is missing or too old, so neither the rule nor its opposite is known to hold. */
export type Verdict = "yes" | "no" | "unknown";

/** What one validator says, checked for its form. */
export function resultOf(
  validator: SessionClaimValidator,
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<ClaimValidationResult> {
  const answer = validator.validate(payload, userContext, evaluation);
  const result = isThenable(answer) ? late(validator, answer) : answer;
  return result instanceof Promise
    ? result.then((found) => checkedResult(validator, found))
    : checkedResult(validator, result);
}

/** A composite waits for its children, each of them for as long as it may. */
function late<T>(validator: SessionClaimValidator, answer: PromiseLike<T>): Promise<T> {
  const promise = Promise.resolve(answer);
  return validator.children === undefined ? patiently(nameOf(validator), promise) : promise;
}

function nameOf(validator: SessionClaimValidator): string {
  return `the claim validator \`${validator.id}\``;
}

function checkedResult(
  validator: SessionClaimValidator,
  result: ClaimValidationResult,
): ClaimValidationResult {
  if (typeof result === "object" && result !== null && typeof result.isValid === "boolean") return result;
  throw invalidArgument(`${nameOf(validator)} did not return { isValid }`);
}

const NONE: readonly ClaimValidationError[] = Object.freeze([]);

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
  const result = resultOf(validator, payload, userContext, evaluation);
  return result instanceof Promise
    ? result.then((late) => failureIn(validator, late))
    : failureIn(validator, result);
}

function failureIn(
  { id }: SessionClaimValidator,
  result: ClaimValidationResult,
): readonly ClaimValidationError[] {
  if (result.isValid) return NONE;
  return [result.reason === undefined ? { id } : { id, reason: jsonCopyable(result.reason) }];
}

/** In list order, without a short circuit (claims.md 2.3). This loop runs on every request: no closure, no copy. */
export function failuresOfAll(
  validators: readonly SessionClaimValidator[],
  payload: JsonObject,
  userContext: UserContext,
  evaluation: Evaluation,
): Maybe<readonly ClaimValidationError[]> {
  let failures = NONE;
  for (let index = 0; index < validators.length; index++) {
    const found = failuresOf(validators[index] as SessionClaimValidator, payload, userContext, evaluation);
    if (found instanceof Promise) {
      const before = failures;
      const rest = validators.slice(index + 1);
      return found.then(async (late) => [
        ...before,
        ...late,
        ...(await failuresOfAll(rest, payload, userContext, evaluation)),
      ]);
    }
    if (found.length > 0) failures = failures.concat(found);
  }
  return failures;
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
    return validator.isKnown?.(payload, userContext, evaluation) === false ? "unknown" : "no";
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
