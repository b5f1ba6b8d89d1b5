import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";
import type { LambdaEvent } from "./lambda-event.js";

/**
 * Where `verifySession` puts the session: on a copy of the event, which may be frozen, and not enumerably, so that an
 * event that is logged or sent on does not take the session along.
 */
export class SessionSlot {
  readonly #property: string;
  readonly #copies = new WeakSet<object>();

  constructor(property: string | undefined) {
    this.#property = property ?? "session";
  }

  /** @throws SessionError `INVALID_OPTION` when the event has something of somebody else there */
  copyOf<E extends LambdaEvent>(event: E, session: SessionContainer | undefined): E {
    if (this.#property in event && !this.#copies.has(event)) {
      throw invalidOption(
        "property",
        `event.${this.#property} is used by something else; leave it to that and choose another name, createSession({ property: "auth" }): the session is then event.auth, and Session.of(event) as ever`,
      );
    }
    const copy = { ...event };
    Object.defineProperty(copy, this.#property, { get: () => session, configurable: true });
    this.#copies.add(copy);
    return copy;
  }
}
