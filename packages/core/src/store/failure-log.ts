import type { SafeLogger } from "../runtime/logger.js";
import { OnceAMinute } from "../runtime/once-a-minute.js";
import type { StoreFailure } from "./store-guard.js";

/**
 * Tells the operator why a store does not serve: one line per cause and minute, however many requests meet it. A mistake
 * that somebody has to mend is an error, an outage a warning.
 */
export class FailureLog {
  readonly #lines: OnceAMinute;

  constructor(
    private readonly logger: SafeLogger,
    monoMs: () => number,
  ) {
    this.#lines = new OnceAMinute(monoMs);
  }

  write({ store, operation, cause }: StoreFailure): void {
    const code = cause.code ?? cause.name;
    const times = this.#lines.ask(`${store} ${code} ${cause.message}`);
    if (times === undefined) return;
    const [happened, outlook] = cause.isPermanent
      ? [
          "cannot be used",
          "This does not pass by itself: until it is mended, what needs the store is answered 503",
        ]
      : ["does not answer", "Until it does, what needs the store is answered 503, and nobody is signed out"];
    const parts = [
      `The ${store} store ${happened} (${operation}: ${code}): ${cause.message.replace(/\.$/, "")}.`,
      ...(cause.advice === undefined ? [] : [cause.advice]),
      `${outlook}.`,
      ...(times > 0 ? [`(${times} more since this was last said)`] : []),
    ];
    const line = parts.join(" ");
    if (cause.isPermanent) this.logger.error(line);
    else this.logger.warn(line);
  }
}
