import { SessionError } from "./session-error.js";

export function tryRefreshToken(message: string): SessionError<"TRY_REFRESH_TOKEN"> {
  return new SessionError({ type: "TRY_REFRESH_TOKEN", message });
}

/** @param clearTokens whether the default answer removes the client's tokens; false for everything found on get (design.md decision 2) */
export function unauthorised(message: string, clearTokens: boolean): SessionError<"UNAUTHORISED"> {
  return new SessionError({ type: "UNAUTHORISED", message, payload: { clearTokens } });
}

export function invalidOption(option: string, message: string): SessionError<"INVALID_OPTION"> {
  return new SessionError({
    type: "INVALID_OPTION",
    message: `option \`${option}\`: ${message}`,
    payload: { option },
  });
}

export function invalidArgument(message: string): SessionError<"INVALID_ARGUMENT"> {
  return new SessionError({ type: "INVALID_ARGUMENT", message });
}

export function invalidPayload(message: string): SessionError<"INVALID_PAYLOAD"> {
  return new SessionError({ type: "INVALID_PAYLOAD", message });
}

export function storeUnavailable(message: string, retryAfterMs?: number): SessionError<"STORE_UNAVAILABLE"> {
  return new SessionError(
    retryAfterMs === undefined
      ? { type: "STORE_UNAVAILABLE", message }
      : { type: "STORE_UNAVAILABLE", message, retryAfterMs },
  );
}
