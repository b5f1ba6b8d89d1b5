/**
 * Calls something of the application's whose answer nobody waits for: a listener, a logger. Whatever it does (throws,
 * returns a promise that rejects or never settles, a thenable that throws), the caller goes on, and the process lives.
 *
 * @param failed gets what was thrown, or what the promise rejected with; must not throw
 */
export function callAside(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Whether the answer of a callback is a promise, of whatever make. Looking may throw: a getter is code too. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
