import type { JsonObject, JsonValue } from "../runtime/json.js";
import type { UserContext } from "./user-context.js";

/** What a claim may look at when it fetches its value. The same at every call site. */
export interface ClaimFetchContext {
  readonly userId: string;
  readonly recipeUserId: string;
  readonly tenantId: string;
  /** Absent while the session is being created. */
  readonly sessionHandle: string | undefined;
  /** The application's part of the payload, frozen. */
  readonly currentPayload: JsonObject;
  /** Aborted when the fetch takes longer than the claim allows. */
  readonly signal: AbortSignal;
  readonly userContext: UserContext;
}

/**
 * A named fact about the user: fetched from a source of truth, kept in the access token under one top-level key,
 * checked by validators without I/O. A claim knows how to fetch, write, read and erase itself; validators only read.
 */
export abstract class SessionClaim<T> {
  /** @param key top-level key in the payload; never a reserved claim name */
  constructor(readonly key: string) {}

  /** The current value. `undefined` leaves the payload alone; every other value, `null` included, is written. */
  abstract fetchValue(context: ClaimFetchContext): T | undefined | Promise<T | undefined>;

  /** @param nowMs milliseconds since the epoch; stamped on the value where the claim keeps its age */
  abstract addToPayload(payload: JsonObject, value: T, nowMs: number): JsonObject;

  abstract getValueFromPayload(payload: JsonObject): T | undefined;

  /** A copy without the claim. */
  removeFromPayload(payload: JsonObject): JsonObject {
    return Object.fromEntries(Object.entries(payload).filter(([key]) => key !== this.key));
  }

  /** A merge patch that erases the claim. */
  removeFromPayloadByMerge(payload: JsonObject): JsonObject {
    return { ...payload, [this.key]: null };
  }

  /** A patch with the freshly fetched value; `{}` when there is none. */
  async build(context: ClaimFetchContext, nowMs: number): Promise<JsonObject> {
    const value = await this.fetchValue(context);
    return value === undefined ? {} : this.addToPayload({}, value, nowMs);
  }
}

/** What claims of the three base classes keep in the payload: value, and time of the fetch in milliseconds. */
export interface StampedValue {
  v: JsonValue;
  t: number;
}
