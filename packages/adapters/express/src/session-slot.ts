import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";

const OURS = Symbol.for("acme.session.slot");

/**
 * The request's property that holds the session. One that another library owns is never taken over: under
 * express-session that would hang the request.
 */
export class SessionSlot {
  readonly #property: string;

  constructor(property: string | undefined) {
    if (property !== undefined && (typeof property !== "string" || property === "")) {
      throw invalidOption("property", "must be the name of a property");
    }
    this.#property = property ?? "session";
  }

  /** @throws SessionError `INVALID_OPTION` when the property belongs to somebody else */
  assertFree(req: object): void {
    const slots = req as Record<PropertyKey, unknown>;
    const isOurs = slots[OURS] === this.#property;
    const descriptor = Object.getOwnPropertyDescriptor(req, this.#property);
    if (isOurs || descriptor === undefined) return;
    if (descriptor.get === undefined && descriptor.value === undefined) return;
    throw invalidOption(
      "property",
      `req.${this.#property} belongs to another library (express-session?); choose another name, e.g. createSession({ property: "auth" }), or read the session with Session.of(req)`,
    );
  }

  put(req: object, session: SessionContainer | undefined): void {
    const slots = req as Record<PropertyKey, unknown>;
    Object.defineProperty(req, OURS, { value: this.#property, configurable: true });
    slots[this.#property] = session;
  }
}
