/** How long a request waits for a callback of the application that returns a promise, in milliseconds. */
export const PATIENCE_MS = 15_000;

/** A callback of the application has kept a request waiting for too long. */
export class PatienceError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * What a callback of the application brings, if it does so before the request has waited for {@link PATIENCE_MS}. What
 * comes later, a rejection too, is ignored.
 *
 * @param what names the callback
 * @throws PatienceError
 */
export async function patiently<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PatienceError(`${what} has not settled within ${PATIENCE_MS / 1000} s`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
