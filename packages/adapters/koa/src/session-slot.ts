import type { SessionContainer } from "@acme/session-core";
import { invalidOption } from "@acme/session-core/adapter";
import type { KoaContext } from "./koa-types.js";

type Slots = Record<PropertyKey, unknown>;

/**
 * Where `verifySession` puts the session: `ctx.state.session`, and `ctx.session` unless that belongs to somebody else.
 * Assigning to koa-session's would write our session into its cookie.
 */
export class SessionSlot {
  readonly #property: string;
  /** Where Node's request remembers what was put there: ours may be replaced, anybody else's may not. */
  readonly #mark = Symbol("acme.session.slot");

  constructor(property: string | undefined) {
    this.#property = property ?? "session";
  }

  /** @throws SessionError `INVALID_OPTION` when `ctx.state` has something of somebody else there */
  assertFree(ctx: KoaContext): void {
    const value = (ctx.state as Slots)[this.#property];
    if (value === undefined || value === (ctx.req as Slots)[this.#mark]) return;
    throw invalidOption(
      "property",
      `ctx.state.${this.#property} is used by something else; leave it to that and choose another name, createSession({ property: "auth" }): the session is then ctx.auth and ctx.state.auth, and Session.of(ctx) as ever`,
    );
  }

  put(ctx: KoaContext, session: SessionContainer | undefined): void {
    const state = ctx.state as Slots;
    const slots = ctx as KoaContext & Slots;
    const marks = ctx.req as Slots;
    const isOurs =
      !(this.#property in ctx) || (this.#mark in marks && slots[this.#property] === marks[this.#mark]);
    marks[this.#mark] = session;
    state[this.#property] = session;
    if (isOurs) slots[this.#property] = session;
  }
}
