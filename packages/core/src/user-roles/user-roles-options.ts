import {
  checkOptions,
  holds,
  isBoolean,
  isFunction,
  type OptionCheck,
  oneOf,
  shaped,
} from "../errors/option-check.js";
import type { RoleStore } from "../store/role-store.js";
import type { SessionStore } from "../store/session-store.js";
import type { PermissionCatalogue } from "./permission-catalogue.js";
import type { RoleFunctions } from "./role-functions.js";
import type { PropagateOptions } from "./role-propagator.js";

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

const CHECKS: { readonly [Option in keyof Required<UserRolesOptions>]: OptionCheck } = {
  skipAddingRolesToAccessToken: isBoolean,
  skipAddingPermissionsToAccessToken: isBoolean,
  permissions: holds(
    (value) => Array.isArray((value as PermissionCatalogue | null)?.permissions),
    "must come from `definePermissions([…])`",
  ),
  permissionMode: oneOf("token", "request"),
  roleClaim: oneOf("direct", "effective"),
  propagation: oneOf(...PROPAGATIONS),
  maxPushedSessions: holds(
    (value) => typeof value === "number" && value >= 0,
    "must be a number that is not negative",
  ),
  store: holds(
    (value) => typeof value === "object" && value !== null,
    "must be a store that keeps roles, e.g. `sqliteStore({ path })`",
  ),
  override: shaped({ functions: isFunction }),
};

/** @throws SessionError `INVALID_OPTION`: a demotion must not miss the sessions it was meant to end */
export function checkPropagateOptions(options: PropagateOptions): PropagateOptions {
  return checkOptions(
    "propagate",
    { propagate: isBoolean, revokeSessions: isBoolean, onProgress: isFunction },
    options,
  );
}

/** @throws SessionError `INVALID_OPTION` */
export function checkUserRolesOptions<P extends string>(options: UserRolesOptions<P>): UserRolesOptions<P> {
  return checkOptions("createUserRoles", CHECKS, options);
}
