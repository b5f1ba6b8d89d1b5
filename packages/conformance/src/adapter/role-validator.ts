import type { JsonObject, SessionClaimValidator } from "@acme/session-core";

/** Asks for a role in the payload's `role`; says no with a reason, as the validators of claims do. */
export function needsRole(role: string, id = "role"): SessionClaimValidator {
  return {
    id,
    validate: (payload: JsonObject) =>
      payload.role === role
        ? { isValid: true }
        : { isValid: false, reason: { message: "wrong value", expectedValue: role } },
  };
}

/** Id of the validator whose failure the application answers itself. */
export const ANSWERED_BY_THE_APP = "answered-by-the-app";
