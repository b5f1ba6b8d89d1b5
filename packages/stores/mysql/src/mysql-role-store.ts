import {
  MAX_NAME_BYTES,
  type RolePage,
  type RoleStore,
  storableId,
  type UserAuthorization,
} from "@acme/session-core/store";
import type { MysqlRecord, MysqlValue, Query } from "./database.js";
import type { RoleStatements } from "./role-statements.js";
import { bytes, textOf } from "./row.js";

/** How the role store gets at the connections of the session store beside it. */
export interface RoleConnection {
  readonly sql: RoleStatements;
  read(sql: string, values: readonly MysqlValue[]): Promise<readonly MysqlRecord[]>;
  /** Inside one transaction; what the step throws undoes it. */
  write<T>(step: (query: Query) => Promise<T>): Promise<T>;
}

/** The role contract on the tables beside the sessions. Changes happen one by one (`nextVersion`), reads as they come. */
export class MysqlRoleStore implements RoleStore {
  readonly #sql: RoleStatements;

  constructor(private readonly database: RoleConnection) {
    this.#sql = database.sql;
  }

  async grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
    const key = name(role);
    const granted = names(permissions);
    return this.#change(async (query, version) => {
      const isNew = !(await this.#exists(query, key));
      if (isNew) await query(this.#sql.insertRole, [key]);
      let count = 0;
      for (const permission of granted) {
        count += (await query(this.#sql.insertPermission, [key, permission])).affectedRows;
      }
      if (count > 0) await query(this.#sql.setRoleVersion, [version, key]);
      return isNew;
    });
  }

  async revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const key = name(role);
    const named = permissions === "all" ? undefined : names(permissions);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, key))) return false;
      let count = 0;
      if (named === undefined) count = (await query(this.#sql.deleteAllPermissions, [key])).affectedRows;
      for (const permission of named ?? []) {
        count += (await query(this.#sql.deletePermission, [key, permission])).affectedRows;
      }
      if (count > 0) await query(this.#sql.setRoleVersion, [version, key]);
      return true;
    });
  }

  async listPermissions(role: string): Promise<string[] | undefined> {
    return ofRole(await this.database.read(this.#sql.listPermissions, [name(role)]));
  }

  async listRoles({ after, limit }: RolePage): Promise<string[]> {
    const from = start(after);
    return texts(await this.database.read(this.#sql.listRoles, [from, from, limit]));
  }

  async listRolesWithPermission(permission: string): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listRolesWithPermission, [name(permission)]));
  }

  async deleteRole(role: string): Promise<boolean> {
    const key = name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, key))) return false;
      await query(this.#sql.touchHeirs, [key, version]);
      await query(this.#sql.deleteRole, [key]);
      return true;
    });
  }

  async setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const key = name(role);
    const distinct = names([...new Set(parents)]);
    return this.#change(async (query, version) => {
      for (const one of [key, ...distinct]) if (!(await this.#exists(query, one))) return "unknown-role";
      const heirs = (await query(this.#sql.listHeirs, [key])).records;
      if (heirs.some(({ text }) => distinct.some((parent) => parent.equals(text as Buffer)))) return "cycle";
      await query(this.#sql.deleteParents, [key]);
      for (const parent of distinct) await query(this.#sql.insertParent, [key, parent]);
      await query(this.#sql.setRoleVersion, [version, key]);
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
    const assigned = name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, assigned))) return "unknown-role";
      if ((await query(this.#sql.insertAssignment, [...key, assigned])).affectedRows === 0) return "had-it";
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
    const removed = name(role);
    return this.#change(async (query, version) => {
      if (!(await this.#exists(query, removed))) return "unknown-role";
      if ((await query(this.#sql.deleteAssignment, [...key, removed])).affectedRows === 0) return "lacked-it";
      await query(this.#sql.touchUser, [...key, version]);
      return "unassigned";
    });
  }

  async unassignAll(userId: string, tenantId: string | undefined): Promise<number> {
    const user = name(userId);
    const tenant = start(tenantId);
    return this.#change(async (query, version) => {
      const tenants = texts((await query(this.#sql.listAssignmentsOfUser, [user, tenant, tenant])).records);
      await query(this.#sql.deleteAssignmentsOfUser, [user, tenant, tenant]);
      for (const touched of new Set(tenants))
        await query(this.#sql.touchUser, [bytes(touched), user, version]);
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
    const from = start(after);
    return ofRole(
      await this.database.read(this.#sql.listUsersWithRole, [name(tenantId), from, from, name(role), limit]),
    );
  }

  async listTenantsWithRole(role: string): Promise<string[]> {
    return texts(await this.database.read(this.#sql.listTenantsWithRole, [name(role)]));
  }

  async listAffectedUsers(tenantId: string, role: string, { after, limit }: RolePage): Promise<string[]> {
    const from = start(after);
    const values = [name(role), name(tenantId), from, from, limit];
    return texts(await this.database.read(this.#sql.listAffectedUsers, values));
  }

  async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
    const key = [name(tenantId), name(userId)];
    const records = await this.database.read(this.#sql.readAuthorization, [...key, ...key, ...key]);
    const of = (kind: number): string[] => texts(records.filter((record) => Number(record.kind) === kind));
    return {
      roles: of(1),
      effectiveRoles: of(2),
      permissions: of(3),
      version: Math.max(0, ...records.map(({ version }) => Number(version))),
    };
  }

  async readAuthorizationVersion(tenantId: string, userId: string): Promise<number> {
    const key = [name(tenantId), name(userId)];
    const [record] = await this.database.read(this.#sql.readVersion, [...key, ...key]);
    return Number(record?.version);
  }

  #change<T>(step: (query: Query, version: number) => Promise<T>): Promise<T> {
    return this.database.write(async (query) => {
      await query(this.#sql.nextVersion);
      const [clock] = (await query(this.#sql.readClock)).records;
      return step(query, Number(clock?.version));
    });
  }

  async #exists(query: Query, role: Buffer): Promise<boolean> {
    return (await query(this.#sql.findRole, [role])).records.length > 0;
  }
}

function name(text: string): Buffer {
  return bytes(storableId("role, permission, tenant or user id", text, MAX_NAME_BYTES));
}

function names(list: readonly string[]): Buffer[] {
  return list.map(name);
}

function start(text: string | undefined): Buffer | null {
  return text === undefined ? null : name(text);
}

function texts(records: readonly MysqlRecord[]): string[] {
  return records.map(({ text }) => textOf(text));
}

/** No record: no such role. A record without text: the role has none of it. */
function ofRole(records: readonly MysqlRecord[]): string[] | undefined {
  return records.length === 0 ? undefined : texts(records.filter(({ text }) => text !== null));
}
