import type { Names } from "./names.js";

const list = (parameter: string): string => `(SELECT json_array_elements_text(${parameter}::text::json))`;

/** SQL on roles. Each is one atomic statement, or a step of a transaction that has taken `nextVersion` first. */
export type RoleStatements = ReturnType<typeof roleStatementsFor>;

export function roleStatementsFor(names: Names) {
  const { roles, rolePermissions, roleParents, userRoles, roleUsers, roleClock } = names;
  /** The roles of user $2 in tenant $1, and everything they inherit from. */
  const effective = `
    WITH RECURSIVE effective (role) AS (
      SELECT role FROM ${userRoles} WHERE tenant_id = $1::text AND user_id = $2::text
      UNION
      SELECT p.parent FROM effective e JOIN ${roleParents} p ON p.role = e.role
    )`;
  /** Role $1, and everything that inherits from it. */
  const heirs = `
    WITH RECURSIVE heirs (role) AS (
      SELECT role FROM ${roles} WHERE role = $1::text
      UNION
      SELECT p.role FROM heirs h JOIN ${roleParents} p ON p.parent = h.role
    )`;
  return {
    /** The version of a change. Its row is held to the end of the transaction: changes of roles happen one by one. */
    nextVersion: `UPDATE ${roleClock} SET version = version + 1 WHERE id = 1 RETURNING version`,
    findRole: `SELECT 1 AS found FROM ${roles} WHERE role = $1::text`,
    insertRole: `INSERT INTO ${roles} (role, version) VALUES ($1::text, 0) ON CONFLICT DO NOTHING RETURNING role`,
    /** role, version */
    setRoleVersion: `UPDATE ${roles} SET version = $2::bigint WHERE role = $1::text`,
    /** role, permissions as a JSON array */
    insertPermissions: `
      INSERT INTO ${rolePermissions} (role, permission) SELECT DISTINCT $1::text, one FROM ${list("$2")} AS listed (one)
      ON CONFLICT DO NOTHING RETURNING permission`,
    /** role, permissions as a JSON array or null for all */
    deletePermissions: `
      DELETE FROM ${rolePermissions}
      WHERE role = $1::text AND ($2::text IS NULL OR permission IN ${list("coalesce($2::text, '[]')")})
      RETURNING permission`,
    /** A record without text when the role has none; no record when there is no role. So are the next ones. */
    listPermissions: `
      SELECT p.permission AS text FROM ${roles} r LEFT JOIN ${rolePermissions} p ON p.role = r.role
      WHERE r.role = $1::text ORDER BY 1`,
    listParents: `
      SELECT p.parent AS text FROM ${roles} r LEFT JOIN ${roleParents} p ON p.role = r.role
      WHERE r.role = $1::text ORDER BY 1`,
    /** role, tenant, after or null, limit */
    listUsersWithRole: `
      SELECT u.user_id AS text FROM ${roles} r LEFT JOIN LATERAL (
        SELECT user_id FROM ${userRoles}
        WHERE role = r.role AND tenant_id = $2::text AND ($3::text IS NULL OR user_id > $3::text)
        ORDER BY user_id LIMIT $4::bigint
      ) u ON true WHERE r.role = $1::text ORDER BY 1`,
    /** after or null, limit */
    listRoles: `
      SELECT role AS text FROM ${roles} WHERE $1::text IS NULL OR role > $1::text ORDER BY role LIMIT $2::bigint`,
    listRolesWithPermission: `
      SELECT role AS text FROM ${rolePermissions} WHERE permission = $1::text ORDER BY role`,

    /** role, version: users who are about to lose it */
    touchHeirs: `
      ${heirs} UPDATE ${roleUsers} SET version = $2::bigint
      WHERE (tenant_id, user_id) IN (
        SELECT u.tenant_id, u.user_id FROM heirs h JOIN ${userRoles} u ON u.role = h.role
      )`,
    /** With its permissions, edges and assignments. */
    deleteRole: `DELETE FROM ${roles} WHERE role = $1::text`,

    deleteParents: `DELETE FROM ${roleParents} WHERE role = $1::text`,
    /** role, parents as a JSON array */
    insertParents: `
      INSERT INTO ${roleParents} (role, parent) SELECT DISTINCT $1::text, one FROM ${list("$2")} AS listed (one)`,
    /** parents as a JSON array */
    countRoles: `SELECT count(*) AS count FROM ${roles} WHERE role IN ${list("$1")}`,
    /** role, parents as a JSON array: whether one of them is the role or inherits from it */
    findCycle: `${heirs} SELECT 1 AS found FROM heirs WHERE role IN ${list("$2")} LIMIT 1`,

    /** tenant, user, role */
    insertAssignment: `
      INSERT INTO ${userRoles} (tenant_id, user_id, role) VALUES ($1::text, $2::text, $3::text)
      ON CONFLICT DO NOTHING RETURNING role`,
    /** tenant, user, role */
    deleteAssignment: `
      DELETE FROM ${userRoles} WHERE tenant_id = $1::text AND user_id = $2::text AND role = $3::text RETURNING role`,
    /** tenant, user, version */
    touchUser: `
      INSERT INTO ${roleUsers} (tenant_id, user_id, version) VALUES ($1::text, $2::text, $3::bigint)
      ON CONFLICT (tenant_id, user_id) DO UPDATE SET version = excluded.version`,
    /** user, tenant or null */
    deleteAssignmentsOfUser: `
      DELETE FROM ${userRoles} WHERE user_id = $1::text AND ($2::text IS NULL OR tenant_id = $2::text)
      RETURNING tenant_id AS text`,

    /** tenant, user */
    listRolesOfUser: `
      SELECT role AS text FROM ${userRoles} WHERE tenant_id = $1::text AND user_id = $2::text ORDER BY role`,
    listTenantsWithRole: `
      ${heirs} SELECT DISTINCT u.tenant_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role ORDER BY 1`,
    /** role, tenant, after or null, limit */
    listAffectedUsers: `
      ${heirs} SELECT DISTINCT u.user_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role
      WHERE u.tenant_id = $2::text AND ($3::text IS NULL OR u.user_id > $3::text) ORDER BY 1 LIMIT $4::bigint`,

    /** tenant, user: everything in one statement, hence from one moment */
    readAuthorization: `
      ${effective}
      SELECT 'assigned' AS kind, role COLLATE "C" AS text, 0::bigint AS version FROM ${userRoles}
      WHERE tenant_id = $1::text AND user_id = $2::text
      UNION ALL
      SELECT 'effective', r.role, r.version FROM effective e JOIN ${roles} r ON r.role = e.role
      UNION ALL
      SELECT DISTINCT 'permission', p.permission, 0::bigint
      FROM effective e JOIN ${rolePermissions} p ON p.role = e.role
      UNION ALL
      SELECT 'user', user_id, version FROM ${roleUsers} WHERE tenant_id = $1::text AND user_id = $2::text
      ORDER BY 2`,
    /** tenant, user */
    readVersion: `
      ${effective}
      SELECT greatest(
        coalesce((SELECT version FROM ${roleUsers} WHERE tenant_id = $1::text AND user_id = $2::text), 0),
        coalesce((SELECT max(r.version) FROM effective e JOIN ${roles} r ON r.role = e.role), 0)
      ) AS version`,
  };
}
