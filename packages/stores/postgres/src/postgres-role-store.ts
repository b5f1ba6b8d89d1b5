import {
  MAX_NAME_BYTES,
  type RolePage,
  type RoleStore,
  storableId,
  type UserAuthorization,
} from "@acme/session-core/store";
import type { PostgresRecord, PostgresValue, Query } from "./database.js";
import type { RoleStatements } from "./role-statements.js";

/** How the role store gets at the connections of the session store beside it. */
export interface RoleConnection {
  readonly sql: RoleStatements;
  read(sql: string, values: readonly PostgresValue[]): Promise<PostgresRecord[]>;
  /** Inside one transaction; what the step throws undoes it. */
  write<T>(step: (query: Query) => Promise<T>): Promise<T>;
}

/** The role contract on the tables beside the sessions. Changes happen one by one (`nextVersion`), reads as they come. */
export class PostgresRoleStore implements RoleStore {
  readonly #sql: RoleStatements;

  constructor(private readonly database: RoleConnection) {
    this.#sql = database.sql;
  }

  async grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
    const values = [name(role), names(permissions)];
    return this.#change(async (query, version) => {
      const made = await query(this.#sql.insertRole, [role]);
      const granted = await query(this.#sql.insertPermissions, values);
      if (granted.length > 0) await query(this.#sql.setRoleVersion, [role, version]);
      return made.length === 1;
    });
  }

  async revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const values = [name(role), permissions === "all" ? null : names(permissions)];
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, role))) return false;
      const removed = await query(this.#sql.deletePermissions, values);
      if (removed.length > 0) await query(this.#sql.setRoleVersion, [role, version]);
      return true;
    });
  }

  async listPermissions(role: string): Promise<string[] | undefined> {
    return ofRole(await this.database.read(this.#sql.listPermissions, [name(role)]));
  }

  async listRoles({ after, limit }: RolePage): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listRoles, [start(after), limit]));
  }

  async listRolesWithPermission(permission: string): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listRolesWithPermission, [name(permission)]));
  }

  async deleteRole(role: string): Promise<boolean> {
    name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, role))) return false;
      await query(this.#sql.touchHeirs, [role, version]);
      await query(this.#sql.deleteRole, [role]);
      return true;
    });
  }

  async setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const distinct = [...new Set(parents)];
    const values = [name(role), names(distinct)];
    return this.#change(async (query, version) => {
      const [known] = await query(this.#sql.countRoles, [names(distinct)]);
      if (!(await this.#exists(query, role)) || Number(known?.count) < distinct.length) return "unknown-role";
      if ((await query(this.#sql.findCycle, values)).length > 0) return "cycle";
      await query(this.#sql.deleteParents, [role]);
      await query(this.#sql.insertParents, values);
      await query(this.#sql.setRoleVersion, [role, version]);
      return "ok";
    });
  }

  async listParents(role: string): Promise<string[] | undefined> {
    return ofRole(await this.database.read(this.#sql.listParents, [name(role)]));
  }

  async assignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"assigned" | "had-it" | "unknown-role"> {
    const key = [name(tenantId), name(userId)];
    name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, role))) return "unknown-role";
      if ((await query(this.#sql.insertAssignment, [...key, role])).length === 0) return "had-it";
      await query(this.#sql.touchUser, [...key, version]);
      return "assigned";
    });
  }

  async unassignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role"> {
    const key = [name(tenantId), name(userId)];
    name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, role))) return "unknown-role";
      if ((await query(this.#sql.deleteAssignment, [...key, role])).length === 0) return "lacked-it";
      await query(this.#sql.touchUser, [...key, version]);
      return "unassigned";
    });
  }

  async unassignAll(userId: string, tenantId: string | undefined): Promise<number> {
    const values = [name(userId), start(tenantId)];
    return this.#change(async (query, version) => {
      const tenants = texts(await query(this.#sql.deleteAssignmentsOfUser, values));
      for (const tenant of new Set(tenants)) await query(this.#sql.touchUser, [tenant, userId, version]);
      return tenants.length;
    });
  }

  async listRolesOfUser(tenantId: string, userId: string): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listRolesOfUser, [name(tenantId), name(userId)]));
  }

  async listUsersWithRole(
    tenantId: string,
    role: string,
    { after, limit }: RolePage,
  ): Promise<string[] | undefined> {
    const values = [name(role), name(tenantId), start(after), limit];
    return ofRole(await this.database.read(this.#sql.listUsersWithRole, values));
  }

  async listTenantsWithRole(role: string): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listTenantsWithRole, [name(role)]));
  }

  async listAffectedUsers(tenantId: string, role: string, { after, limit }: RolePage): Promise<string[]> {
    const values = [name(role), name(tenantId), start(after), limit];
    return texts(await this.database.read(this.#sql.listAffectedUsers, values));
  }

  async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
    const records = await this.database.read(this.#sql.readAuthorization, [name(tenantId), name(userId)]);
    const of = (kind: string): string[] => texts(records.filter((record) => record.kind === kind));
    return {
      roles: of("assigned"),
      effectiveRoles: of("effective"),
      permissions: of("permission"),
      version: Math.max(0, ...records.map(({ version }) => Number(version))),
    };
  }

  async readAuthorizationVersion(tenantId: string, userId: string): Promise<number> {
    const [record] = await this.database.read(this.#sql.readVersion, [name(tenantId), name(userId)]);
    return Number(record?.version);
  }

  #change<T>(step: (query: Query, version: number) => Promise<T>): Promise<T> {
    return this.database.write(async (query) => {
      const [clock] = await query(this.#sql.nextVersion, []);
      return step(query, Number(clock?.version));
    });
  }

  async #exists(query: Query, role: string): Promise<boolean> {
    return (await query(this.#sql.findRole, [role])).length > 0;
  }
}

function name(text: string): string {
  return storableId("role, permission, tenant or user id", text, MAX_NAME_BYTES);
}

function names(list: readonly string[]): string {
  return JSON.stringify(list.map(name));
}

function start(text: string | undefined): string | null {
  return text === undefined ? null : name(text);
}

function texts(records: readonly PostgresRecord[]): string[] {
  return records.map(({ text }) => text as string);
}

/** No record: no such role. A record without text: the role has none of it. */
function ofRole(records: readonly PostgresRecord[]): string[] | undefined {
  return records.length === 0 ? undefined : texts(records.filter(({ text }) => text !== null));
}
