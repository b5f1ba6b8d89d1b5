/** Door for applications that define claims of their own. */
export type {
  ClaimValidationResult,
  Evaluation,
  FetchingClaimValidator,
  PlainClaimValidator,
  SessionClaimValidator,
} from "./claim-validator.js";
export { type ClaimFetchContext, SessionClaim, type StampedValue } from "./session-claim.js";
