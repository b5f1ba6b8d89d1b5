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
  /** For the name of an index, which takes no schema. */
  index(name: string): string;
  /** Tells one set of tables apart from another in the same database. */
  readonly lockKey: string;
}

export interface NamesOptions {
  /** Schema of the tables. Default: the first of the connection's `search_path`. */
  schema?: string | undefined;
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

const NAME = /^[a-z_][a-z0-9_]{0,39}$/;

/** @throws TypeError when a name is anything but lower-case letters, digits and `_` (security.md ST-11) */
export function namesOf({ schema, tablePrefix = "acme_" }: NamesOptions): Names {
  for (const [option, name] of Object.entries({ schema, tablePrefix })) {
    if (name !== undefined && !NAME.test(name)) {
      throw new TypeError(
        `postgresStore: \`${option}\` takes up to 40 lower-case letters, digits and _, and starts with no digit`,
      );
    }
  }
  const table = (name: string): string =>
    `${schema === undefined ? "" : `"${schema}".`}"${tablePrefix}${name}"`;
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
    index: (name) => `"${tablePrefix}${name}"`,
    lockKey: `${schema ?? ""}.${tablePrefix}`,
  };
}
