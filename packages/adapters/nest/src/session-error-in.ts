import { type AnySessionError, SessionError } from "@acme/session-core";

/**
 * The error of ours in something that was thrown. Nest 12 wraps what middleware hands to `next(err)` into an exception of
 * its own, with the error as its cause.
 */
export function sessionErrorIn(thrown: unknown): AnySessionError | undefined {
  if (SessionError.is(thrown)) return thrown;
  if (!(thrown instanceof Error) || !("getStatus" in thrown)) return undefined;
  return SessionError.is(thrown.cause) ? thrown.cause : undefined;
}
