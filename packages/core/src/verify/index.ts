/** Door of `@acme/session-core/verify`: access tokens checked where there is no store. */

export {
  type AnySessionError,
  SessionError,
  type SessionErrorPayloads,
  type SessionErrorType,
} from "../errors/session-error.js";
export type { Clock } from "../runtime/clock.js";
export type { JsonObject, JsonValue } from "../runtime/json.js";
export type { AccessTokenPayload, TokenClaims } from "../tokens/access-token.js";
export type { AntiCsrfMode } from "./check-anti-csrf.js";
export {
  type AccessTokenVerifierOptions,
  createAccessTokenVerifier,
  type PublicKeySource,
  type TokenVerifier,
  type VerifiableRequest,
  type VerifyTokenOptions,
} from "./create-access-token-verifier.js";
export type { KeyFetch } from "./fetch-key-set.js";
