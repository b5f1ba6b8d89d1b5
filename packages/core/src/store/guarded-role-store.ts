import { SessionError } from "../errors/session-error.js";
import { storeUnavailable } from "../errors/throwers.js";
import type { RoleStore } from "./role-store.js";

/** The role store as the engine sees it: whatever it throws becomes `STORE_UNAVAILABLE`, never "no roles". */
export function guardedRoleStore(store: RoleStore): RoleStore {
  async function guard<T>(operation: keyof RoleStore, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (SessionError.is(error)) throw error;
      throw storeUnavailable(`the role store did not answer (${operation})`);
    }
  }
  return {
    grantPermissions: (role, permissions) =>
      guard("grantPermissions", () => store.grantPermissions(role, permissions)),
    revokePermissions: (role, permissions) =>
      guard("revokePermissions", () => store.revokePermissions(role, permissions)),
    listPermissions: (role) => guard("listPermissions", () => store.listPermissions(role)),
    listRoles: (page) => guard("listRoles", () => store.listRoles(page)),
    listRolesWithPermission: (permission) =>
      guard("listRolesWithPermission", () => store.listRolesWithPermission(permission)),
    deleteRole: (role) => guard("deleteRole", () => store.deleteRole(role)),
    setParents: (role, parents) => guard("setParents", () => store.setParents(role, parents)),
    listParents: (role) => guard("listParents", () => store.listParents(role)),
    assignRole: (tenantId, userId, role) =>
      guard("assignRole", () => store.assignRole(tenantId, userId, role)),
    unassignRole: (tenantId, userId, role) =>
      guard("unassignRole", () => store.unassignRole(tenantId, userId, role)),
    unassignAll: (userId, tenantId) => guard("unassignAll", () => store.unassignAll(userId, tenantId)),
    listRolesOfUser: (tenantId, userId) =>
      guard("listRolesOfUser", () => store.listRolesOfUser(tenantId, userId)),
    listUsersWithRole: (tenantId, role, page) =>
      guard("listUsersWithRole", () => store.listUsersWithRole(tenantId, role, page)),
    listTenantsWithRole: (role) => guard("listTenantsWithRole", () => store.listTenantsWithRole(role)),
    listAffectedUsers: (tenantId, role, page) =>
      guard("listAffectedUsers", () => store.listAffectedUsers(tenantId, role, page)),
    readAuthorization: (tenantId, userId) =>
      guard("readAuthorization", () => store.readAuthorization(tenantId, userId)),
    readAuthorizationVersion: (tenantId, userId) =>
      guard("readAuthorizationVersion", () => store.readAuthorizationVersion(tenantId, userId)),
  };
}
