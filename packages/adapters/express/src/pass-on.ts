import type { Next } from "./express-types.js";

/**
 * Calls `next` from a promise's callback, as if no promise stood between: what the rest of the application throws
 * synchronously is neither swallowed nor taken for an error of the session, and never an unhandled rejection.
 *
 * Express takes a falsy error for none, and the strings `route` and `router` for "skip": a guard that failed with one
 * of these must not open, so they arrive as the cause of an Error.
 *
 * @param failure absent when there is none; present, also as undefined, when something was thrown
 */
export function passOn(next: Next, ...failure: [] | [unknown]): void {
  try {
    if (failure.length === 0) next();
    else next(asError(failure[0]));
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

function asError(thrown: unknown): unknown {
  if (thrown && thrown !== "route" && thrown !== "router") return thrown;
  return new Error("something that is not an error was thrown while the session was being checked", {
    cause: thrown,
  });
}
