import type { Names } from "./names.js";

/** SQL on roles. Each is one atomic statement, or a step of a transaction that has taken `nextVersion` first. */
export type RoleStatements = ReturnType<typeof roleStatementsFor>;

export function roleStatementsFor(names: Names) {
  const { roles, rolePermissions, roleParents, userRoles, roleUsers, roleClock } = names;
  /** The roles of a user in a tenant, and everything they inherit from. tenant, user */
  const effective = `
    WITH RECURSIVE effective (role) AS (
      SELECT role FROM ${userRoles} WHERE tenant_id = ? AND user_id = ?
      UNION
      SELECT p.parent FROM effective e JOIN ${roleParents} p ON p.role = e.role
    )`;
  /** The role, and everything that inherits from it. role */
  const heirs = `
    WITH RECURSIVE heirs (role) AS (
      SELECT role FROM ${roles} WHERE role = ?
      UNION
      SELECT p.role FROM heirs h JOIN ${roleParents} p ON p.parent = h.role
    )`;
  return {
    /** Its row is held to the end of the transaction: changes of roles happen one by one. */
    nextVersion: `UPDATE ${roleClock} SET version = version + 1 WHERE id = 1`,
    readClock: `SELECT version FROM ${roleClock} WHERE id = 1`,
    findRole: `SELECT 1 AS found FROM ${roles} WHERE role = ?`,
    insertRole: `INSERT INTO ${roles} (role, version) VALUES (?, 0)`,
    /** version, role */
    setRoleVersion: `UPDATE ${roles} SET version = ? WHERE role = ?`,
    /** role, permission; so are the next ones */
    insertPermission: `INSERT IGNORE INTO ${rolePermissions} (role, permission) VALUES (?, ?)`,
    deletePermission: `DELETE FROM ${rolePermissions} WHERE role = ? AND permission = ?`,
    deleteAllPermissions: `DELETE FROM ${rolePermissions} WHERE role = ?`,
    /** A record without text when the role has none; no record when there is no role. So are the next ones. */
    listPermissions: `
      SELECT p.permission AS text FROM ${roles} r LEFT JOIN ${rolePermissions} p ON p.role = r.role
      WHERE r.role = ? ORDER BY 1`,
    listParents: `
      SELECT p.parent AS text FROM ${roles} r LEFT JOIN ${roleParents} p ON p.role = r.role
      WHERE r.role = ? ORDER BY 1`,
    /** tenant, after or null, the same, role, limit */
    listUsersWithRole: `
      SELECT u.user_id AS text FROM ${roles} r
      LEFT JOIN ${userRoles} u ON u.role = r.role AND u.tenant_id = ? AND (? IS NULL OR u.user_id > ?)
      WHERE r.role = ? ORDER BY 1 LIMIT ?`,
    /** after or null, the same, limit */
    listRoles: `SELECT role AS text FROM ${roles} WHERE ? IS NULL OR role > ? ORDER BY role LIMIT ?`,
    listRolesWithPermission: `SELECT role AS text FROM ${rolePermissions} WHERE permission = ? ORDER BY role`,

    /** role, version: users who are about to lose it */
    touchHeirs: `
      UPDATE ${roleUsers} JOIN (
        ${heirs} SELECT DISTINCT u.tenant_id, u.user_id FROM heirs h JOIN ${userRoles} u ON u.role = h.role
      ) AS touched ON touched.tenant_id = ${roleUsers}.tenant_id AND touched.user_id = ${roleUsers}.user_id
      SET version = ?`,
    /** With its permissions, edges and assignments. */
    deleteRole: `DELETE FROM ${roles} WHERE role = ?`,

    deleteParents: `DELETE FROM ${roleParents} WHERE role = ?`,
    /** role, parent */
    insertParent: `INSERT INTO ${roleParents} (role, parent) VALUES (?, ?)`,
    /** The role, and everything that inherits from it. */
    listHeirs: `${heirs} SELECT role AS text FROM heirs`,

    /** tenant, user, role */
    insertAssignment: `INSERT IGNORE INTO ${userRoles} (tenant_id, user_id, role) VALUES (?, ?, ?)`,
    deleteAssignment: `DELETE FROM ${userRoles} WHERE tenant_id = ? AND user_id = ? AND role = ?`,
    /** tenant, user, version */
    touchUser: `
      INSERT INTO ${roleUsers} (tenant_id, user_id, version) VALUES (?, ?, ?)
      ON DUPLICATE KEY UPDATE version = VALUES(version)`,
    /** user, tenant or null, the same */
    listAssignmentsOfUser: `
      SELECT tenant_id AS text FROM ${userRoles} WHERE user_id = ? AND (? IS NULL OR tenant_id = ?)`,
    deleteAssignmentsOfUser: `DELETE FROM ${userRoles} WHERE user_id = ? AND (? IS NULL OR tenant_id = ?)`,

    /** tenant, user */
    listRolesOfUser: `SELECT role AS text FROM ${userRoles} WHERE tenant_id = ? AND user_id = ? ORDER BY role`,
    listTenantsWithRole: `
      ${heirs} SELECT DISTINCT u.tenant_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role ORDER BY 1`,
    /** role, tenant, after or null, the same, limit */
    listAffectedUsers: `
      ${heirs} SELECT DISTINCT u.user_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role
      WHERE u.tenant_id = ? AND (? IS NULL OR u.user_id > ?) ORDER BY 1 LIMIT ?`,

    /** tenant, user (three times): everything in one statement, hence from one moment. Kinds: 1 assigned, 2 effective, 3 permission, 4 user */
    readAuthorization: `
      ${effective}
      SELECT 1 AS kind, role AS text, 0 AS version FROM ${userRoles} WHERE tenant_id = ? AND user_id = ?
      UNION ALL
      SELECT 2, r.role, r.version FROM effective e JOIN ${roles} r ON r.role = e.role
      UNION ALL
      SELECT DISTINCT 3, p.permission, 0 FROM effective e JOIN ${rolePermissions} p ON p.role = e.role
      UNION ALL
      SELECT 4, user_id, version FROM ${roleUsers} WHERE tenant_id = ? AND user_id = ?
      ORDER BY 2`,
    /** tenant, user, twice */
    readVersion: `
      ${effective}
      SELECT GREATEST(
        COALESCE((SELECT version FROM ${roleUsers} WHERE tenant_id = ? AND user_id = ?), 0),
        COALESCE((SELECT MAX(r.version) FROM effective e JOIN ${roles} r ON r.role = e.role), 0)
      ) AS version`,
  };
}
