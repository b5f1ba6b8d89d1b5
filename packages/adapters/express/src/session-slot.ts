import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";

/**
 * The request's property that holds the session. One that another library owns is never taken over: under
 * express-session that would hang the request.
 */
export class SessionSlot {
  readonly #property: string;
  /** Where a request remembers what was put there: ours may be replaced, anybody else's may not. */
  readonly #mark = Symbol("acme.session.slot");

  constructor(property: string | undefined) {
    this.#property = property ?? "session";
  }

  /**
   * @param current the session of this request, which the application may have put there itself
   * @throws SessionError `INVALID_OPTION` when the property belongs to somebody else
   */
  assertFree(req: object, current: SessionContainer | undefined): void {
    if (!(this.#property in req)) return;
    const owned = Object.getOwnPropertyDescriptor(req, this.#property);
    // An accessor's owner answers for it when it is read: express-session's and cookie-session's must not be.
    if (owned !== undefined && owned.get === undefined && owned.set === undefined) {
      const value: unknown = owned.value;
      if (value === undefined || value === current || value === (req as Slots)[this.#mark]) return;
    }
    throw invalidOption(
      "property",
      `req.${this.#property} belongs to another library (express-session, Passport's?); leave it to that one and choose another name, createSession({ property: "auth" }): the session is then req.auth, and Session.of(req) as ever`,
    );
  }

  put(req: object, session: SessionContainer | undefined): void {
    const slots = req as Slots;
    slots[this.#mark] = session;
    slots[this.#property] = session;
  }
}

type Slots = Record<PropertyKey, unknown>;
