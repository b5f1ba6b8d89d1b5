/** Table names, quoted and ready for a statement. */
export interface Names {
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
  /** Name of the lock under which tables are made. */
  readonly lock: string;
}

export interface NamesOptions {
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

/** @throws TypeError when the prefix is anything but lower-case letters, digits and `_` (security.md ST-11) */
export function namesOf({ tablePrefix = "acme_" }: NamesOptions): Names {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(tablePrefix)) {
    throw new TypeError(
      "mysqlStore: `tablePrefix` takes up to 40 lower-case letters, digits and _, and starts with no digit",
    );
  }
  const table = (name: string): string => `\`${tablePrefix}${name}\``;
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
    lock: `${tablePrefix}session_schema`,
  };
}
