/**
 * SQL of the role store. Each is one atomic statement or one step of a transaction; parameters only. CROSS JOIN keeps
 * SQLite from walking a whole table instead of the few rows on its left.
 */

/** The roles of a user in a tenant, and everything they inherit from. tenant, user */
const EFFECTIVE = `
  WITH RECURSIVE effective (role) AS (
    SELECT role FROM user_roles WHERE tenant_id = ? AND user_id = ?
    UNION
    SELECT parent FROM effective CROSS JOIN role_parents USING (role)
  )`;

/** The role, and everything that inherits from it. role */
const HEIRS = `
  WITH RECURSIVE heirs (role) AS (
    SELECT role FROM roles WHERE role = ?
    UNION
    SELECT role_parents.role FROM heirs CROSS JOIN role_parents ON role_parents.parent = heirs.role
  )`;

/** A counter that every change takes its version from. */
export const NEXT_VERSION = "UPDATE role_clock SET version = version + 1 RETURNING version";
/** Where somebody has emptied the table, it starts above what has been given, which tokens may still hold. */
export const FIRST_VERSION = `
  INSERT INTO role_clock (version)
  SELECT 1 + max(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER),
    coalesce((SELECT max(version) FROM roles), 0), coalesce((SELECT max(version) FROM role_users), 0))
  RETURNING version`;

export const FIND_ROLE = "SELECT 1 AS found FROM roles WHERE role = ?";
/** role, version */
export const INSERT_ROLE = "INSERT INTO roles (role, version) VALUES (?, ?) ON CONFLICT DO NOTHING";
/** version, role */
export const SET_ROLE_VERSION = "UPDATE roles SET version = ? WHERE role = ?";
/** role, permissions as a JSON array */
export const INSERT_PERMISSIONS = `
  INSERT INTO role_permissions (role, permission) SELECT ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`;
/** role, permissions as a JSON array */
export const DELETE_PERMISSIONS =
  "DELETE FROM role_permissions WHERE role = ? AND permission IN (SELECT value FROM json_each(?))";
export const DELETE_ALL_PERMISSIONS = "DELETE FROM role_permissions WHERE role = ?";
export const LIST_PERMISSIONS =
  "SELECT permission AS text FROM role_permissions WHERE role = ? ORDER BY permission";
/** after, after, limit */
export const LIST_ROLES = "SELECT role AS text FROM roles WHERE ? IS NULL OR role > ? ORDER BY role LIMIT ?";
export const LIST_ROLES_WITH_PERMISSION =
  "SELECT role AS text FROM role_permissions WHERE permission = ? ORDER BY role";

/** role, version: users who are about to lose it */
export const TOUCH_HEIRS = `
  ${HEIRS} UPDATE role_users SET version = ?
  WHERE (tenant_id, user_id) IN (SELECT tenant_id, user_id FROM heirs CROSS JOIN user_roles USING (role))`;
export const DELETE_ASSIGNMENTS = "DELETE FROM user_roles WHERE role = ?";
export const DELETE_ROLE = "DELETE FROM roles WHERE role = ?";

export const DELETE_PARENTS = "DELETE FROM role_parents WHERE role = ?";
/** role, parents as a JSON array */
export const INSERT_PARENTS = `
  INSERT INTO role_parents (role, parent) SELECT ?, value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`;
export const LIST_PARENTS = "SELECT parent AS text FROM role_parents WHERE role = ? ORDER BY parent";
/** parents as a JSON array */
export const COUNT_ROLES =
  "SELECT count(*) AS count FROM roles WHERE role IN (SELECT value FROM json_each(?))";
/** role; parents as a JSON array: whether one of them is the role or inherits from it */
export const FIND_CYCLE = `${HEIRS} SELECT 1 AS found FROM heirs WHERE role IN (SELECT value FROM json_each(?)) LIMIT 1`;

/** tenant, user, role */
export const INSERT_ASSIGNMENT =
  "INSERT INTO user_roles (tenant_id, user_id, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
/** tenant, user, role */
export const DELETE_ASSIGNMENT = "DELETE FROM user_roles WHERE tenant_id = ? AND user_id = ? AND role = ?";
/** tenant, user, version */
export const TOUCH_USER = `
  INSERT INTO role_users (tenant_id, user_id, version) VALUES (?, ?, ?)
  ON CONFLICT (tenant_id, user_id) DO UPDATE SET version = excluded.version`;
/** user, tenant or null, tenant or null */
export const DELETE_ASSIGNMENTS_OF_USER = `
  DELETE FROM user_roles WHERE user_id = ? AND (? IS NULL OR tenant_id = ?) RETURNING tenant_id AS text`;

/** tenant, user */
export const LIST_ROLES_OF_USER =
  "SELECT role AS text FROM user_roles WHERE tenant_id = ? AND user_id = ? ORDER BY role";
/** tenant, role, after, after, limit */
export const LIST_USERS_WITH_ROLE = `
  SELECT user_id AS text FROM user_roles WHERE tenant_id = ? AND role = ? AND (? IS NULL OR user_id > ?)
  ORDER BY user_id LIMIT ?`;
/** role */
export const LIST_TENANTS_WITH_ROLE = `
  ${HEIRS} SELECT DISTINCT tenant_id AS text FROM heirs CROSS JOIN user_roles USING (role) ORDER BY tenant_id`;
/** role, tenant, after, after, limit */
export const LIST_AFFECTED_USERS = `
  ${HEIRS} SELECT DISTINCT user_id AS text FROM heirs CROSS JOIN user_roles USING (role)
  WHERE tenant_id = ? AND (? IS NULL OR user_id > ?) ORDER BY user_id LIMIT ?`;

/** tenant, user (three times): everything in one statement, hence from one moment */
export const READ_AUTHORIZATION = `
  ${EFFECTIVE}
  SELECT 'assigned' AS kind, role AS text, 0 AS version FROM user_roles WHERE tenant_id = ? AND user_id = ?
  UNION ALL
  SELECT 'effective', role, version FROM effective CROSS JOIN roles USING (role)
  UNION ALL
  SELECT DISTINCT 'permission', permission, 0 FROM effective CROSS JOIN role_permissions USING (role)
  UNION ALL
  SELECT 'user', user_id, version FROM role_users WHERE tenant_id = ? AND user_id = ?
  ORDER BY 2`;
/** tenant, user, tenant, user */
export const READ_VERSION = `
  ${EFFECTIVE}
  SELECT max(
    coalesce((SELECT version FROM role_users WHERE tenant_id = ? AND user_id = ?), 0),
    coalesce((SELECT max(roles.version) FROM effective CROSS JOIN roles USING (role)), 0)
  ) AS version`;
