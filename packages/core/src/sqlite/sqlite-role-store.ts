import type { RolePage, RoleStore, UserAuthorization } from "../store/role-store.js";
import type { Connection } from "./connection.js";
import type { SqliteRecord, SqliteValue } from "./driver.js";
import * as sql from "./role-statements.js";
import { storable } from "./row.js";

/** How a role store gets at the connection of the session store beside it. */
export interface RoleConnection {
  read<T>(step: (connection: Connection) => T): Promise<T>;
  /** Inside one transaction; what the step throws undoes it. */
  write<T>(step: (connection: Connection) => T): Promise<T>;
}

/** The role contract on the SQLite file that keeps the sessions. */
export class SqliteRoleStore implements RoleStore {
  constructor(private readonly database: RoleConnection) {}

  grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
    const name = storable(role);
    const list = textList(permissions);
    return this.database.write((connection) => {
      const isNew = connection.run(sql.INSERT_ROLE, name, 0) === 1;
      if (connection.run(sql.INSERT_PERMISSIONS, name, list) > 0) {
        connection.run(sql.SET_ROLE_VERSION, nextVersion(connection), name);
      }
      return isNew;
    });
  }

  revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const name = storable(role);
    const list = permissions === "all" ? undefined : textList(permissions);
    return this.database.write((connection) => {
      if (!exists(connection, name)) return false;
      const removed =
        list === undefined
          ? connection.run(sql.DELETE_ALL_PERMISSIONS, name)
          : connection.run(sql.DELETE_PERMISSIONS, name, list);
      if (removed > 0) connection.run(sql.SET_ROLE_VERSION, nextVersion(connection), name);
      return true;
    });
  }

  listPermissions(role: string): Promise<string[] | undefined> {
    return this.#listOfRole(role, sql.LIST_PERMISSIONS, storable(role));
  }

  listRoles({ after, limit }: RolePage): Promise<string[]> {
    const start = storable(after ?? null);
    return this.database.read((connection) => texts(connection.all(sql.LIST_ROLES, start, start, limit)));
  }

  listRolesWithPermission(permission: string): Promise<string[]> {
    return this.database.read((connection) =>
      texts(connection.all(sql.LIST_ROLES_WITH_PERMISSION, storable(permission))),
    );
  }

  deleteRole(role: string): Promise<boolean> {
    const name = storable(role);
    return this.database.write((connection) => {
      if (!exists(connection, name)) return false;
      connection.run(sql.TOUCH_HEIRS, name, nextVersion(connection));
      connection.run(sql.DELETE_ASSIGNMENTS, name);
      connection.run(sql.DELETE_ROLE, name);
      return true;
    });
  }

  setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const name = storable(role);
    const list = textList([...new Set(parents)]);
    return this.database.write((connection) => {
      const known = Number(connection.all(sql.COUNT_ROLES, list)[0]?.count);
      if (!exists(connection, name) || known < new Set(parents).size) return "unknown-role" as const;
      if (connection.all(sql.FIND_CYCLE, name, list).length > 0) return "cycle" as const;
      connection.run(sql.DELETE_PARENTS, name);
      connection.run(sql.INSERT_PARENTS, name, list);
      connection.run(sql.SET_ROLE_VERSION, nextVersion(connection), name);
      return "ok" as const;
    });
  }

  listParents(role: string): Promise<string[] | undefined> {
    return this.#listOfRole(role, sql.LIST_PARENTS, storable(role));
  }

  assignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"assigned" | "had-it" | "unknown-role"> {
    const key = [storable(tenantId), storable(userId)] as const;
    return this.database.write((connection) => {
      if (!exists(connection, storable(role))) return "unknown-role" as const;
      if (connection.run(sql.INSERT_ASSIGNMENT, ...key, role) === 0) return "had-it" as const;
      connection.run(sql.TOUCH_USER, ...key, nextVersion(connection));
      return "assigned" as const;
    });
  }

  unassignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role"> {
    const key = [storable(tenantId), storable(userId)] as const;
    return this.database.write((connection) => {
      if (!exists(connection, storable(role))) return "unknown-role" as const;
      if (connection.run(sql.DELETE_ASSIGNMENT, ...key, role) === 0) return "lacked-it" as const;
      connection.run(sql.TOUCH_USER, ...key, nextVersion(connection));
      return "unassigned" as const;
    });
  }

  unassignAll(userId: string, tenantId: string | undefined): Promise<number> {
    const user = storable(userId);
    const tenant = storable(tenantId ?? null);
    return this.database.write((connection) => {
      const tenants = texts(connection.all(sql.DELETE_ASSIGNMENTS_OF_USER, user, tenant, tenant));
      for (const touched of new Set(tenants)) {
        connection.run(sql.TOUCH_USER, touched, user, nextVersion(connection));
      }
      return tenants.length;
    });
  }

  listRolesOfUser(tenantId: string, userId: string): Promise<string[]> {
    return this.database.read((connection) =>
      texts(connection.all(sql.LIST_ROLES_OF_USER, storable(tenantId), storable(userId))),
    );
  }

  listUsersWithRole(
    tenantId: string,
    role: string,
    { after, limit }: RolePage,
  ): Promise<string[] | undefined> {
    const start = storable(after ?? null);
    return this.#listOfRole(
      role,
      sql.LIST_USERS_WITH_ROLE,
      storable(tenantId),
      storable(role),
      start,
      start,
      limit,
    );
  }

  listTenantsWithRole(role: string): Promise<string[]> {
    return this.database.read((connection) =>
      texts(connection.all(sql.LIST_TENANTS_WITH_ROLE, storable(role))),
    );
  }

  listAffectedUsers(tenantId: string, role: string, { after, limit }: RolePage): Promise<string[]> {
    const start = storable(after ?? null);
    return this.database.read((connection) =>
      texts(connection.all(sql.LIST_AFFECTED_USERS, storable(role), storable(tenantId), start, start, limit)),
    );
  }

  async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
    const key = [storable(tenantId), storable(userId)] as const;
    const rows = await this.database.read((connection) =>
      connection.all(sql.READ_AUTHORIZATION, ...key, ...key, ...key),
    );
    const of = (kind: string): SqliteRecord[] => rows.filter((row) => row.kind === kind);
    return {
      roles: texts(of("assigned")),
      effectiveRoles: texts(of("effective")),
      permissions: texts(of("permission")),
      version: Math.max(0, ...rows.map((row) => Number(row.version))),
    };
  }

  readAuthorizationVersion(tenantId: string, userId: string): Promise<number> {
    const key = [storable(tenantId), storable(userId)] as const;
    return this.database.read((connection) =>
      Number(connection.all(sql.READ_VERSION, ...key, ...key)[0]?.version),
    );
  }

  #listOfRole(role: string, statement: string, ...values: SqliteValue[]): Promise<string[] | undefined> {
    return this.database.read((connection) =>
      exists(connection, storable(role)) ? texts(connection.all(statement, ...values)) : undefined,
    );
  }
}

function exists(connection: Connection, role: string): boolean {
  return connection.all(sql.FIND_ROLE, role).length > 0;
}

function nextVersion(connection: Connection): number {
  const [next] = connection.all(sql.NEXT_VERSION);
  return Number((next ?? connection.all(sql.FIRST_VERSION)[0])?.version);
}

function textList(list: readonly string[]): string {
  return JSON.stringify(list.map(storable));
}

function texts(records: readonly SqliteRecord[]): string[] {
  return records.map((record) => record.text as string);
}
