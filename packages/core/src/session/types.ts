import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { FetchedClaims } from "../claims/merge-claim-patch.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import type { JsonObject } from "../runtime/json.js";
import type { ClaimValueResult, ContainerFunctions } from "./container-functions.js";
import type { SessionContainer } from "./session-container.js";

/** How a request's session is to be established. Every option is honoured together with the others. */
export interface VerifySessionOptions {
  /** Whether a request without a session is an error. Default true. */
  sessionRequired?: boolean | undefined;
  /** Whether the anti-CSRF check is made. Default: for every method but GET and HEAD. */
  antiCsrfCheck?: boolean | undefined;
  /** Whether the row is looked up, so that revocation and payload changes count at once. Default: option `checkDatabaseByDefault`. */
  checkDatabase?: boolean | undefined;
  /**
   * Roles that the user must have, every one of them, in the session's tenant; needs `createUserRoles()`. Where one of
   * several is enough: `require: [roles.UserRoleClaim.validators.includesAny([…])]`.
   */
  roles?: readonly string[] | undefined;
  /** Permissions that the user must have, every one of them; needs `createUserRoles()`. */
  permissions?: readonly string[] | undefined;
  /** Claim validators beside the global ones. Added last: no override takes them away. */
  require?: readonly SessionClaimValidator[] | undefined;
  /** Ids of global validators that this route does without. */
  skip?: readonly string[] | undefined;
  /** Claim validators instead of the global ones. */
  only?: readonly SessionClaimValidator[] | undefined;
  /**
   * The list of claim validators as code; gets the global ones, after `only` and `skip`. `() => []` switches all of them
   * off.
   */
  overrideGlobalClaimValidators?:
    | ((
        globalValidators: readonly SessionClaimValidator[],
        session: SessionContainer,
        userContext: UserContext,
      ) => readonly SessionClaimValidator[] | Promise<readonly SessionClaimValidator[]>)
    | undefined;
}

/**
 * The functions that work on tokens and handles, without a request. Each can be replaced through the option
 * `override.functions`; everything inside, the session container's methods included, calls the replaced ones.
 */
export interface SessionFunctions extends ContainerFunctions {
  createNewSession(input: {
    userId: string;
    recipeUserId: string;
    tenantId: string;
    accessTokenPayload: JsonObject;
    sessionData: JsonObject;
    disableAntiCsrf: boolean;
    userContext: UserContext;
  }): Promise<SessionContainer>;
  getGlobalClaimValidators(input: {
    tenantId: string;
    userId: string;
    recipeUserId: string;
    claimValidatorsAddedByOtherRecipes: readonly SessionClaimValidator[];
    userContext: UserContext;
  }): readonly SessionClaimValidator[] | Promise<readonly SessionClaimValidator[]>;
  /** `antiCsrfToken` is compared when `antiCsrfCheck` is not false and the mode is VIA_TOKEN. */
  getSession(input: {
    accessToken: string;
    antiCsrfToken: string | undefined;
    options: {
      sessionRequired: boolean;
      antiCsrfCheck: boolean;
      checkDatabase: boolean;
      /** Nothing could be delivered: the row is read at most. Default false. */
      isReadOnly?: boolean | undefined;
    };
    userContext: UserContext;
  }): Promise<SessionContainer | undefined>;
  refreshSession(input: {
    refreshToken: string;
    antiCsrfToken: string | undefined;
    disableAntiCsrf: boolean;
    /** Monotonic time at which the request reached the process; now, if absent. */
    arrivedAtMonoMs?: number | undefined;
    userContext: UserContext;
  }): Promise<SessionContainer>;
  revokeAllSessionsForUser(input: {
    userId: string;
    tenantId: string | undefined;
    userContext: UserContext;
  }): Promise<string[]>;
  /** Of one tenant, or (undefined) of all. */
  revokeAllSessions(input: { tenantId: string | undefined; userContext: UserContext }): Promise<number>;
  getAllSessionHandlesForUser(input: {
    userId: string;
    tenantId: string | undefined;
    userContext: UserContext;
  }): Promise<string[]>;
  revokeMultipleSessions(input: {
    sessionHandles: readonly string[];
    userContext: UserContext;
  }): Promise<string[]>;
  mergeIntoAccessTokenPayload(input: {
    sessionHandle: string;
    accessTokenPayloadUpdate: JsonObject;
    /** Set when the update was fetched by an evaluation: then it gives way to what was written meanwhile. */
    fetched?: FetchedClaims | undefined;
    userContext: UserContext;
  }): Promise<boolean>;
  setClaimValue<T>(input: {
    sessionHandle: string;
    claim: SessionClaim<T>;
    value: T;
    userContext: UserContext;
  }): Promise<boolean>;
  getClaimValue<T>(input: {
    sessionHandle: string;
    claim: SessionClaim<T>;
    userContext: UserContext;
  }): Promise<ClaimValueResult<T>>;
  removeClaim(input: {
    sessionHandle: string;
    claim: SessionClaim<unknown>;
    userContext: UserContext;
  }): Promise<boolean>;
  fetchAndSetClaim(input: {
    sessionHandle: string;
    claim: SessionClaim<unknown>;
    userContext: UserContext;
  }): Promise<boolean>;
}
