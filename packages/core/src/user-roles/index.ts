/** Door of `@acme/session-core/user-roles`: roles, permissions, and the claims that carry them. */
export { createUserRoles, type UserRoles } from "./create-user-roles.js";
export { definePermissions, type PermissionCatalogue } from "./permission-catalogue.js";
export type { PermissionClaim, UserRoleClaim } from "./role-claims.js";
export type { Page, PageInput, RoleFunctions, UnknownRole } from "./role-functions.js";
export type { Propagated, PropagateOptions } from "./role-propagator.js";
export type { RolePropagation, UserRolesOptions } from "./user-roles-options.js";
