/**
 * What a store says in its own words. The engine shows the text to the operator, in its log and in `error.cause`, where
 * the text of any other error is kept back: it could hold values. So it must not hold any, nor a password.
 */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  /** Whether it is a mistake that somebody has to mend, not an outage that passes by itself. */
  readonly isPermanent: boolean;

  constructor(message: string, options: { isPermanent?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.isPermanent = options.isPermanent ?? false;
  }
}
