import type { JsonObject } from "../runtime/json.js";
import type { AccessTokenPayload } from "./access-token.js";

/**
 * The JSON behind the `front-token` header, which tells script in the browser what the HttpOnly token says
 * (wire-contract.md 1.6): user id, expiry in milliseconds, and the whole payload, nulls included.
 */
export function frontTokenJson(payload: AccessTokenPayload): string {
  return JSON.stringify({ uid: payload.sub, ate: payload.exp * 1000, up: payload as JsonObject });
}

/** The header's value that tells the client to forget the session. */
export const FRONT_TOKEN_REMOVE = "remove";
