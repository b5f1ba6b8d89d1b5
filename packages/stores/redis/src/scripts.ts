import type { SessionRow } from "@acme/session-core/store";
import { script as scriptOf } from "./script.js";

/** Fields of the session hash, in the order in which scripts give them back. A missing one is null. */
export const SESSION_FIELDS = [
  "handle",
  "tenantId",
  "userId",
  "refreshTokenHash2",
  "previousRefreshTokenHash2",
  "secretId",
  "previousSecretId",
  "generation",
  "rotatedAtMs",
  "sessionDataJson",
  "accessTokenPayloadJson",
  "createdAtMs",
  "expiresAtMs",
  "absoluteExpiresAtMs",
] as const satisfies readonly (keyof SessionRow)[];

/** Null until the first promotion; every other field is always there. */
const NULLABLE_FIELDS: ReadonlySet<string> = new Set<keyof SessionRow>([
  "previousRefreshTokenHash2",
  "previousSecretId",
  "rotatedAtMs",
]);

/** Whole numbers; the others are texts. */
export const NUMBER_FIELDS: ReadonlySet<string> = new Set<keyof SessionRow>([
  "generation",
  "rotatedAtMs",
  "createdAtMs",
  "expiresAtMs",
  "absoluteExpiresAtMs",
]);

/** Every field that must be there is, and those that scripts calculate with are numbers; in one expression, as it is asked on every read. */
const isWhole = SESSION_FIELDS.flatMap((field, index) => {
  const value = `row[${index + 1}]`;
  if (field === "handle") return [`${value} == handle`];
  if (NULLABLE_FIELDS.has(field)) return [];
  return [NUMBER_FIELDS.has(field) ? `tonumber(${value} or '')` : value];
}).join(" and ");

/** What the scripts of the session store share. KEYS[1] is the expiry index. */
const PRELUDE = `
local expiryKey = KEYS[1]
local isServerClock = given == ''
local now = isServerClock and serverNow or tonumber(given)
local function text(number) return string.format('%.0f', number) end
local function sessionKey(handle) return prefix .. 'session:' .. handle end
local function userKey(userId) return prefix .. 'user:' .. userId end
local fields = {${SESSION_FIELDS.map((field) => `'${field}'`).join(", ")}}
local numeric = {${[...NUMBER_FIELDS].map((field) => `${field} = true`).join(", ")}}
local nullable = {${[...NULLABLE_FIELDS].map((field) => `${field} = true`).join(", ")}}
local function damaged(handle, field) error('DAMAGED session ' .. handle .. ' field ' .. field) end
-- A row that is not whole is neither a session nor none: nothing is done with it.
local function whole(handle, row)
  if ${isWhole} then return row end
  if row[1] and row[1] ~= handle then damaged(handle, 'handle') end
  for index, field in ipairs(fields) do
    if not row[index] and not nullable[field] then damaged(handle, field) end
  end
  for index, field in ipairs(fields) do
    if numeric[field] and row[index] and not tonumber(row[index]) then damaged(handle, field) end
  end
end
local function stored(handle)
  local row = redis.call('HMGET', sessionKey(handle), unpack(fields))
  if row[1] or redis.call('EXISTS', sessionKey(handle)) == 1 then return whole(handle, row) end
  return nil
end
local function live(handle)
  local row = stored(handle)
  if not row or tonumber(row[13]) <= now then return nil end
  return row
end
local function answer(row)
  table.insert(row, text(now))
  return row
end
-- An index lives as long as the last session in it.
local function expire(index)
  local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')
  if isServerClock and last[2] then redis.call('PEXPIREAT', index, text(tonumber(last[2]))) end
end
local function keepUntil(handle, userId, expiresAt)
  if isServerClock then redis.call('PEXPIREAT', sessionKey(handle), expiresAt) end
  redis.call('ZREMRANGEBYSCORE', userKey(userId), '-inf', text(now))
  for _, index in ipairs({expiryKey, userKey(userId)}) do
    redis.call('ZADD', index, expiresAt, handle)
    expire(index)
  end
end
-- Says whether the session was there and live. What is damaged is removed as well, and counts as live.
local function remove(handle)
  local found = redis.call('HMGET', sessionKey(handle), 'userId', 'expiresAtMs')
  redis.call('ZREM', expiryKey, handle)
  if found[1] then redis.call('ZREM', userKey(found[1]), handle) end
  if redis.call('DEL', sessionKey(handle)) == 0 then return false end
  return (tonumber(found[2] or '') or math.huge) > now
end
`;

