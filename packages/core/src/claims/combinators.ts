import { systemClock } from "../runtime/clock.js";
import type { JsonObject } from "../runtime/json.js";
import { chain, type Maybe } from "../runtime/maybe.js";
import { checkValidators } from "./check-validators.js";
import type {
  ClaimValidationResult,
  CompositeClaimValidator,
  Evaluation,
  SessionClaimValidator,
} from "./claim-validator.js";
import { failuresOf, failuresOfAll, verdictOf } from "./judge-validator.js";
import type { CompositeReason } from "./reasons.js";
import type { UserContext } from "./user-context.js";

/** Rules one after the other, or as a list with an id for errors. */
export type Combined =
  | readonly SessionClaimValidator[]
  | readonly [validators: readonly SessionClaimValidator[], id?: string];

const VALID: ClaimValidationResult = Object.freeze({ isValid: true });

/**
 * Holds when all hold. In a 403 it does not show: each child that fails has an entry of its own, under its own id.
 *
 * @throws SessionError `INVALID_ARGUMENT` when a child is not a validator
 */
export function allOf(...rules: Combined): CompositeClaimValidator {
  const { children, id } = listOf("allOf", rules);
  return composite("allOf", id ?? children[0]?.id ?? "allOf", children, (payload, userContext, evaluation) =>
    chain(failuresOfAll(children, payload, userContext, evaluation), (failures) =>
      failures.length === 0
        ? VALID
        : invalid({ message: "not all conditions hold", failures: [...failures] }),
    ),
  );
}

/**
 * Holds when one holds; an empty list fails. Children are tried from left to right on what the token says, and nothing
 * is fetched if one holds; else they are fetched, one after the other, until one does.
 *
 * @throws SessionError `INVALID_ARGUMENT` when a child is not a validator
 */
export function anyOf(...rules: Combined): CompositeClaimValidator {
  const { children, id } = listOf("anyOf", rules);
  return composite(
    "anyOf",
    id ?? children[0]?.id ?? "anyOf",
    children,
    (payload, userContext, evaluation) => {
      const failures: { id: string; reason?: unknown }[] = [];
      const next = (index: number): Maybe<ClaimValidationResult> => {
        const child = children[index];
        if (child === undefined) return invalid({ message: "no alternative satisfied", failures });
        return chain(failuresOf(child, payload, userContext, evaluation), (found) => {
          failures.push(...found);
          return found.length === 0 ? VALID : next(index + 1);
        });
      };
      return next(0);
    },
  );
}

/**
 * Holds when the rule is known not to hold. A claim that is missing or too old fails both ways: unknown is not "no".
 *
 * @throws SessionError `INVALID_ARGUMENT` when the child is not a validator
 */
export function not(validator: SessionClaimValidator, id?: string): CompositeClaimValidator {
  checkValidators([validator], "not()");
  return composite("not", id ?? `not(${validator.id})`, [validator], (payload, userContext, evaluation) =>
    chain(verdictOf(validator, payload, userContext, evaluation), (verdict) =>
      verdict === "no" ? VALID : invalid({ message: "condition must not hold", id: validator.id }),
    ),
  );
}

function composite(
  combine: CompositeClaimValidator["combine"],
  id: string,
  children: readonly SessionClaimValidator[],
  judge: (
    payload: JsonObject,
    userContext: UserContext,
    evaluation: Evaluation,
  ) => Maybe<ClaimValidationResult>,
): CompositeClaimValidator {
  return {
    id,
    combine,
    children,
    validate: (
      payload,
      userContext,
      evaluation = { nowMs: systemClock.wallMs(), isJustFetched: () => false },
    ) => judge(payload, userContext, evaluation),
  };
}

function listOf(
  name: string,
  rules: Combined,
): { children: readonly SessionClaimValidator[]; id: string | undefined } {
  const [first, second] = rules;
  const isList = Array.isArray(first);
  const children: unknown = isList ? first : rules;
  checkValidators(children, `${name}()`);
  return { children: [...children], id: isList && typeof second === "string" ? second : undefined };
}

function invalid(reason: CompositeReason): ClaimValidationResult {
  return { isValid: false, reason };
}
