/** Door for applications that define claims of their own. */

export type { AuthorizationQuestion } from "./authorization.js";
export { BooleanClaim, type BooleanValidators } from "./boolean-claim.js";
export type { ClaimEndpoint, ClaimSession } from "./claim-endpoint.js";
export type {
  ClaimValidationResult,
  CompositeClaimValidator,
  Evaluation,
  FetchingClaimValidator,
  PlainClaimValidator,
  SessionClaimValidator,
} from "./claim-validator.js";
export { allOf, anyOf, not } from "./combinators.js";
export {
  type ClaimDefinition,
  DefinedClaim,
  defineClaim,
  type RefetchPolicy,
  type ValidatorsOf,
} from "./define-claim.js";
export { EmailVerifiedClaim, type EmailVerifiedOptions, emailVerifiedClaim } from "./email-verified-claim.js";
export { MfaClaim, type MfaOptions, type MfaValue, mfaClaim } from "./mfa-claim.js";
export type { MfaRequirement } from "./mfa-requirements.js";
export { PrimitiveArrayClaim, type PrimitiveArrayValidators } from "./primitive-array-claim.js";
export { type Primitive, PrimitiveClaim, type PrimitiveValidators } from "./primitive-claim.js";
export type {
  ClaimFailureReason,
  CompositeReason,
  ExpiredReason,
  MissingReason,
  SchemaReason,
  WrongValueReason,
} from "./reasons.js";
export {
  type ClaimFetchContext,
  type ClaimPolicy,
  type ClaimPolicyInput,
  SessionClaim,
  type StampedValue,
} from "./session-claim.js";
export { StampedClaim, type StampedClaimConfig } from "./stamped-claim.js";
export type { StandardSchema } from "./standard-schema.js";
export { validateClaimsInPayload } from "./validate-claims-in-payload.js";
