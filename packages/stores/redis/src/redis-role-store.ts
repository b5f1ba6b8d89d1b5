import {
  MAX_NAME_BYTES,
  type RolePage,
  type RoleStore,
  storableId,
  type UserAuthorization,
} from "@acme/session-core/store";
import { type Answer, countOf, listOf, textOf, textsOf } from "./answer.js";
import { roleScripts } from "./role-scripts.js";
import type { Script } from "./script.js";

/** What a script answers that finds nothing to do; and what that means after an attempt whose answer was lost: that one did it. */
export type Repeated = readonly [answer: string, meaning: string];

/** How the role store gets at the connection of the session store beside it: one script, as one operation. */
export type RunScript = (script: Script, args: readonly string[], repeated?: Repeated) => Promise<Answer>;

/** The role contract on the keys beside the sessions. Every operation is one script, hence one step. */
export class RedisRoleStore implements RoleStore {
  constructor(private readonly run: RunScript) {}

  async grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
    return (await this.run(roleScripts.grantPermissions, [name(role), ...permissions.map(name)])) === "1";
  }

  async revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const which = permissions === "all" ? ["all"] : ["these", ...permissions.map(name)];
    return (await this.run(roleScripts.revokePermissions, [name(role), ...which])) === "1";
  }

  async listPermissions(role: string): Promise<string[] | undefined> {
    return ofRole(await this.run(roleScripts.listPermissions, [name(role)]));
  }

  async listRoles(page: RolePage): Promise<string[]> {
    return ordered(await this.run(roleScripts.listRoles, pageArguments(page)));
  }

  async listRolesWithPermission(permission: string): Promise<string[]> {
    return ordered(await this.run(roleScripts.listRolesWithPermission, [name(permission)]));
  }

  async deleteRole(role: string): Promise<boolean> {
    return (await this.run(roleScripts.deleteRole, [name(role)], ["0", "1"])) === "1";
  }

  async setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const args = [role, ...parents].map(name);
    return oneOf(await this.run(roleScripts.setParents, args), ["ok", "unknown-role", "cycle"]);
  }

  async listParents(role: string): Promise<string[] | undefined> {
    return ofRole(await this.run(roleScripts.listParents, [name(role)]));
  }

  async assignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"assigned" | "had-it" | "unknown-role"> {
    const args = [tenantId, userId, role].map(name);
    const answer = await this.run(roleScripts.assignRole, args, ["had-it", "assigned"]);
    return oneOf(answer, ["assigned", "had-it", "unknown-role"]);
  }

  async unassignRole(
    tenantId: string,
    userId: string,
    role: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role"> {
    const args = [tenantId, userId, role].map(name);
    const answer = await this.run(roleScripts.unassignRole, args, ["lacked-it", "unassigned"]);
    return oneOf(answer, ["unassigned", "lacked-it", "unknown-role"]);
  }

  async unassignAll(userId: string, tenantId: string | undefined): Promise<number> {
    const args = tenantId === undefined ? [userId] : [userId, tenantId];
    return countOf(await this.run(roleScripts.unassignAll, args.map(name), ["0", "1"]));
  }

  async listRolesOfUser(tenantId: string, userId: string): Promise<string[]> {
    return ordered(await this.run(roleScripts.listRolesOfUser, [tenantId, userId].map(name)));
  }

  async listUsersWithRole(tenantId: string, role: string, page: RolePage): Promise<string[] | undefined> {
    const args = [name(tenantId), name(role), ...pageArguments(page)];
    return ofRole(await this.run(roleScripts.listUsersWithRole, args));
  }

  async listTenantsWithRole(role: string): Promise<string[]> {
    return ordered(await this.run(roleScripts.listTenantsWithRole, [name(role)]));
  }

  async listAffectedUsers(tenantId: string, role: string, page: RolePage): Promise<string[]> {
    const args = [name(tenantId), name(role), ...pageArguments(page)];
    return ordered(await this.run(roleScripts.listAffectedUsers, args)).slice(0, page.limit);
  }

  async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
    const answer = await this.run(roleScripts.readAuthorization, [tenantId, userId].map(name));
    const [roles, effectiveRoles, permissions, version] = listOf(answer);
    return {
      roles: ordered(roles),
      effectiveRoles: ordered(effectiveRoles),
      permissions: ordered(permissions),
      version: countOf(version),
    };
  }

  async readAuthorizationVersion(tenantId: string, userId: string): Promise<number> {
    return countOf(await this.run(roleScripts.readAuthorizationVersion, [tenantId, userId].map(name)));
  }
}

function name(text: string): string {
  return storableId("role, permission, tenant or user id", text, MAX_NAME_BYTES);
}

/** As ZRANGEBYLEX takes it. */
function pageArguments({ after, limit }: RolePage): string[] {
  return [after === undefined ? "-" : `(${name(after)}`, String(limit)];
}

/** Each text once, in the order of code points, which is that of the bytes. */
function ordered(answer: Answer | undefined): string[] {
  const distinct = [...new Set(textsOf(answer))];
  return distinct
    .map((text) => Buffer.from(text))
    .sort(Buffer.compare)
    .map(String);
}

/** Null: no such role. */
function ofRole(answer: Answer): string[] | undefined {
  return answer === null ? undefined : ordered(answer);
}

function oneOf<const T extends string>(answer: Answer, words: readonly T[]): T {
  const word = words.find((known) => known === answer);
  if (word === undefined) throw new TypeError(`${textOf(answer)} is no answer of this script`);
  return word;
}
