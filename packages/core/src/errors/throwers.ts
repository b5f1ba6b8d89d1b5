import { SessionError, type SessionErrorInit, type SessionErrorType } from "./session-error.js";

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

/**
 * What several requests wait for. Each gets an error of ours as an object of its own: frameworks, and tools that report
 * errors, put marks on what they have seen.
 */
export function shared<T>(promise: Promise<T>): Promise<T> {
  return promise.catch((error: unknown) => {
    if (!SessionError.is(error)) throw error;
    const { message, cause, stack } = error;
    const own = new SessionError({ ...error, message, cause } as SessionErrorInit<SessionErrorType>);
    if (stack !== undefined) own.stack = stack;
    throw own;
  });
}
