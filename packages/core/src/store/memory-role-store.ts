import { compareCodePoints } from "../runtime/code-points.js";
import type { RolePage, RoleStore, UserAuthorization } from "./role-store.js";

interface Role {
  permissions: Set<string>;
  parents: Set<string>;
  version: number;
}

/** Roles of one user in one tenant. */
interface Assignment {
  tenantId: string;
  userId: string;
  roles: Set<string>;
  version: number;
}

/** Roles in this process's memory: the reference implementation of the contract. Synchronous inside, hence atomic. */
export class MemoryRoleStore implements RoleStore {
  readonly #roles = new Map<string, Role>();
  readonly #assignments = new Map<string, Assignment>();
  #lastVersion = 0;

  async grantPermissions(name: string, permissions: readonly string[]): Promise<boolean> {
    const found = this.#roles.get(name);
    const role = found ?? { permissions: new Set(), parents: new Set(), version: 0 };
    if (found === undefined) this.#roles.set(name, role);
    const before = role.permissions.size;
    for (const permission of permissions) role.permissions.add(permission);
    if (role.permissions.size > before) role.version = this.#next();
    return found === undefined;
  }

  async revokePermissions(name: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const role = this.#roles.get(name);
    if (role === undefined) return false;
    const before = role.permissions.size;
    for (const permission of permissions === "all" ? [...role.permissions] : permissions) {
      role.permissions.delete(permission);
    }
    if (role.permissions.size < before) role.version = this.#next();
    return true;
  }

  async listPermissions(name: string): Promise<string[] | undefined> {
    const role = this.#roles.get(name);
    return role && sorted(role.permissions);
  }

  async listRoles(page: RolePage): Promise<string[]> {
    return pageOf(this.#roles.keys(), page);
  }

  async listRolesWithPermission(permission: string): Promise<string[]> {
    return sorted(
      [...this.#roles].filter(([, role]) => role.permissions.has(permission)).map(([name]) => name),
    );
  }

  async deleteRole(name: string): Promise<boolean> {
    if (!this.#roles.has(name)) return false;
    for (const assignment of this.#assignments.values()) {
      if (this.#inherits(assignment.roles, name)) assignment.version = this.#next();
      assignment.roles.delete(name);
    }
    for (const role of this.#roles.values()) role.parents.delete(name);
    this.#roles.delete(name);
    return true;
  }

  async setParents(name: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const role = this.#roles.get(name);
    if (role === undefined || parents.some((parent) => !this.#roles.has(parent))) return "unknown-role";
    if (this.#closure(parents).has(name)) return "cycle";
    role.parents = new Set(parents);
    role.version = this.#next();
    return "ok";
  }

  async listParents(name: string): Promise<string[] | undefined> {
    const role = this.#roles.get(name);
    return role && sorted(role.parents);
  }

  async assignRole(
    tenantId: string,
    userId: string,
    name: string,
  ): Promise<"assigned" | "had-it" | "unknown-role"> {
    if (!this.#roles.has(name)) return "unknown-role";
    const key = JSON.stringify([tenantId, userId]);
    const assignment = this.#assignments.get(key) ?? { tenantId, userId, roles: new Set(), version: 0 };
    if (assignment.roles.has(name)) return "had-it";
    assignment.roles.add(name);
    assignment.version = this.#next();
    this.#assignments.set(key, assignment);
    return "assigned";
  }

  async unassignRole(
    tenantId: string,
    userId: string,
    name: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role"> {
    if (!this.#roles.has(name)) return "unknown-role";
    const assignment = this.#find(tenantId, userId);
    if (!assignment?.roles.delete(name)) return "lacked-it";
    assignment.version = this.#next();
    return "unassigned";
  }

  async unassignAll(userId: string, tenantId: string | undefined): Promise<number> {
    let count = 0;
    for (const assignment of this.#assignments.values()) {
      if (assignment.userId !== userId || (tenantId !== undefined && assignment.tenantId !== tenantId))
        continue;
      if (assignment.roles.size === 0) continue;
      count += assignment.roles.size;
      assignment.roles.clear();
      assignment.version = this.#next();
    }
    return count;
  }

  async listRolesOfUser(tenantId: string, userId: string): Promise<string[]> {
    return sorted(this.#find(tenantId, userId)?.roles ?? []);
  }

  async listUsersWithRole(tenantId: string, name: string, page: RolePage): Promise<string[] | undefined> {
    if (!this.#roles.has(name)) return undefined;
    const users = [...this.#assignments.values()].filter(
      (assignment) => assignment.tenantId === tenantId && assignment.roles.has(name),
    );
    return pageOf(
      users.map(({ userId }) => userId),
      page,
    );
  }

  async listTenantsWithRole(name: string): Promise<string[]> {
    const affected = [...this.#assignments.values()].filter(({ roles }) => this.#inherits(roles, name));
    return sorted(new Set(affected.map(({ tenantId }) => tenantId)));
  }

  async listAffectedUsers(tenantId: string, name: string, page: RolePage): Promise<string[]> {
    const affected = [...this.#assignments.values()].filter(
      (assignment) => assignment.tenantId === tenantId && this.#inherits(assignment.roles, name),
    );
    return pageOf(
      affected.map(({ userId }) => userId),
      page,
    );
  }

  async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
    return this.#read(tenantId, userId);
  }

  async readAuthorizationVersion(tenantId: string, userId: string): Promise<number> {
    return this.#read(tenantId, userId).version;
  }

  #read(tenantId: string, userId: string): UserAuthorization {
    const assignment = this.#find(tenantId, userId);
    const effective = this.#closure(assignment?.roles ?? []);
    const roles = [...effective].map((name) => this.#roles.get(name)).filter((role) => role !== undefined);
    return {
      roles: sorted(assignment?.roles ?? []),
      effectiveRoles: sorted(effective),
      permissions: sorted(new Set(roles.flatMap(({ permissions }) => [...permissions]))),
      version: Math.max(assignment?.version ?? 0, ...roles.map(({ version }) => version)),
    };
  }

  #find(tenantId: string, userId: string): Assignment | undefined {
    return this.#assignments.get(JSON.stringify([tenantId, userId]));
  }

  #inherits(roles: Iterable<string>, name: string): boolean {
    return this.#closure(roles).has(name);
  }

  /** The roles, and everything they inherit from. */
  #closure(names: Iterable<string>): Set<string> {
    const closure = new Set(names);
    for (const name of closure) {
      for (const parent of this.#roles.get(name)?.parents ?? []) closure.add(parent);
    }
    return closure;
  }

  #next(): number {
    this.#lastVersion += 1;
    return this.#lastVersion;
  }
}

function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort(compareCodePoints);
}

function pageOf(texts: Iterable<string>, { after, limit }: RolePage): string[] {
  const list = sorted(texts);
  return (after === undefined ? list : list.filter((text) => compareCodePoints(text, after) > 0)).slice(
    0,
    limit,
  );
}
