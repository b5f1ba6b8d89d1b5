import { invalidOption } from "../errors/throwers.js";

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
 * The prefix of a namespace's tables. The names of their indexes have to fit as well.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function prefixIn(namespace: string, tablePrefix: string): string {
  const prefix = `${tablePrefix}${namespace}_`;
  if (prefix.length <= MAX_PREFIX_LENGTH) return prefix;
  throw invalidOption(
    "namespace",
    `makes table names too long: with \`tablePrefix\` and a \`_\` it may have ${MAX_PREFIX_LENGTH} characters, not ${prefix.length}`,
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
