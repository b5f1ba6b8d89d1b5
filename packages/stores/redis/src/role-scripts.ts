import { script } from "./script.js";

/**
 * What the scripts of the role store share. A role is a member of `roles` and has a version; its permissions, its
 * parents and those who inherit from it directly are sets. An assignment stands twice: with the user, and in the order
 * of user ids with the role.
 */
const PRELUDE = `
local names, versions, userVersions = prefix .. 'roles', prefix .. 'role-versions', prefix .. 'user-versions'
-- Two texts as one, that no other two make: "a", "b:c" is not "a:b", "c".
local function pair(first, second) return #first .. ':' .. first .. ':' .. second end
local function permissionsOf(role) return prefix .. 'role-permissions:' .. role end
local function parentsOf(role) return prefix .. 'role-parents:' .. role end
local function childrenOf(role) return prefix .. 'role-children:' .. role end
local function tenantsOf(role) return prefix .. 'role-tenants:' .. role end
local function usersOf(tenant, role) return prefix .. 'role-users:' .. pair(tenant, role) end
local function rolesOf(tenant, user) return prefix .. 'user-roles:' .. pair(tenant, user) end
local function tenantsOfUser(user) return prefix .. 'user-tenants:' .. user end
local function exists(role) return redis.call('HEXISTS', versions, role) == 1 end
local function members(set) return redis.call('SMEMBERS', set) end
-- These texts, and all that "edgesOf" leads to from there.
local function closure(roles, edgesOf)
  local found, isKnown = {}, {}
  local function add(list)
    for _, role in ipairs(list) do
      if not isKnown[role] then
        isKnown[role] = true
        table.insert(found, role)
      end
    end
  end
  add(roles)
  local index = 1
  while found[index] do
    add(members(edgesOf(found[index])))
    index = index + 1
  end
  return found
end
local function page(set, from, limit) return redis.call('ZRANGEBYLEX', set, from, '+', 'LIMIT', 0, limit) end
local function versionOf(tenant, user, effective)
  local version = tonumber(redis.call('HGET', userVersions, pair(tenant, user)) or 0)
  for _, role in ipairs(effective) do
    version = math.max(version, tonumber(redis.call('HGET', versions, role) or 0))
  end
  return string.format('%.0f', version)
end
-- The time, so that a version which a failover has lost is not given to another change (epoch).
local function nextVersion()
  local last = prefix .. 'role-clock'
  local version = string.format('%.0f', math.max(tonumber(redis.call('GET', last) or 0) + 1, serverNow))
  redis.call('SET', last, version)
  return version
end
local function touchRole(role) redis.call('HSET', versions, role, nextVersion()) end
local function touchUser(tenant, user, version) redis.call('HSET', userVersions, pair(tenant, user), version) end
local function unassign(tenant, user, role)
  if redis.call('SREM', rolesOf(tenant, user), role) == 0 then return false end
  redis.call('ZREM', usersOf(tenant, role), user)
  if redis.call('EXISTS', usersOf(tenant, role)) == 0 then redis.call('SREM', tenantsOf(role), tenant) end
  if redis.call('EXISTS', rolesOf(tenant, user)) == 0 then redis.call('SREM', tenantsOfUser(user), tenant) end
  return true
end
local function disinherit(role)
  for _, parent in ipairs(members(parentsOf(role))) do redis.call('SREM', childrenOf(parent), role) end
  redis.call('DEL', parentsOf(role))
end
`;

const reading = (body: string) => script("needs no memory", PRELUDE, body);
/** Takes something away; a new version is a few bytes, and is written when the memory is full, too. */
const removing = reading;
const adding = (body: string) => script("needs memory", PRELUDE, body);

