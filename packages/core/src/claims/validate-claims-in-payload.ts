import type { ClaimValidationError } from "../errors/session-error.js";
import { systemClock } from "../runtime/clock.js";
import type { JsonObject } from "../runtime/json.js";
import { checkValidators } from "./check-validators.js";
import type { SessionClaimValidator } from "./claim-validator.js";
import { failuresOfAll } from "./judge-validator.js";
import type { UserContext } from "./user-context.js";

/**
 * Judges a payload as it is: nothing is fetched, nothing is saved. For places where new tokens could not reach the
 * client: a WebSocket upgrade, server-side rendering, an edge middleware (claims.md O-16).
 *
 * @param options.now milliseconds since the epoch
 */
export async function validateClaimsInPayload(
  validators: readonly SessionClaimValidator[],
  payload: JsonObject,
  options: { readonly now?: number | undefined; readonly userContext?: UserContext | undefined } = {},
): Promise<{ status: "OK"; invalidClaims: readonly ClaimValidationError[] }> {
  checkValidators(validators, "validateClaimsInPayload()");
  const evaluation = { nowMs: options.now ?? systemClock.wallMs(), isJustFetched: () => false };
  return {
    status: "OK",
    invalidClaims: await failuresOfAll(validators, payload, options.userContext ?? {}, evaluation),
  };
}
