import type { ClaimFetcher } from "../claims/claim-fetcher.js";
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { SecretRing } from "../keys/secret-ring.js";
import type { SigningKeys } from "../keys/signing-keys.js";
import type { Platform, ProcessWatch } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import type { RandomBytes } from "../runtime/random.js";
import type { SessionStore } from "../store/session-store.js";
import type { AccessTokenVerifier } from "../verify/access-token-verifier.js";
import type { Revocations } from "../verify/revocations.js";
import type { RefreshLimiter } from "./refresh-limiter.js";
import type { RotationAges } from "./rotation-age.js";
import type { ContainerTools } from "./session-container.js";
import type { SessionEvent } from "./session-event.js";
import type { SessionFunctions } from "./types.js";

/** Numbers and lists the session functions work with. Durations are milliseconds. */
export interface EngineSettings {
  readonly accessTokenValidityMs: number;
  /** Fraction of the validity by which a token's life is shortened at random; 0 for none. */
  readonly accessTokenValidityJitter: number;
  readonly refreshTokenValidityMs: number;
  readonly absoluteLifetimeMs: number;
  readonly refreshGraceMs: number;
  /** `iss` of new sessions' tokens. */
  readonly issuer: string;
  /** Whether sessions that travel in cookies get an anti-CSRF token. */
  readonly issuesAntiCsrfTokens: boolean;
  /** Bytes that the access token's `Set-Cookie` line has beside the token. */
  readonly accessCookieOverheadBytes: number;
  /** Claims that are built into every new session, in order. */
  readonly claimsAtCreation: readonly SessionClaim<unknown>[];
  /** Claims that are fetched again at every refresh. */
  readonly claimsAtRefresh: readonly SessionClaim<unknown>[];
  /** Keys of the claims that are never written to a token. */
  readonly requestModeKeys: ReadonlySet<string>;
  readonly globalClaimValidators: readonly SessionClaimValidator[];
}

/** Everything the session functions share. Made once per instance. */
export interface SessionEngine {
  readonly platform: Platform;
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly secrets: SecretRing;
  readonly keys: SigningKeys;
  readonly verifier: AccessTokenVerifier;
  readonly claimFetcher: ClaimFetcher;
  readonly settings: EngineSettings;
  readonly tools: ContainerTools & { readonly functions: SessionFunctions };
  readonly limiter: RefreshLimiter | undefined;
  readonly rotations: RotationAges;
  readonly revocations: Revocations;
  /** From the instance's beginning on; absent where the platform cannot tell, or the application moves the clock. */
  stalls(): Pick<ProcessWatch, "lastStallEndMonoMs"> | undefined;
  emit(event: SessionEvent): void;
  /** A line in the log. */
  warn(message: string): void;
  /** Whether the application listens to events. */
  readonly isObserved: boolean;
}
