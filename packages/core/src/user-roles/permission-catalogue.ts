import { grantCovers, isPattern } from "../claims/grants.js";
import { invalidArgument } from "../errors/throwers.js";

/** All permissions an application knows, as literal types. */
export interface PermissionCatalogue<P extends string = string> {
  readonly permissions: readonly P[];
}

/**
 * Lists every permission once, so that the compiler knows them and patterns can be expanded (claims.md O-43).
 *
 * @throws SessionError `INVALID_ARGUMENT` for an empty name or one with `*`
 */
export function definePermissions<const P extends string>(permissions: readonly P[]): PermissionCatalogue<P> {
  if (!Array.isArray(permissions)) throw invalidArgument("definePermissions() takes a list of permissions");
  for (const permission of permissions) {
    if (typeof permission !== "string" || permission.trim() !== permission || permission === "") {
      throw invalidArgument("a permission is a non-empty string without spaces around it");
    }
    if (permission.includes("*"))
      throw invalidArgument(`\`${permission}\`: the catalogue holds permissions, not patterns`);
  }
  return Object.freeze({ permissions: Object.freeze([...new Set(permissions)]) });
}

/** @throws SessionError `INVALID_ARGUMENT` for `po*` and the like, which would never match what they seem to */
export function checkGrant(granted: string): void {
  if (granted.split(":").some((segment) => segment.includes("*") && segment !== "*")) {
    throw invalidArgument(`\`${granted}\`: \`*\` stands for a whole segment, as in \`posts:*\``);
  }
}

/** Patterns replaced by the permissions they cover; order and duplicates as in the catalogue. */
export function expandGrants(
  granted: readonly string[],
  catalogue: PermissionCatalogue | undefined,
): string[] {
  if (catalogue === undefined) return [...granted];
  const patterns = granted.filter(isPattern);
  if (patterns.length === 0) return [...granted];
  const covered = catalogue.permissions.filter((permission) =>
    patterns.some((pattern) => grantCovers(pattern, permission)),
  );
  return [...new Set([...granted.filter((grant) => !isPattern(grant)), ...covered])].sort();
}