/** One script per operation. Values are arguments only (security.md ST-11); the first own one is ARGV[2]. */
export const roleScripts = {
  /** role, permissions; gives 1 if the role was made */
  grantPermissions: adding(`
local role = ARGV[2]
local isNew = redis.call('HSETNX', versions, role, 0)
redis.call('ZADD', names, 0, role)
local count = 0
for index = 3, #ARGV do count = count + redis.call('SADD', permissionsOf(role), ARGV[index]) end
if count > 0 then touchRole(role) end
return isNew`),

  /** role, "all" or "these", permissions; gives whether there is such a role */
  revokePermissions: removing(`
local role = ARGV[2]
if not exists(role) then return 0 end
local count = 0
if ARGV[3] == 'all' then count = redis.call('DEL', permissionsOf(role)) end
for index = 4, #ARGV do count = count + redis.call('SREM', permissionsOf(role), ARGV[index]) end
if count > 0 then touchRole(role) end
return 1`),

  /** role */
  listPermissions: reading("return exists(ARGV[2]) and members(permissionsOf(ARGV[2]))"),

  /** from, limit */
  listRoles: reading("return page(names, ARGV[2], ARGV[3])"),

  /** permission */
  listRolesWithPermission: reading(`
local found = {}
for _, role in ipairs(redis.call('ZRANGE', names, 0, -1)) do
  if redis.call('SISMEMBER', permissionsOf(role), ARGV[2]) == 1 then table.insert(found, role) end
end
return found`),

  /** role; gives whether it was there */
  deleteRole: removing(`
local role = ARGV[2]
if not exists(role) then return 0 end
local version = nextVersion()
for _, heir in ipairs(closure({role}, childrenOf)) do
  for _, tenant in ipairs(members(tenantsOf(heir))) do
    for _, user in ipairs(redis.call('ZRANGE', usersOf(tenant, heir), 0, -1)) do
      touchUser(tenant, user, version)
      if heir == role then unassign(tenant, user, role) end
    end
  end
end
disinherit(role)
for _, child in ipairs(members(childrenOf(role))) do redis.call('SREM', parentsOf(child), role) end
redis.call('DEL', childrenOf(role), permissionsOf(role))
redis.call('HDEL', versions, role)
redis.call('ZREM', names, role)
return 1`),

  /** role, parents */
  setParents: adding(`
local role = ARGV[2]
for index = 2, #ARGV do if not exists(ARGV[index]) then return 'unknown-role' end end
local inherits = {}
for _, heir in ipairs(closure({role}, childrenOf)) do inherits[heir] = true end
for index = 3, #ARGV do if inherits[ARGV[index]] then return 'cycle' end end
disinherit(role)
for index = 3, #ARGV do
  redis.call('SADD', parentsOf(role), ARGV[index])
  redis.call('SADD', childrenOf(ARGV[index]), role)
end
touchRole(role)
return 'ok'`),

  /** role */
  listParents: reading("return exists(ARGV[2]) and members(parentsOf(ARGV[2]))"),

  /** tenant, user, role */
  assignRole: adding(`
local tenant, user, role = ARGV[2], ARGV[3], ARGV[4]
if not exists(role) then return 'unknown-role' end
if redis.call('SADD', rolesOf(tenant, user), role) == 0 then return 'had-it' end
redis.call('ZADD', usersOf(tenant, role), 0, user)
redis.call('SADD', tenantsOf(role), tenant)
redis.call('SADD', tenantsOfUser(user), tenant)
touchUser(tenant, user, nextVersion())
return 'assigned'`),

  /** tenant, user, role */
  unassignRole: removing(`
local tenant, user, role = ARGV[2], ARGV[3], ARGV[4]
if not exists(role) then return 'unknown-role' end
if not unassign(tenant, user, role) then return 'lacked-it' end
touchUser(tenant, user, nextVersion())
return 'unassigned'`),

  /** user, and a tenant or nothing; gives how many */
  unassignAll: removing(`
local user, count = ARGV[2], 0
for _, tenant in ipairs(ARGV[3] and {ARGV[3]} or members(tenantsOfUser(user))) do
  local roles = members(rolesOf(tenant, user))
  for _, role in ipairs(roles) do unassign(tenant, user, role) end
  if #roles > 0 then touchUser(tenant, user, nextVersion()) end
  count = count + #roles
end
return count`),

  /** tenant, user */
  listRolesOfUser: reading("return members(rolesOf(ARGV[2], ARGV[3]))"),

  /** tenant, role, from, limit */
  listUsersWithRole: reading("return exists(ARGV[3]) and page(usersOf(ARGV[2], ARGV[3]), ARGV[4], ARGV[5])"),

  /** role; a tenant may come more than once */
  listTenantsWithRole: reading(`
local tenants = {}
for _, heir in ipairs(closure({ARGV[2]}, childrenOf)) do
  for _, tenant in ipairs(members(tenantsOf(heir))) do table.insert(tenants, tenant) end
end
return tenants`),

  /** tenant, role, from, limit; gives a page of each role's users, one behind the other */
  listAffectedUsers: reading(`
local users = {}
for _, heir in ipairs(closure({ARGV[3]}, childrenOf)) do
  for _, user in ipairs(page(usersOf(ARGV[2], heir), ARGV[4], ARGV[5])) do table.insert(users, user) end
end
return users`),

  /** tenant, user; gives the roles, the effective roles, their permissions (some more than once) and the version */
  readAuthorization: reading(`
local roles = members(rolesOf(ARGV[2], ARGV[3]))
local effective, permissions = closure(roles, parentsOf), {}
for _, role in ipairs(effective) do
  for _, permission in ipairs(members(permissionsOf(role))) do table.insert(permissions, permission) end
end
return {roles, effective, permissions, versionOf(ARGV[2], ARGV[3], effective)}`),

  /** tenant, user */
  readAuthorizationVersion: reading(`
return versionOf(ARGV[2], ARGV[3], closure(members(rolesOf(ARGV[2], ARGV[3])), parentsOf))`),
} as const;
