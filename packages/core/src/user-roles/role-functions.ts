import type { UserContext } from "../claims/user-context.js";
import { invalidArgument } from "../errors/throwers.js";
import type { RoleStore } from "../store/role-store.js";
import { checkGrant } from "./permission-catalogue.js";
import { withdrawRole } from "./role-holders.js";

export type UnknownRole = { status: "UNKNOWN_ROLE_ERROR" };

/** One page of a list; `nextCursor` is absent on the last one. */
export interface Page<T> {
  status: "OK";
  items: T[];
  nextCursor?: string;
}

export interface PageInput {
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
  /** 1 to 1000. Default 100. */
  limit?: number | undefined;
}

/**
 * What can be done with roles, as data in and statuses out. Each can be replaced through the option
 * `override.functions`; pushing changes to sessions happens around them.
 */
export interface RoleFunctions {
  createNewRoleOrAddPermissions(input: {
    role: string;
    permissions: readonly string[];
    userContext: UserContext;
  }): Promise<{ status: "OK"; createdNewRole: boolean }>;
  getAllRoles(input: { userContext: UserContext }): Promise<{ status: "OK"; roles: string[] }>;
  deleteRole(input: {
    role: string;
    userContext: UserContext;
    /**
     * There with `revokeSessions`; ends the sessions of these users, or throws. The role is then taken from its holders
     * a page at a time before it is deleted. An override hands it on.
     */
    endSessions?: ((users: readonly { tenantId: string; userId: string }[]) => Promise<void>) | undefined;
  }): Promise<{ status: "OK"; didRoleExist: boolean }>;
  getPermissionsForRole(input: {
    role: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; permissions: string[] } | UnknownRole>;
  /** `"all"` takes every permission away. */
  removePermissionsFromRole(input: {
    role: string;
    permissions: readonly string[] | "all";
    userContext: UserContext;
  }): Promise<{ status: "OK" } | UnknownRole>;
  getRolesThatHavePermission(input: {
    permission: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; roles: string[] }>;
  addRoleToUser(input: {
    tenantId: string;
    userId: string;
    role: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; didUserAlreadyHaveRole: boolean } | UnknownRole>;
  removeUserRole(input: {
    tenantId: string;
    userId: string;
    role: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; didUserHaveRole: boolean } | UnknownRole>;
  getRolesForUser(input: {
    tenantId: string;
    userId: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; roles: string[] }>;
  getUsersThatHaveRole(input: {
    tenantId: string;
    role: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; users: string[] } | UnknownRole>;
  listRoles(input: PageInput & { userContext: UserContext }): Promise<Page<string>>;
  listUsersThatHaveRole(
    input: PageInput & { tenantId: string; role: string; userContext: UserContext },
  ): Promise<Page<string> | UnknownRole>;
  setRoleInheritance(input: {
    role: string;
    inherits: readonly string[];
    userContext: UserContext;
  }): Promise<{ status: "OK" } | UnknownRole | { status: "CYCLE_ERROR" }>;
  getInheritedRoles(input: {
    role: string;
    userContext: UserContext;
  }): Promise<{ status: "OK"; inherits: string[] } | UnknownRole>;
  removeAllRolesOfUser(input: {
    userId: string;
    tenantId: string | undefined;
    userContext: UserContext;
  }): Promise<{ status: "OK"; removedCount: number }>;
}

const MAX_NAME_LENGTH = 255;
const MAX_ID_LENGTH = 256;
const READ_PAGE = 1000;
const UNKNOWN: UnknownRole = Object.freeze({ status: "UNKNOWN_ROLE_ERROR" });

/** The functions as they are before anybody overrides them. Names are trimmed, ids are not (claims.md 4.3). */
export function makeRoleFunctions(roles: () => RoleStore): RoleFunctions {
  return {
    async createNewRoleOrAddPermissions({ role, permissions }) {
      const grants = permissionList(permissions ?? []);
      grants.forEach(checkGrant);
      return { status: "OK", createdNewRole: await roles().grantPermissions(nameOf("role", role), grants) };
    },

    async getAllRoles() {
      return { status: "OK", roles: await everyPage((page) => roles().listRoles(page)) };
    },

    async deleteRole({ role, endSessions }) {
      const name = nameOf("role", role);
      if (endSessions !== undefined) await withdrawRole(roles(), name, endSessions);
      return { status: "OK", didRoleExist: await roles().deleteRole(name) };
    },

    async getPermissionsForRole({ role }) {
      const permissions = await roles().listPermissions(nameOf("role", role));
      return permissions === undefined ? UNKNOWN : { status: "OK", permissions };
    },

    async removePermissionsFromRole({ role, permissions }) {
      const removed = permissions === "all" ? "all" : permissionList(permissions);
      return (await roles().revokePermissions(nameOf("role", role), removed)) ? { status: "OK" } : UNKNOWN;
    },

    async getRolesThatHavePermission({ permission }) {
      return { status: "OK", roles: await roles().listRolesWithPermission(nameOf("permission", permission)) };
    },

    async addRoleToUser({ tenantId, userId, role }) {
      const result = await roles().assignRole(
        idOf("tenant", tenantId),
        idOf("user", userId),
        nameOf("role", role),
      );
      return result === "unknown-role"
        ? UNKNOWN
        : { status: "OK", didUserAlreadyHaveRole: result === "had-it" };
    },

    async removeUserRole({ tenantId, userId, role }) {
      const result = await roles().unassignRole(
        idOf("tenant", tenantId),
        idOf("user", userId),
        nameOf("role", role),
      );
      return result === "unknown-role" ? UNKNOWN : { status: "OK", didUserHaveRole: result === "unassigned" };
    },

    async getRolesForUser({ tenantId, userId }) {
      return {
        status: "OK",
        roles: await roles().listRolesOfUser(idOf("tenant", tenantId), idOf("user", userId)),
      };
    },

    async getUsersThatHaveRole({ tenantId, role }) {
      const tenant = idOf("tenant", tenantId);
      const name = nameOf("role", role);
      let isKnown = true;
      const users = await everyPage(async (page) => {
        const found = await roles().listUsersWithRole(tenant, name, page);
        isKnown &&= found !== undefined;
        return found ?? [];
      });
      return isKnown ? { status: "OK", users } : UNKNOWN;
    },

    async listRoles(input) {
      return pageOf(input, (page) => roles().listRoles(page));
    },

    async listUsersThatHaveRole({ tenantId, role, ...input }) {
      const tenant = idOf("tenant", tenantId);
      const name = nameOf("role", role);
      let isKnown = true;
      const page = await pageOf(input, async (wanted) => {
        const found = await roles().listUsersWithRole(tenant, name, wanted);
        isKnown = found !== undefined;
        return found ?? [];
      });
      return isKnown ? page : UNKNOWN;
    },

    async setRoleInheritance({ role, inherits }) {
      if (!Array.isArray(inherits)) throw invalidArgument("`inherits` is a list of roles");
      const result = await roles().setParents(
        nameOf("role", role),
        inherits.map((parent) => nameOf("role", parent)),
      );
      if (result === "unknown-role") return UNKNOWN;
      return { status: result === "cycle" ? "CYCLE_ERROR" : "OK" };
    },

    async getInheritedRoles({ role }) {
      const inherits = await roles().listParents(nameOf("role", role));
      return inherits === undefined ? UNKNOWN : { status: "OK", inherits };
    },

    async removeAllRolesOfUser({ userId, tenantId }) {
      const tenant = tenantId === undefined ? undefined : idOf("tenant", tenantId);
      return { status: "OK", removedCount: await roles().unassignAll(idOf("user", userId), tenant) };
    },
  };
}

/** All pages of a list, one after the other. */
async function everyPage(
  read: (page: { after: string | undefined; limit: number }) => Promise<string[]>,
): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const page = await read({ after: all.at(-1), limit: READ_PAGE });
    all.push(...page);
    if (page.length < READ_PAGE) return all;
  }
}

async function pageOf(
  { cursor, limit = 100 }: PageInput,
  read: (page: { after: string | undefined; limit: number }) => Promise<string[]>,
): Promise<Page<string>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw invalidArgument("`limit` is a number from 1 to 1000");
  if (cursor !== undefined && typeof cursor !== "string")
    throw invalidArgument("`cursor` is what the last page gave");
  const found = await read({ after: cursor, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > limit && last !== undefined
    ? { status: "OK", items, nextCursor: last }
    : { status: "OK", items };
}

/** A role's or permission's name: trimmed, not empty. @throws SessionError `INVALID_ARGUMENT` */
export function nameOf(what: "role" | "permission", name: unknown): string {
  const trimmed = typeof name === "string" ? name.trim() : "";
  if (trimmed === "" || trimmed.length > MAX_NAME_LENGTH) {
    throw invalidArgument(`a ${what} is a string of 1 to ${MAX_NAME_LENGTH} characters`);
  }
  return trimmed;
}

/**
 * A missing list is refused: where it means "all" it would wipe a role by accident (claims.md O-24).
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
function permissionList(permissions: unknown): string[] {
  if (!Array.isArray(permissions)) {
    throw invalidArgument("`permissions` is a list; `removeAllPermissionsFromRole` removes all of them");
  }
  return permissions.map((permission) => nameOf("permission", permission));
}

function idOf(what: "tenant" | "user", id: unknown): string {
  if (typeof id !== "string" || id === "" || id.length > MAX_ID_LENGTH) {
    throw invalidArgument(
      `the ${what} id is a string of 1 to ${MAX_ID_LENGTH} characters (tenant first, then user, then role)`,
    );
  }
  return id;
}
