import { invalidArgument } from "../errors/throwers.js";
import { isPlainObject, type JsonObject, ownMember } from "../runtime/json.js";
import type { SessionClaimValidator } from "./claim-validator.js";
import { allOf } from "./combinators.js";
import { grantCovers, isPattern } from "./grants.js";
import { verdictOf } from "./judge-validator.js";
import { PrimitiveArrayClaim } from "./primitive-array-claim.js";
import type { SessionClaim } from "./session-claim.js";

/** Keys of the payload under which roles and permissions travel; the browser's SDK reads them. */
export const ROLE_KEY = "st-role";
export const PERMISSION_KEY = "st-perm";

/** What a session must have; everything that is given must hold. */
export interface AuthorizationQuestion<P extends string = string, R extends string = string> {
  role?: R | undefined;
  permission?: P | undefined;
  /** At least one of these. */
  anyPermission?: readonly P[] | undefined;
  allPermissions?: readonly P[] | undefined;
  /** Any rule over any claim. */
  claim?: SessionClaimValidator | undefined;
}

const DIMENSIONS: ReadonlySet<string> = new Set<keyof AuthorizationQuestion>([
  "role",
  "permission",
  "anyPermission",
  "allPermissions",
  "claim",
]);

/**
 * Answers from the payload alone, at once. Whatever is missing, malformed or not known is a "no": an empty question, an
 * empty list, a dimension that does not exist, a pattern, a rule that needs a promise (claims.md O-46).
 */
export function isAuthorized(payload: JsonObject, question: AuthorizationQuestion, nowMs: number): boolean {
  if (!isPlainObject(question)) return false;
  const given = Object.entries(question).filter(([, wanted]) => wanted !== undefined);
  return given.length > 0 && given.every(([dimension, wanted]) => holds(payload, dimension, wanted, nowMs));
}

function holds(payload: JsonObject, dimension: string, wanted: unknown, nowMs: number): boolean {
  switch (dimension) {
    case "role":
      return isName(wanted) && listIn(payload, ROLE_KEY).includes(wanted);
    case "permission":
      return isCovered(payload, wanted);
    case "anyPermission":
      return isNonEmptyList(wanted) && wanted.some((permission) => isCovered(payload, permission));
    case "allPermissions":
      return isNonEmptyList(wanted) && wanted.every((permission) => isCovered(payload, permission));
    case "claim":
      return passes(payload, wanted as SessionClaimValidator, nowMs);
    default:
      return false;
  }
}

function isCovered(payload: JsonObject, permission: unknown): boolean {
  return (
    isName(permission) &&
    !isPattern(permission) &&
    listIn(payload, PERMISSION_KEY).some((granted) => grantCovers(granted, permission))
  );
}

function passes(payload: JsonObject, validator: SessionClaimValidator, nowMs: number): boolean {
  try {
    const verdict = verdictOf(validator, payload, {}, { nowMs, isJustFetched: () => false });
    if (verdict instanceof Promise) verdict.catch(() => "no");
    return verdict === "yes";
  } catch {
    return false;
  }
}

/** Malformed entries, and lists with anything but texts in them, count as empty. */
function listIn(payload: JsonObject, key: string): string[] {
  const entry = ownMember(payload, key);
  const value = isPlainObject(entry) ? entry.v : undefined;
  return Array.isArray(value) && value.every((member) => typeof member === "string") ? value : [];
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isNonEmptyList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

/**
 * The same question as validators, which may fetch.
 *
 * @param claimOf the claim that the instance has registered under a key
 * @throws SessionError `INVALID_ARGUMENT` for a question that could only be answered by no, and where roles are asked for
 *         without `createUserRoles()`
 */
export function validatorsOf(
  question: AuthorizationQuestion,
  claimOf: (key: string) => SessionClaim<unknown> | undefined,
): SessionClaimValidator[] {
  if (!isPlainObject(question as unknown))
    throw invalidArgument("authorize() takes an object: { role, permission, … }");
  const given = Object.keys(question).filter(
    (key) => question[key as keyof AuthorizationQuestion] !== undefined,
  );
  if (given.length === 0) throw invalidArgument("authorize() needs at least one of role, permission, …");
  for (const key of given) {
    if (!DIMENSIONS.has(key)) throw invalidArgument(`authorize() knows no \`${key}\`; check the spelling`);
  }
  const { role, permission, anyPermission, allPermissions, claim } = question;
  const listClaim = (key: string): PrimitiveArrayClaim<string> => {
    const found = claimOf(key);
    if (found instanceof PrimitiveArrayClaim) return found;
    throw invalidArgument("authorize() needs roles: `createSession({ plugins: [createUserRoles()] })`");
  };
  return [
    ...(role === undefined ? [] : [listClaim(ROLE_KEY).validators.includes(role)]),
    ...(permission === undefined ? [] : [listClaim(PERMISSION_KEY).validators.includes(permission)]),
    ...(anyPermission === undefined ? [] : [listClaim(PERMISSION_KEY).validators.includesAny(anyPermission)]),
    ...(allPermissions === undefined
      ? []
      : [listClaim(PERMISSION_KEY).validators.includesAll(nonEmpty(allPermissions))]),
    ...(claim === undefined ? [] : [allOf(claim)]),
  ];
}

function nonEmpty(list: readonly string[]): readonly string[] {
  if (list.length === 0) throw invalidArgument("`allPermissions` must not be empty");
  return list;
}
