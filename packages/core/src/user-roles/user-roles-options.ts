import { invalidOption } from "../errors/throwers.js";
import type { RoleStore } from "../store/role-store.js";
import type { SessionStore } from "../store/session-store.js";
import type { PermissionCatalogue } from "./permission-catalogue.js";
import type { RoleFunctions } from "./role-functions.js";

/**
 * How soon a change of roles reaches sessions that are live.
 *
 * - `"none"` (also `"lazy"`): not by itself.
 * - `"refresh"`: with the session's next refresh.
 * - `"push"` (default): the rows are changed at once; tokens follow with the next refresh, or on routes with `checkDatabase`.
 * - `"epoch"`: with the next request, at the price of one small read per request.
 * - `"strict"`: every request reads roles and permissions from their source.
 */
export type RolePropagation = "none" | "lazy" | "refresh" | "push" | "epoch" | "strict";

const PROPAGATIONS: readonly RolePropagation[] = ["none", "lazy", "refresh", "push", "epoch", "strict"];

export interface UserRolesOptions<P extends string = string> {
  /** Whether new sessions start without `st-role`. A route that asks for a role still fetches it. Default false. */
  readonly skipAddingRolesToAccessToken?: boolean | undefined;
  /** The same for `st-perm`. Default false. */
  readonly skipAddingPermissionsToAccessToken?: boolean | undefined;
  /** Every permission there is; see `definePermissions`. Granted patterns are expanded against it. */
  readonly permissions?: PermissionCatalogue<P> | undefined;
  /** `"request"` keeps permissions out of tokens: they are read for each request that needs them. Default `"token"`. */
  readonly permissionMode?: "token" | "request" | undefined;
  /** Whether `st-role` holds the roles a user was given, or also those they inherit from. Default `"direct"`. */
  readonly roleClaim?: "direct" | "effective" | undefined;
  /** Default `"push"`. */
  readonly propagation?: RolePropagation | undefined;
  /** Above this many sessions a change of a role's permissions is not pushed any more. Default 10 000. */
  readonly maxPushedSessions?: number | undefined;
  /** Where roles are kept; in the instance's namespace, if it has one. Default: the session store's own. */
  readonly store?: RoleStore | SessionStore | undefined;
  readonly override?:
    | { readonly functions?: ((original: RoleFunctions) => RoleFunctions) | undefined }
    | undefined;
}

const NAMES: ReadonlySet<string> = new Set<keyof UserRolesOptions>([
  "skipAddingRolesToAccessToken",
  "skipAddingPermissionsToAccessToken",
  "permissions",
  "permissionMode",
  "roleClaim",
  "propagation",
  "maxPushedSessions",
  "store",
  "override",
]);

/** @throws SessionError `INVALID_OPTION` */
export function checkUserRolesOptions(options: UserRolesOptions): void {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name))
      throw invalidOption(`createUserRoles.${name}`, "there is no such option; check the spelling");
  }
  const { propagation, permissions, permissionMode, roleClaim, maxPushedSessions } = options;
  if (propagation !== undefined && !PROPAGATIONS.includes(propagation)) {
    throw invalidOption("createUserRoles.propagation", `must be one of ${PROPAGATIONS.join(", ")}`);
  }
  if (permissions !== undefined && !Array.isArray(permissions?.permissions)) {
    throw invalidOption("createUserRoles.permissions", "must come from `definePermissions([…])`");
  }
  if (permissionMode !== undefined && permissionMode !== "token" && permissionMode !== "request") {
    throw invalidOption("createUserRoles.permissionMode", 'must be "token" or "request"');
  }
  if (roleClaim !== undefined && roleClaim !== "direct" && roleClaim !== "effective") {
    throw invalidOption("createUserRoles.roleClaim", 'must be "direct" or "effective"');
  }
  if (maxPushedSessions !== undefined && !(maxPushedSessions >= 0)) {
    throw invalidOption("createUserRoles.maxPushedSessions", "must be a number that is not negative");
  }
}
