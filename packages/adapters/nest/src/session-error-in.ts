import { type AnySessionError, SessionError } from "@acme/session-core";

/** On an error that stands for one of ours, its cause. */
const ANSWER = Symbol.for("acme.session.nest.answer");

/** @returns the same error, in which {@link sessionErrorIn} finds ours */
export function markAsAnswer<E extends Error>(error: E): E {
  return Object.defineProperty(error, ANSWER, { value: true });
}

/**
 * The error of ours in something that was thrown. Nest 12 wraps what middleware hands to `next(err)` into an exception of
 * its own, with the error as its cause; so does our guard in GraphQL.
 */
export function sessionErrorIn(thrown: unknown): AnySessionError | undefined {
  if (SessionError.is(thrown)) return thrown;
  if (!(thrown instanceof Error) || !("getStatus" in thrown || ANSWER in thrown)) return undefined;
  return SessionError.is(thrown.cause) ? thrown.cause : undefined;
}
