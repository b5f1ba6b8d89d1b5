import type { RoleParameter, RoleStatement, RoleStatements } from "@acme/session-core/store";
import type { Names } from "./names.js";
import { SERVER_NOW } from "./statements.js";

const LISTED = "(SELECT json_array_elements_text($2::text::json))";

const statement = (takes: readonly RoleParameter[], text: string): RoleStatement => ({ takes, text });

/** SQL on roles. A list is one JSON array; what is changed is returned, to be counted. */
export function roleStatementsFor(names: Names): RoleStatements {
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
    nextVersion: [
      // Where somebody has emptied the table, it starts above what has been given: tokens may still hold that.
      statement(
        [],
        `INSERT INTO ${roleClock} AS clock (id, version) VALUES (1, 1 + greatest(${SERVER_NOW},
           CASE WHEN EXISTS (SELECT 1 FROM ${roleClock} WHERE id = 1) THEN 0 ELSE greatest(
             (SELECT max(version) FROM ${roles}), (SELECT max(version) FROM ${roleUsers})
           ) END))
         ON CONFLICT (id) DO UPDATE SET version = clock.version + 1 RETURNING version`,
      ),
    ],
    findRole: statement(["role"], `SELECT 1 AS found FROM ${roles} WHERE role = $1::text`),
    insertRole: statement(["role"], `INSERT INTO ${roles} (role, version) VALUES ($1::text, 0)`),
    setRoleVersion: statement(
      ["role", "version"],
      `UPDATE ${roles} SET version = $2::bigint WHERE role = $1::text`,
    ),
    insertPermissions: statement(
      ["role", "listed"],
      `INSERT INTO ${rolePermissions} (role, permission) SELECT DISTINCT $1::text, one FROM ${LISTED} AS listed (one)
       ON CONFLICT DO NOTHING RETURNING permission`,
    ),
    deletePermissions: statement(
      ["role", "listed"],
      `DELETE FROM ${rolePermissions} WHERE role = $1::text AND permission IN ${LISTED} RETURNING permission`,
    ),
    deleteAllPermissions: statement(
      ["role"],
      `DELETE FROM ${rolePermissions} WHERE role = $1::text RETURNING permission`,
    ),
    listPermissions: statement(
      ["role"],
      `SELECT p.permission AS text FROM ${roles} r LEFT JOIN ${rolePermissions} p ON p.role = r.role
       WHERE r.role = $1::text ORDER BY 1`,
    ),
    listParents: statement(
      ["role"],
      `SELECT p.parent AS text FROM ${roles} r LEFT JOIN ${roleParents} p ON p.role = r.role
       WHERE r.role = $1::text ORDER BY 1`,
    ),
    listUsersWithRole: statement(
      ["role", "tenant", "after", "limit"],
      `SELECT u.user_id AS text FROM ${roles} r LEFT JOIN LATERAL (
         SELECT user_id FROM ${userRoles}
         WHERE role = r.role AND tenant_id = $2::text AND ($3::text IS NULL OR user_id > $3::text)
         ORDER BY user_id LIMIT $4::bigint
       ) u ON true WHERE r.role = $1::text ORDER BY 1`,
    ),
    listRoles: statement(
      ["after", "limit"],
      `SELECT role AS text FROM ${roles} WHERE $1::text IS NULL OR role > $1::text ORDER BY role LIMIT $2::bigint`,
    ),
    listRolesWithPermission: statement(
      ["permission"],
      `SELECT role AS text FROM ${rolePermissions} WHERE permission = $1::text ORDER BY role`,
    ),

    touchHeirs: statement(
      ["role", "version"],
      `${heirs} UPDATE ${roleUsers} SET version = $2::bigint
       WHERE (tenant_id, user_id) IN (
         SELECT u.tenant_id, u.user_id FROM heirs h JOIN ${userRoles} u ON u.role = h.role
       )`,
    ),
    deleteRole: statement(["role"], `DELETE FROM ${roles} WHERE role = $1::text`),

    deleteParents: statement(["role"], `DELETE FROM ${roleParents} WHERE role = $1::text`),
    insertParents: statement(
      ["role", "listed"],
      `INSERT INTO ${roleParents} (role, parent) SELECT DISTINCT $1::text, one FROM ${LISTED} AS listed (one)`,
    ),
    listHeirs: statement(["role"], `${heirs} SELECT role AS text FROM heirs`),

    insertAssignment: statement(
      ["tenant", "user", "role"],
      `INSERT INTO ${userRoles} (tenant_id, user_id, role) VALUES ($1::text, $2::text, $3::text)
       ON CONFLICT DO NOTHING RETURNING role`,
    ),
    deleteAssignment: statement(
      ["tenant", "user", "role"],
      `DELETE FROM ${userRoles} WHERE tenant_id = $1::text AND user_id = $2::text AND role = $3::text RETURNING role`,
    ),
    touchUser: statement(
      ["tenant", "user", "version"],
      `INSERT INTO ${roleUsers} (tenant_id, user_id, version) VALUES ($1::text, $2::text, $3::bigint)
       ON CONFLICT (tenant_id, user_id) DO UPDATE SET version = excluded.version`,
    ),
    listAssignmentsOfUser: statement(
      ["user", "tenant"],
      `SELECT tenant_id AS text FROM ${userRoles}
       WHERE user_id = $1::text AND ($2::text IS NULL OR tenant_id = $2::text)`,
    ),
    deleteAssignmentsOfUser: statement(
      ["user", "tenant"],
      `DELETE FROM ${userRoles} WHERE user_id = $1::text AND ($2::text IS NULL OR tenant_id = $2::text)`,
    ),

    listRolesOfUser: statement(
      ["tenant", "user"],
      `SELECT role AS text FROM ${userRoles} WHERE tenant_id = $1::text AND user_id = $2::text ORDER BY role`,
    ),
    listTenantsWithRole: statement(
      ["role"],
      `${heirs} SELECT DISTINCT u.tenant_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role ORDER BY 1`,
    ),
    listAffectedUsers: statement(
      ["role", "tenant", "after", "limit"],
      `${heirs} SELECT DISTINCT u.user_id AS text FROM heirs h JOIN ${userRoles} u ON u.role = h.role
       WHERE u.tenant_id = $2::text AND ($3::text IS NULL OR u.user_id > $3::text) ORDER BY 1 LIMIT $4::bigint`,
    ),

    // Everything in one statement, hence from one moment.
    readAuthorization: statement(
      ["tenant", "user"],
      `SELECT found.kind, found.text, found.version, pg_is_in_recovery()::int AS "isStandby" FROM (SELECT 1) AS node LEFT JOIN (${effective}
       SELECT 1 AS kind, role COLLATE "C" AS text, 0::bigint AS version FROM ${userRoles}
       WHERE tenant_id = $1::text AND user_id = $2::text
       UNION ALL
       SELECT 2, r.role, r.version FROM effective e JOIN ${roles} r ON r.role = e.role
       UNION ALL
       SELECT DISTINCT 3, p.permission, 0::bigint FROM effective e JOIN ${rolePermissions} p ON p.role = e.role
       UNION ALL
       SELECT 4, user_id, version FROM ${roleUsers} WHERE tenant_id = $1::text AND user_id = $2::text
       ) AS found ON true ORDER BY 2`,
    ),
    readVersion: statement(
      ["tenant", "user"],
      `${effective}
       SELECT greatest(
         coalesce((SELECT version FROM ${roleUsers} WHERE tenant_id = $1::text AND user_id = $2::text), 0),
         coalesce((SELECT max(r.version) FROM effective e JOIN ${roles} r ON r.role = e.role), 0)
       ) AS version, pg_is_in_recovery()::int AS "isStandby"`,
    ),
  };
}
