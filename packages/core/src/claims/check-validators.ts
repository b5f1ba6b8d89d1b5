import { invalidArgument } from "../errors/throwers.js";
import type { SessionClaimValidator } from "./claim-validator.js";
import { SessionClaim } from "./session-claim.js";

/**
 * Refuses what is no validator, so that a slip can never pass for "nothing to check" (claims.md O-7).
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function checkValidators(
  validators: unknown,
  where: string,
): asserts validators is readonly SessionClaimValidator[] {
  if (!Array.isArray(validators)) throw invalidArgument(`${where} must give a list of claim validators`);
  for (const validator of validators) checkValidator(validator);
}

function checkValidator(validator: unknown): void {
  const given = (typeof validator === "object" && validator !== null ? validator : {}) as Partial<
    Record<keyof SessionClaimValidator | "combine", unknown>
  >;
  const { id, validate, claim, shouldRefetch, children } = given;
  if (typeof id !== "string" || typeof validate !== "function") {
    const name = typeof id === "string" ? `\`${id}\`` : "without an id";
    throw invalidArgument(
      `the claim validator ${name} is not a validator: it needs an id and a validate function`,
    );
  }
  if (children !== undefined && !Array.isArray(children)) {
    throw invalidArgument(`the claim validator \`${id}\`: children are made by allOf, anyOf and not`);
  }
  if (claim === undefined) return;
  if (!isClaim(claim)) throw invalidArgument(`the claim validator \`${id}\`: \`claim\` is not a claim`);
  if (typeof shouldRefetch !== "function") {
    throw invalidArgument(`the claim validator \`${id}\` has a claim, so it needs a shouldRefetch function`);
  }
}

/**
 * Refuses what is no claim, where one is an argument.
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function checkClaim(claim: unknown): void {
  if (isClaim(claim) && typeof (claim as SessionClaim<unknown>).addToPayload === "function") return;
  throw invalidArgument(
    "this takes a claim, as `defineClaim({ … })` makes one, and not its key or its value",
  );
}

/** By its shape: two copies of this package know each other's claims. */
export function isClaim(value: unknown): boolean {
  if (value instanceof SessionClaim) return true;
  const claim = value as Partial<SessionClaim<unknown>> | null;
  return (
    typeof claim === "object" && typeof claim?.key === "string" && typeof claim.fetchValue === "function"
  );
}
