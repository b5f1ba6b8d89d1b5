import type { RoleStore } from "./role-store.js";
import { guardOf, type StoreFailure } from "./store-guard.js";

/**
 * The role store as the engine sees it: what it throws is never "no roles". @see guardOf
 *
 * @param name of the store, for messages
 */
export function guardedRoleStore(
  store: RoleStore,
  name: string,
  onFailure: (failure: StoreFailure) => void,
): RoleStore {
  const guard = guardOf(name, onFailure);
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
