import type { FetchingClaimValidator } from "../claims/claim-validator.js";
import { grantCovers, isPattern } from "../claims/grants.js";
import { PrimitiveArrayClaim, type PrimitiveArrayValidators } from "../claims/primitive-array-claim.js";
import type { StampedClaimConfig } from "../claims/stamped-claim.js";
import { invalidArgument } from "../errors/throwers.js";

/** Roles of the user in the session's tenant. */
export class UserRoleClaim<R extends string = string> extends PrimitiveArrayClaim<R> {}

/**
 * Permissions of the user in the session's tenant. Patterns that could not be expanded, for want of a catalogue, are
 * matched here; a required permission is never a pattern.
 */
export class PermissionClaim<P extends string = string> extends PrimitiveArrayClaim<P> {
  constructor(config: StampedClaimConfig<P[]>) {
    super(config, (list, permission) => list.some((granted) => grantCovers(granted, permission)));
    const { includes, excludes, includesAll, includesAny, excludesAll } = this.validators;
    const one =
      (make: PrimitiveArrayValidators<P>["includes"]) =>
      (permission: P, maxAge?: number, id?: string): FetchingClaimValidator =>
        make(literal(permission), maxAge, id);
    const many =
      (make: PrimitiveArrayValidators<P>["includesAll"]) =>
      (permissions: readonly P[], maxAge?: number, id?: string): FetchingClaimValidator =>
        make(Array.isArray(permissions) ? permissions.map(literal) : permissions, maxAge, id);
    Object.assign(this.validators, {
      includes: one(includes),
      excludes: one(excludes),
      includesAll: many(includesAll),
      includesAny: many(includesAny),
      excludesAll: many(excludesAll),
    } satisfies Omit<PrimitiveArrayValidators<P>, "matches">);
  }
}

function literal<P extends string>(permission: P): P {
  if (typeof permission === "string" && isPattern(permission)) {
    throw invalidArgument(`\`${permission}\`: patterns are for granting; a required permission is a literal`);
  }
  return permission;
}
