import type { ClaimValidationError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import type { ClaimValidationResult, Evaluation, SessionClaimValidator } from "./claim-validator.js";
import type { ClaimFetchContext } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** Whose payload is judged. */
export interface ClaimSubject {
  readonly userId: string;
  readonly recipeUserId: string;
  readonly tenantId: string;
  readonly sessionHandle: string | undefined;
}

/** What came of an evaluation, as data. */
export interface ClaimOutcome {
  /** Failures in list order, one per failing validator. */
  invalidClaims: ClaimValidationError[];
  /** What was fetched, as a merge patch; undefined when nothing was. */
  patch: JsonObject | undefined;
}

/**
 * Judges a payload: first every claim that is missing or too old is fetched, then all validators look at the one
 * result (claims.md 2.3). Nothing is saved here.
 */
export async function runValidators(
  validators: readonly SessionClaimValidator[],
  payload: JsonObject,
  subject: ClaimSubject,
  nowMs: number,
  userContext: UserContext,
): Promise<ClaimOutcome> {
  const fetched = new Set<string>();
  const evaluation: Evaluation = { nowMs, isJustFetched: (key) => fetched.has(key) };
  let current = payload;
  let patch: JsonObject | undefined;
  for (const validator of validators) {
    checkShape(validator);
    if (validator.claim === undefined || !validator.shouldRefetch) continue;
    if (!(await validator.shouldRefetch(current, userContext, evaluation))) continue;
    const context: ClaimFetchContext = {
      ...subject,
      currentPayload: current,
      signal: new AbortController().signal,
      userContext,
    };
    const value: unknown = await validator.claim.fetchValue(context);
    if (value === undefined) continue;
    fetched.add(validator.claim.key);
    const added = validator.claim.addToPayload({}, value, nowMs);
    current = { ...current, ...added };
    patch = { ...patch, ...added };
  }
  const invalidClaims: ClaimValidationError[] = [];
  for (const validator of validators) {
    const result: ClaimValidationResult = await validator.validate(current, userContext, evaluation);
    if (!result.isValid) {
      invalidClaims.push(
        result.reason === undefined ? { id: validator.id } : { id: validator.id, reason: result.reason },
      );
    }
  }
  return { invalidClaims, patch };
}

function checkShape(validator: SessionClaimValidator): void {
  const { id, validate } = (validator ?? {}) as Partial<SessionClaimValidator>;
  if (typeof id !== "string" || typeof validate !== "function") {
    const name = typeof id === "string" ? `\`${id}\`` : "without an id";
    throw invalidArgument(
      `the claim validator ${name} is not a validator: it needs an id and a validate function`,
    );
  }
}
