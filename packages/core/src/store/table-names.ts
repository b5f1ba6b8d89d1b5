import { invalidOption } from "../errors/throwers.js";
import { checkNamespace } from "./namespace.js";

/** Tables of an SQL store, quoted and ready for a statement. */
export interface TableNames {
  readonly sessions: string;
  readonly signingKeys: string;
  readonly secrets: string;
  readonly migrations: string;
  readonly roles: string;
  readonly rolePermissions: string;
  readonly roleParents: string;
  readonly userRoles: string;
  readonly roleUsers: string;
  readonly roleClock: string;
  readonly cleanUp: string;
}

/** PostgreSQL cuts names at 63 bytes, and the longest of an index is 30 and the prefix. */
const MAX_PREFIX_LENGTH = 32;
const NAME = /^[a-z_][a-z0-9_]{0,31}$/;

/** @throws SessionError `INVALID_OPTION` when a name is anything but lower-case letters, digits and `_` (security.md ST-11) */
export function checkSqlName(store: string, option: string, name: string): void {
  if (typeof name === "string" && NAME.test(name)) return;
  throw invalidOption(
    `${store}.${option}`,
    "takes up to 32 lower-case letters, digits and _, and starts with no digit",
  );
}

/**
 * As `checkSqlName`, for what an application begins its tables with. Whatever it is, and whatever namespaces are in it,
 * no two of all names are equal: `__` stands around a namespace only, and `user_` before `roles` is our own table.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function checkTablePrefix(store: string, prefix: string): void {
  checkSqlName(store, "tablePrefix", prefix);
  const fault = prefix.includes("__")
    ? "may not contain `__`, which is kept for namespaces"
    : /.user_$/.test(prefix)
      ? "may not end with `user_`: its table `roles` would be the table `user_roles` of the prefix without that"
      : undefined;
  if (fault !== undefined) throw invalidOption(`${store}.tablePrefix`, fault);
}

/**
 * The prefix of a namespace's tables: `acme__users__` for `acme_`. The names of their indexes have to fit as well.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function prefixIn(namespace: string, tablePrefix: string): string {
  checkNamespace(namespace);
  // `acme` and `acme_` are two prefixes: one has to have more of them.
  const prefix = `${tablePrefix}${tablePrefix.endsWith("_") ? "_" : "___"}${namespace}__`;
  if (prefix.length <= MAX_PREFIX_LENGTH) return prefix;
  throw invalidOption(
    "namespace",
    `makes table names too long: "${prefix}", which they begin with, may have ${MAX_PREFIX_LENGTH} characters, not ${prefix.length}`,
  );
}

/** @param table quotes the name of a table, which begins with the prefix that was checked */
export function tableNames(table: (name: string) => string): TableNames {
  return {
    sessions: table("sessions"),
    signingKeys: table("signing_keys"),
    secrets: table("secrets"),
    migrations: table("session_migrations"),
    roles: table("roles"),
    rolePermissions: table("role_permissions"),
    roleParents: table("role_parents"),
    userRoles: table("user_roles"),
    roleUsers: table("role_users"),
    roleClock: table("role_clock"),
    cleanUp: table("clean_up"),
  };
}
