import type { JsonObject } from "../runtime/json.js";
import type { SessionClaim } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

export type ClaimValidationResult = { isValid: true } | { isValid: false; reason?: unknown };

/** What holds for one evaluation, so that all validators judge the same moment. */
export interface Evaluation {
  /** Milliseconds since the epoch, read once. */
  readonly nowMs: number;
  /** Whether the claim was fetched in this evaluation: then it cannot be too old in it. */
  isJustFetched(claimKey: string): boolean;
}

interface ValidatorCore {
  /**
   * Whether what the rule looks at is there, and fresh enough. Where it is not, neither the rule nor its opposite holds,
   * and `not()` of it fails too. Asked only of a rule that said no; default yes. No text of a reason decides anything.
   */
  isKnown?(payload: JsonObject, userContext: UserContext, evaluation: Evaluation): boolean;
  /** Stands in the body of the 403. Several validators may share one. */
  readonly id: string;
  /** @param evaluation absent only when an application calls this by hand: then it is now */
  validate(
    payload: JsonObject,
    userContext: UserContext,
    evaluation?: Evaluation,
  ): ClaimValidationResult | Promise<ClaimValidationResult>;
}

/** A rule over the payload that needs nothing fetched. */
export interface PlainClaimValidator extends ValidatorCore {
  readonly claim?: undefined;
  readonly children?: undefined;
  shouldRefetch?: undefined | ((payload: JsonObject, userContext: UserContext) => boolean | Promise<boolean>);
}

/** A rule over one claim, which is fetched first when it is missing or too old. */
export interface FetchingClaimValidator extends ValidatorCore {
  // biome-ignore lint/suspicious/noExplicitAny: a validator of any claim
  readonly claim: SessionClaim<any>;
  readonly children?: undefined;
  /** How old the value may be. With 0 a fetch that brings the same value is not written back. */
  readonly maxAgeInSeconds?: number | undefined;
  shouldRefetch(
    payload: JsonObject,
    userContext: UserContext,
    evaluation?: Evaluation,
  ): boolean | Promise<boolean>;
}

/** A rule made of rules: see `allOf`, `anyOf`, `not`. */
export interface CompositeClaimValidator extends ValidatorCore {
  readonly claim?: undefined;
  readonly shouldRefetch?: undefined;
  readonly combine: "allOf" | "anyOf" | "not";
  readonly children: readonly SessionClaimValidator[];
}

/** A plain object; spreading a built-in one and replacing members is fine. */
export type SessionClaimValidator = PlainClaimValidator | FetchingClaimValidator | CompositeClaimValidator;
