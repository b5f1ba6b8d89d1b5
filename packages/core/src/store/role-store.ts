/** What a user may do in one tenant, read in one step. */
export interface UserAuthorization {
  /** Roles assigned to the user in this tenant. */
  roles: string[];
  /** Those, and all roles they inherit from. */
  effectiveRoles: string[];
  /** What the effective roles grant, as it was granted: patterns are not expanded. */
  permissions: string[];
  /**
   * Grows with every change that concerns this user in this tenant: assignments, and permissions or parents of an
   * effective role. 0 as long as there was none.
   */
  version: number;
}

/** One page of a list. */
export interface RolePage {
  /** Only what stands behind this one. */
  after?: string | undefined;
  limit: number;
}

/**
 * Where roles are kept. Like a session store it decides nothing but atomicity: every method is one atomic step, and no
 * reader ever sees an assignment to a role that does not exist (claims.md 4.6, O-28).
 *
 * Roles, permissions and inheritance belong to the application; only assignments belong to a tenant. Texts are compared
 * byte for byte; lists come back without duplicates, in the order of their code points.
 */
export interface RoleStore {
  /** Makes the role if it is missing, and grants it what it lacks. @returns whether it was made */
  grantPermissions(role: string, permissions: readonly string[]): Promise<boolean>;

  /** Takes permissions (or all of them) from a role. @returns whether the role exists */
  revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean>;

  /** Permissions granted to the role itself; undefined when there is no such role. */
  listPermissions(role: string): Promise<string[] | undefined>;

  listRoles(page: RolePage): Promise<string[]>;

  /** Roles that were granted exactly this permission themselves. */
  listRolesWithPermission(permission: string): Promise<string[]>;

  /** Deletes the role with its permissions, its assignments in all tenants and its edges. @returns whether it existed */
  deleteRole(role: string): Promise<boolean>;

  /**
   * Says which roles a role inherits from, instead of what it said before.
   *
   * @returns `"cycle"` when a role would inherit from itself; then, and with an unknown role, nothing has changed
   */
  setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle">;

  /** Roles that the role inherits from directly; undefined when there is no such role. */
  listParents(role: string): Promise<string[] | undefined>;

  /** The user need not be known. */
  assignRole(tenantId: string, userId: string, role: string): Promise<"assigned" | "had-it" | "unknown-role">;

  unassignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role">;

  /** Takes all roles from a user, in one tenant or (undefined) in all. @returns how many assignments there were */
  unassignAll(userId: string, tenantId: string | undefined): Promise<number>;

  listRolesOfUser(tenantId: string, userId: string): Promise<string[]>;

  /** User ids; undefined when there is no such role. */
  listUsersWithRole(tenantId: string, role: string, page: RolePage): Promise<string[] | undefined>;

  /** Tenants in which somebody has this role, or one that inherits from it. */
  listTenantsWithRole(role: string): Promise<string[]>;

  /** Users who have this role, or one that inherits from it. Empty for an unknown role. */
  listAffectedUsers(tenantId: string, role: string, page: RolePage): Promise<string[]>;

  readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization>;

  /** `version` of {@link UserAuthorization} alone: the cheap question of every request where changes count at once. */
  readAuthorizationVersion(tenantId: string, userId: string): Promise<number>;
}
