import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";
import type { FastifyRequestLike } from "./fastify-types.js";

/** The request's property that holds the session. One that another plugin owns is never taken over. */
export class SessionSlot {
  readonly property: string;
  /** What was put where, by Node's request: ours may be replaced, anybody else's may not. */
  readonly #placed = new WeakMap<object, SessionContainer | undefined>();

  constructor(property: string | undefined) {
    if (property !== undefined && (typeof property !== "string" || property === "")) {
      throw invalidOption("property", "must be the name of a property");
    }
    this.property = property ?? "session";
  }

  /** @throws SessionError `INVALID_OPTION` when the property belongs to somebody else */
  assertFree(request: FastifyRequestLike): void {
    const present = slots(request)[this.property];
    if (present === undefined || present === null || present === this.#placed.get(request.raw)) return;
    throw this.isTaken();
  }

  put(request: FastifyRequestLike, session: SessionContainer | undefined): void {
    this.#placed.set(request.raw, session);
    slots(request)[this.property] = session;
  }

  isTaken() {
    return invalidOption(
      "property",
      `request.${this.property} belongs to another plugin (@fastify/session?); choose another name, e.g. createSession({ property: "auth" }), or read the session with Session.of(request)`,
    );
  }
}

function slots(request: FastifyRequestLike): Record<string, unknown> {
  return request as unknown as Record<string, unknown>;
}
