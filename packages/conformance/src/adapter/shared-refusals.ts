import { type AnySessionError, SessionError } from "@acme/session-core";
import { DRIVER_WORDS } from "./misbehaviour.js";

/** Errors of ours that many requests get at once, as those do that wait for one and the same promise. */
export class SharedRefusals {
  readonly #unauthorised = new SessionError({ type: "UNAUTHORISED", message: DRIVER_WORDS });
  readonly #unavailable = new SessionError({
    type: "STORE_UNAVAILABLE",
    message: DRIVER_WORDS,
    retryAfterMs: 7000,
  });
  readonly #before = this.#all().map(membersOf);

  get(type: string | null): AnySessionError {
    return type === "STORE_UNAVAILABLE" ? this.#unavailable : this.#unauthorised;
  }

  /** What has been put on them, changed or taken away since they were made, by name. */
  changes(): string[] {
    return this.#all().flatMap((error, index) => {
      const before = this.#before[index] ?? new Map();
      const after = membersOf(error);
      return [...new Set([...before.keys(), ...after.keys()])]
        .filter((name) => before.get(name) !== after.get(name))
        .map(String);
    });
  }

  #all(): AnySessionError[] {
    return [this.#unauthorised, this.#unavailable];
  }
}

/** Each member by its value; of one that computes it, by what computes it. */
function membersOf(error: Error): Map<PropertyKey, unknown> {
  const members = Object.getOwnPropertyDescriptors(error) as Record<PropertyKey, PropertyDescriptor>;
  return new Map(Reflect.ownKeys(members).map((name) => [name, members[name]?.get ?? members[name]?.value]));
}
