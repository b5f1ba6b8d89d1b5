import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { FetchedClaims } from "../claims/merge-claim-patch.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import type { ClaimValidationError } from "../errors/session-error.js";
import type { JsonObject } from "../runtime/json.js";
import type { Maybe } from "../runtime/maybe.js";

/** What the store knows of a session, without tokens or hashes. */
export interface SessionInformation {
  sessionHandle: string;
  userId: string;
  recipeUserId: string;
  tenantId: string;
  /** Server-only data. */
  sessionData: JsonObject;
  /** The application's part of the access token payload, `iss` included. */
  customClaimsInAccessTokenPayload: JsonObject;
  /** Milliseconds since the epoch. */
  timeCreated: number;
  /** Milliseconds since the epoch: when the session dies if it is never refreshed again. */
  expiry: number;
}

/** All tokens of a session, as they stand now. Handle with care. */
export interface SessionTokens {
  accessToken: string;
  /** Only after create and refresh. */
  refreshToken: string | undefined;
  frontToken: string;
  antiCsrfToken: string | undefined;
  /** Whether access and front token are new in this request, and have to reach the client. */
  accessAndFrontTokenUpdated: boolean;
}

export type ClaimValueResult<T> =
  | { status: "OK"; value: T | undefined }
  | { status: "SESSION_DOES_NOT_EXIST_ERROR" };

export type ClaimValidationForHandle =
  | { status: "OK"; invalidClaims: readonly ClaimValidationError[] }
  | { status: "SESSION_DOES_NOT_EXIST_ERROR" };

/** What {@link ContainerFunctions.validateClaims} found. */
export interface ValidatedClaims {
  invalidClaims: readonly ClaimValidationError[];
  /** What was fetched, to be merged into the session. */
  accessTokenPayloadUpdate?: JsonObject | undefined;
  /** The claims that the update is of. */
  fetchedClaims?: readonly SessionClaim<unknown>[] | undefined;
  /** What was fetched for this request only. */
  requestValues?: JsonObject | undefined;
}

/** What {@link SessionFunctions.regenerateAccessToken} returns. */
export interface RegeneratedSession {
  status: "OK";
  session: {
    handle: string;
    userId: string;
    recipeUserId: string;
    tenantId: string;
    userDataInJWT: JsonObject;
  };
  /** Absent when the old one had expired meanwhile. */
  accessToken?: { token: string; expiry: number; createdTime: number };
}

/** The functions a session container calls. They know of no container, so that it can stand above them. */
export interface ContainerFunctions {
  getSessionInformation(input: {
    sessionHandle: string;
    userContext: UserContext;
  }): Promise<SessionInformation | undefined>;
  revokeSession(input: { sessionHandle: string; userContext: UserContext }): Promise<boolean>;
  updateSessionData(input: {
    sessionHandle: string;
    newSessionData: JsonObject;
    userContext: UserContext;
  }): Promise<boolean>;
  /** Patches the row and mints from the result. The token is only decoded: the caller has verified it. */
  regenerateAccessToken(input: {
    accessToken: string;
    accessTokenPayloadUpdate: JsonObject;
    /** Set when the update was fetched by an evaluation: then it gives way to what was written meanwhile. */
    fetched?: FetchedClaims | undefined;
    userContext: UserContext;
  }): Promise<RegeneratedSession | undefined>;
  /** Judges a payload and fetches what is due; saves nothing. Not a promise as long as there is nothing to wait for. */
  validateClaims(input: {
    userId: string;
    recipeUserId: string;
    tenantId: string;
    sessionHandle: string | undefined;
    /** The whole payload, or the application's part of it. */
    accessTokenPayload: JsonObject;
    /** Values of request-mode claims that were fetched for this request before. */
    requestValues?: JsonObject | undefined;
    claimValidators: readonly SessionClaimValidator[];
    userContext: UserContext;
  }): Maybe<ValidatedClaims>;
}
