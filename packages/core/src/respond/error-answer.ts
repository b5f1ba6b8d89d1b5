import type { AnySessionError } from "../errors/session-error.js";
import { jsonCopyable } from "../runtime/json.js";

/** What the client is told of an error, before any handler of the application. */
export interface ErrorAnswer {
  status: number;
  body: Record<string, unknown>;
  /** Whether the client's tokens are removed. */
  clearsTokens: boolean;
}

export interface ErrorStatuses {
  sessionExpired: number;
  invalidClaim: number;
}

/**
 * The answer of each type of error that concerns a client (wire-contract.md 1.5, security.md 2): a fixed text and
 * nothing else. Undefined for errors that are the developer's: the framework handles those.
 */
export function errorAnswer(error: AnySessionError, statuses: ErrorStatuses): ErrorAnswer | undefined {
  switch (error.type) {
    case "TRY_REFRESH_TOKEN":
      return { status: statuses.sessionExpired, body: { message: "try refresh token" }, clearsTokens: false };
    case "UNAUTHORISED":
      return {
        status: statuses.sessionExpired,
        body: { message: "unauthorised" },
        clearsTokens: error.payload.clearTokens !== false,
      };
    case "TOKEN_THEFT_DETECTED":
      return {
        status: statuses.sessionExpired,
        body: { message: "token theft detected" },
        clearsTokens: true,
      };
    case "INVALID_CLAIMS":
      return {
        status: statuses.invalidClaim,
        body: { message: "invalid claim", claimValidationErrors: jsonCopyable(error.payload) },
        clearsTokens: false,
      };
    case "CLEAR_DUPLICATE_SESSION_COOKIES":
      return {
        status: 200,
        body: { message: "duplicate session cookies were removed" },
        clearsTokens: false,
      };
    case "STORE_UNAVAILABLE":
      return { status: 503, body: { message: "session store unavailable" }, clearsTokens: false };
    case "RATE_LIMITED":
      return { status: 429, body: { message: "too many refreshes" }, clearsTokens: false };
    case "CSRF_REJECTED":
      return { status: 403, body: { message: "origin not allowed" }, clearsTokens: false };
    case "BAD_INPUT_ERROR":
      return { status: 400, body: { message: error.message }, clearsTokens: false };
    default:
      return undefined;
  }
}
