import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";
import type { FastifyInstance } from "fastify";
import type { FastifyRequestLike } from "./fastify-types.js";

/** The request's property that holds the session. One that another plugin owns is never taken over. */
export class SessionSlot {
  readonly property: string;
  /**
   * Where Node's request remembers what was put there: ours may be replaced, anybody else's may not. Not a WeakMap: its
   * entries survive young collections, and every request with them, which costs more than all the rest of the guard.
   */
  readonly #mark = Symbol("acme.session.slot");

  constructor(property: string | undefined) {
    this.property = property ?? "session";
  }

  /** @throws SessionError `INVALID_OPTION` when the property belongs to somebody else */
  assertFree(request: FastifyRequestLike): void {
    const present = slots(request)[this.property];
    if (present === undefined || present === null || present === slots(request.raw)[this.#mark]) return;
    throw this.#isTaken();
  }

  put(request: FastifyRequestLike, session: SessionContainer | undefined): void {
    slots(request.raw)[this.#mark] = session;
    slots(request)[this.property] = session;
  }

  /** @throws SessionError `INVALID_OPTION` when the property has an owner here already, be it another instance of ours */
  claim(app: FastifyInstance): void {
    const ours = Symbol.for(`acme.session.${this.property}`);
    if (app.hasDecorator(ours)) {
      throw invalidOption(
        "property",
        `request.${this.property} is a session already: Session.plugin is registered twice here; register it once, around all that needs it. Another instance needs another name: createSession({ property: "auth" })`,
      );
    }
    if (app.hasRequestDecorator(this.property)) throw this.#isTaken();
    app.decorate(ours, true);
    app.decorateRequest(this.property, null);
  }

  #isTaken() {
    return invalidOption(
      "property",
      `request.${this.property} belongs to another plugin (@fastify/session?); leave it to that one and choose another name, createSession({ property: "auth" }): the session is then request.auth, and Session.of(request) as ever`,
    );
  }
}

function slots(holder: object): Record<PropertyKey, unknown> {
  return holder as Record<PropertyKey, unknown>;
}
