import type { JsonObject, JsonValue } from "../runtime/json.js";
import type { SessionClaimValidator } from "./claim-validator.js";
import type { SessionClaim } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** What claims need of a session. */
export interface ClaimSession {
  getHandle(): string;
  getUserId(): string;
  getRecipeUserId(): { getAsString(): string };
  getTenantId(): string;
  getAccessTokenPayload(): JsonObject;
  assertClaims(validators: readonly SessionClaimValidator[], userContext?: UserContext): Promise<void>;
  fetchAndSetClaim(claim: SessionClaim<unknown>, userContext?: UserContext): Promise<void>;
  setClaimValue<T>(claim: SessionClaim<T>, value: T, userContext?: UserContext): Promise<void>;
  mergeClaimEntry(claim: SessionClaim<unknown>, entry: JsonValue, userContext?: UserContext): Promise<void>;
}

/**
 * An endpoint that a claim brings, below the API's base path. It runs with a session that no validator has judged: such
 * endpoints are there to put claims right.
 */
export interface ClaimEndpoint {
  readonly method: "GET" | "POST" | "PUT";
  /** e.g. `/user/email/verify`; a tenant id may stand in front of it. */
  readonly path: string;
  /** Whether a request without a session is refused (401). */
  readonly sessionRequired: boolean;
  /** @returns the body of the 200, as JSON */
  handle(input: {
    /** Absent only where `sessionRequired` is false. */
    readonly session: ClaimSession | undefined;
    /** The JSON body; `undefined` when there is none. */
    body(): Promise<unknown>;
    readonly userContext: UserContext;
    /** Milliseconds since the epoch. */
    readonly nowMs: number;
  }): Promise<JsonObject>;
}
