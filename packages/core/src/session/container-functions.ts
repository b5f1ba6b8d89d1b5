import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { UserContext } from "../claims/user-context.js";
import type { ClaimValidationError } from "../errors/session-error.js";
import type { JsonObject } from "../runtime/json.js";

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
  | { status: "OK"; invalidClaims: ClaimValidationError[] }
  | { status: "SESSION_DOES_NOT_EXIST_ERROR" };

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
    userContext: UserContext;
  }): Promise<RegeneratedSession | undefined>;
  validateClaims(input: {
    userId: string;
    recipeUserId: string;
    tenantId: string;
    sessionHandle: string | undefined;
    accessTokenPayload: JsonObject;
    claimValidators: readonly SessionClaimValidator[];
    userContext: UserContext;
  }): Promise<{ invalidClaims: ClaimValidationError[]; accessTokenPayloadUpdate?: JsonObject }>;
}
