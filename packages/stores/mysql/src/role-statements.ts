import type { RoleParameter, RoleStatement, RoleStatements } from "@acme/session-core/store";
import type { Names } from "./names.js";
import { SERVER_NOW } from "./statements.js";

const statement = (takes: readonly RoleParameter[], text: string): RoleStatement => ({ takes, text });

/** SQL on roles. A statement that takes something `listed` runs for each text by itself. */
export function roleStatementsFor(names: Names): RoleStatements {
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
    nextVersion: [
      statement(
        [],
        `INSERT INTO ${roleClock} (id, version) VALUES (1, 0) ON DUPLICATE KEY UPDATE version = version + 1`,
      ),
      // Where somebody has emptied the table, it starts above what has been given: tokens may still hold that.
      statement(
        [],
        `UPDATE ${roleClock} SET version = 1 + GREATEST(${SERVER_NOW},
           COALESCE((SELECT MAX(version) FROM ${roles}), 0), COALESCE((SELECT MAX(version) FROM ${roleUsers}), 0))
         WHERE id = 1 AND version = 0`,
      ),
      statement([], `SELECT version FROM ${roleClock} WHERE id = 1`),
    ],
    findRole: statement(["role"], `SELECT 1 AS found FROM ${roles} WHERE role = ?`),
    insertRole: statement(["role"], `INSERT INTO ${roles} (role, version) VALUES (?, 0)`),
    setRoleVersion: statement(["version", "role"], `UPDATE ${roles} SET version = ? WHERE role = ?`),
    insertPermissions: statement(
      ["role", "listed"],
      `INSERT IGNORE INTO ${rolePermissions} (role, permission) VALUES (?, ?)`,
    ),
    deletePermissions: statement(
      ["role", "listed"],
      `DELETE FROM ${rolePermissions} WHERE role = ? AND permission = ?`,
    ),
    deleteAllPermissions: statement(["role"], `DELETE FROM ${rolePermissions} WHERE role = ?`),
    listPermissions: statement(
      ["role"],
      `SELECT p.permission AS text FROM ${roles} r LEFT JOIN ${rolePermissions} p ON p.role = r.role
       WHERE r.role = ? ORDER BY 1`,
    ),
    listParents: statement(
      ["role"],
      `SELECT p.parent AS text FROM ${roles} r LEFT JOIN ${roleParents} p ON p.role = r.role
       WHERE r.role = ? ORDER BY 1`,
    ),
    listUsersWithRole: statement(
      ["tenant", "after", "after", "role", "limit"],
      `SELECT u.user_id AS text FROM ${roles} r
       LEFT JOIN ${userRoles} u ON u.role = r.role AND u.tenant_id = ? AND (? IS NULL OR u.user_id > ?)
       WHERE r.role = ? ORDER BY 1 LIMIT ?`,
    ),
    listRoles: statement(
      ["after", "after", "limit"],
      `SELECT role AS text FROM ${roles} WHERE ? IS NULL OR role > ? ORDER BY role LIMIT ?`,
    ),
    listRolesWithPermission: statement(
      ["permission"],
      `SELECT role AS text FROM ${rolePermissions} WHERE permission = ? ORDER BY role`,
    ),

    touchHeirs: statement(
      ["role", "version"],
      `UPDATE ${roleUsers} JOIN (
         ${heirs} SELECT DISTINCT u.tenant_id, u.user_id FROM heirs h JOIN ${userRoles} u ON u.role = h.role
       ) AS touched ON touched.tenant_id = ${roleUsers}.tenant_id AND touched.user_id = ${roleUsers}.user_id
       SET version = ?`,
    ),
    deleteRole: statement(["role"], `DELETE FROM ${roles} WHERE role = ?`),

    deleteParents: statement(["role"], `DELETE FROM ${roleParents} WHERE role = ?`),
    insertParents: statement(["role", "listed"], `INSERT INTO ${roleParents} (role, parent) VALUES (?, ?)`),
    listHeirs: statement(["role"], `${heirs} SELECT role AS text FROM heirs`),

    insertAssignment: statement(
      ["tenant", "user", "role"],
      `INSERT IGNORE INTO ${userRoles} (tenant_id, user_id, role) VALUES (?, ?, ?)`,
    ),
    deleteAssignment: statement(
      ["tenant", "user", "role"],
      `DELETE FROM ${userRoles} WHERE tenant_id = ? AND user_id = ? AND role = ?`,
    ),
    touchUser: statement(
      ["tenant", "user", "version"],
      `INSERT INTO ${roleUsers} (tenant_id, user_id, version) VALUES (?, ?, ?)
       ON DUPLICATE KEY UPDATE version = VALUES(version)`,
    ),
    listAssignmentsOfUser: statement(
      ["user", "tenant", "tenant"],
      `SELECT tenant_id AS text FROM ${userRoles} WHERE user_id = ? AND (? IS NULL OR tenant_id = ?)`,
    ),
    deleteAssignmentsOfUser: statement(
      ["user", "tenant", "tenant"],
      `DELETE FROM ${userRoles} WHERE user_id = ? AND (? IS NULL OR tenant_id = ?)`,
    ),

    listRolesOfUser: statement(
      ["tenant", "user"],
      `SELECT role AS text FROM ${userRoles} WHERE tenant_id = ? AND user_id = ? ORDER BY role`,
    ),
    listTenantsWithRole: statement(
      ["role"],
      `${heirs} SELECT DISTINCT u.tenant_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role ORDER BY 1`,
    ),
    listAffectedUsers: statement(
      ["role", "tenant", "after", "after", "limit"],
      `${heirs} SELECT DISTINCT u.user_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role
       WHERE u.tenant_id = ? AND (? IS NULL OR u.user_id > ?) ORDER BY 1 LIMIT ?`,
    ),

    // Everything in one statement, hence from one moment.
    readAuthorization: statement(
      ["tenant", "user", "tenant", "user", "tenant", "user"],
      `${effective}
       SELECT 1 AS kind, role AS text, 0 AS version FROM ${userRoles} WHERE tenant_id = ? AND user_id = ?
       UNION ALL
       SELECT 2, r.role, r.version FROM effective e JOIN ${roles} r ON r.role = e.role
       UNION ALL
       SELECT DISTINCT 3, p.permission, 0 FROM effective e JOIN ${rolePermissions} p ON p.role = e.role
       UNION ALL
       SELECT 4, user_id, version FROM ${roleUsers} WHERE tenant_id = ? AND user_id = ?
       ORDER BY 2`,
    ),
    readVersion: statement(
      ["tenant", "user", "tenant", "user"],
      `${effective}
       SELECT GREATEST(
         COALESCE((SELECT version FROM ${roleUsers} WHERE tenant_id = ? AND user_id = ?), 0),
         COALESCE((SELECT MAX(r.version) FROM effective e JOIN ${roles} r ON r.role = e.role), 0)
       ) AS version`,
    ),
  };
}