const script = (need: Parameters<typeof scriptOf>[0], body: string) => scriptOf(need, PRELUDE, body);

/** One script per operation (security.md ST-01). Values are arguments only (ST-11); the first own one is ARGV[2]. */
export const scripts = {
  /**
   * handle, user, expiry, then `writer`, the mark of this operation, then field, value …; gives 1 if the row is this
   * operation's own: it may come twice, since clients send again what they got no answer to
   */
  insertSession: script(
    "needs memory",
    `
local key = sessionKey(ARGV[2])
if redis.call('EXISTS', key) == 1 then
  if redis.call('HGET', key, 'writer') == ARGV[6] then return 1 end
  return 0
end
redis.call('HSET', key, unpack(ARGV, 5))
if isServerClock or tonumber(ARGV[4]) > now then keepUntil(ARGV[2], ARGV[3], ARGV[4])
else
  redis.call('ZADD', expiryKey, ARGV[4], ARGV[2])
  redis.call('ZADD', userKey(ARGV[3]), ARGV[4], ARGV[2])
end
return 1`,
  ),

  /** handle */
  getSession: script(
    "needs no memory",
    `
local row = live(ARGV[2])
return row and answer(row)`,
  ),

  /** handle, expected hash, next hash, next secret id, validity, mark of this operation (see `insertSession`) */
  promoteSession: script(
    "needs memory",
    `
local row = live(ARGV[2])
if not row then return false end
if row[4] ~= ARGV[3] then
  return row[4] == ARGV[4] and redis.call('HGET', sessionKey(ARGV[2]), 'writer') == ARGV[7] and answer(row)
end
local expiresAt = text(math.min(now + tonumber(ARGV[6]), tonumber(row[14])))
redis.call('HSET', sessionKey(ARGV[2]),
  'previousRefreshTokenHash2', row[4], 'previousSecretId', row[6], 'refreshTokenHash2', ARGV[4], 'secretId', ARGV[5],
  'generation', text(tonumber(row[8]) + 1), 'rotatedAtMs', text(now), 'expiresAtMs', expiresAt, 'writer', ARGV[7])
keepUntil(ARGV[2], row[3], expiresAt)
return answer(redis.call('HMGET', sessionKey(ARGV[2]), unpack(fields)))`,
  ),

  /** handle, next payload; then what it was computed from: payload, generation, data */
  replacePayload: script(
    "needs memory",
    `
local row = live(ARGV[2])
if not row or row[11] ~= ARGV[4] or row[8] ~= ARGV[5] or row[10] ~= ARGV[6] then return false end
redis.call('HSET', sessionKey(ARGV[2]), 'accessTokenPayloadJson', ARGV[3])
row[11] = ARGV[3]
return answer(row)`,
  ),

  /** handle, data */
  replaceSessionData: script(
    "needs memory",
    `
if not live(ARGV[2]) then return 0 end
redis.call('HSET', sessionKey(ARGV[2]), 'sessionDataJson', ARGV[3])
return 1`,
  ),

  /** handles */
  deleteSessions: script(
    "needs no memory",
    `
local deleted = {}
for index = 2, #ARGV do
  if remove(ARGV[index]) then table.insert(deleted, ARGV[index]) end
end
return deleted`,
  ),

  /** user, "1" and tenant or "0" and nothing: takes entries out whose session is gone */
  listSessionHandles: script(
    "needs no memory",
    `
local handles = {}
for _, handle in ipairs(redis.call('ZRANGE', userKey(ARGV[2]), 0, -1)) do
  local found = redis.call('HMGET', sessionKey(handle), 'tenantId', 'expiresAtMs')
  if not found[1] or not found[2] then
    if redis.call('EXISTS', sessionKey(handle)) == 1 then damaged(handle, found[1] and 'expiresAtMs' or 'tenantId') end
    redis.call('ZREM', userKey(ARGV[2]), handle)
  elseif tonumber(found[2]) > now and (ARGV[3] == '0' or found[1] == ARGV[4]) then table.insert(handles, handle) end
end
return handles`,
  ),

  /** user, "1" and tenant or "0" and nothing */
  deleteSessionsOfUser: script(
    "needs no memory",
    `
local deleted = {}
for _, handle in ipairs(redis.call('ZRANGE', userKey(ARGV[2]), 0, -1)) do
  local tenantId = redis.call('HGET', sessionKey(handle), 'tenantId')
  if not tenantId or ARGV[3] == '0' or tenantId == ARGV[4] then
    local wasLive = remove(handle)
    redis.call('ZREM', userKey(ARGV[2]), handle)
    if wasLive then table.insert(deleted, handle) end
  end
end
return deleted`,
  ),

  /** limit, the caller's now, greatest difference of the clocks; gives how many, and the difference */
  deleteExpiredSessions: script(
    "needs no memory",
    `
local difference = math.abs(now - tonumber(ARGV[3]))
if difference > tonumber(ARGV[4]) then return {0, text(difference)} end
local count = 0
for _, handle in ipairs(redis.call('ZRANGEBYSCORE', expiryKey, '-inf', text(now), 'LIMIT', 0, ARGV[2])) do
  remove(handle)
  count = count + 1
end
return {count, text(difference)}`,
  ),

  /** cursor of ZSCAN, count; gives the next cursor and the rows, expired ones too */
  scanSessions: script(
    "needs no memory",
    `
local page = redis.call('ZSCAN', expiryKey, ARGV[2], 'COUNT', ARGV[3])
local rows = {}
for index = 1, #page[2], 2 do
  local row = stored(page[2][index])
  if row then table.insert(rows, answer(row)) end
end
return {page[1], rows}`,
  ),

  listSigningKeys: script("needs no memory", `return redis.call('HVALS', prefix .. 'keys')`),

  /** kid, slot, key as JSON; gives 1 if it was inserted, 2 if the very same is there */
  insertSigningKey: script(
    "needs memory",
    `
local keys, slots = prefix .. 'keys', prefix .. 'key-slots'
if redis.call('HGET', keys, ARGV[2]) == ARGV[4] then return 2 end
if redis.call('HEXISTS', keys, ARGV[2]) == 1 or redis.call('HSETNX', slots, ARGV[3], ARGV[2]) == 0 then return 0 end
redis.call('HSET', keys, ARGV[2], ARGV[4])
return 1`,
  ),

  /** kids */
  deleteSigningKeys: script(
    "needs no memory",
    `
local slots = redis.call('HGETALL', prefix .. 'key-slots')
for index = 2, #ARGV do
  redis.call('HDEL', prefix .. 'keys', ARGV[index])
  for slot = 1, #slots, 2 do
    if slots[slot + 1] == ARGV[index] then redis.call('HDEL', prefix .. 'key-slots', slots[slot]) end
  end
end
return 1`,
  ),

  /** candidate as JSON or nothing: put in only where there is none but withdrawn ones, of another id */
  listSecrets: script(
    "needs no memory",
    `
local key, candidate = prefix .. 'secrets', ARGV[2]
local id = candidate and cjson.decode(candidate).id
for _, json in ipairs(redis.call('LRANGE', key, 0, -1)) do
  local row = cjson.decode(json)
  if row.secret ~= '' or row.id == id then candidate = nil end
end
if candidate then redis.call('RPUSH', key, candidate) end
return redis.call('LRANGE', key, 0, -1)`,
  ),

  /** id, what is left as JSON; gives 1 if the secret was there, 2 if it has been withdrawn before */
  withdrawSecret: script(
    "needs no memory",
    `
local key = prefix .. 'secrets'
for place, json in ipairs(redis.call('LRANGE', key, 0, -1)) do
  local row = cjson.decode(json)
  if row.id == ARGV[2] then
    if row.secret == '' then return 2 end
    redis.call('LSET', key, place - 1, ARGV[3])
    return 1
  end
end
return 0`,
  ),

  /** interval; gives how long ago the latest clean-up was, nothing if it is not time, an empty text if there was none */
  claimCleanUp: script(
    "needs memory",
    `
local mark = redis.call('GET', prefix .. 'clean-up')
local since = mark and now - tonumber(mark)
if since and since >= -60000 and since < tonumber(ARGV[2]) then return false end
redis.call('SET', prefix .. 'clean-up', text(now))
if not since or since < -60000 then return '' end
return text(since)`,
  ),

  readMemoryPolicy: script("needs no memory", `return redis.call('INFO', 'memory')`),
} as const;
