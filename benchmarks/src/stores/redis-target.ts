import { startPrivateServer } from "@acme/servers";
import { redisStore } from "@acme/session-store-redis";
import { Redis } from "ioredis";
import { FIRST_HASH, filled, PAYLOAD_JSON, rawSession } from "./raw-session.ts";
import type { Target } from "./target.ts";

const FIELDS = [
  "handle",
  "tenantId",
  "userId",
  "refreshTokenHash2",
  undefined,
  "secretId",
  undefined,
  "generation",
  undefined,
  "sessionDataJson",
  "accessTokenPayloadJson",
  "createdAtMs",
  "expiresAtMs",
  "absoluteExpiresAtMs",
] as const;
const EXPIRY = "{acme}:expiry";
const BULK = 5_000;

/** handle, user, expiry, then field, value … */
const INSERT = `
redis.call('HSET', '{acme}:session:' .. ARGV[1], unpack(ARGV, 4))
redis.call('PEXPIREAT', '{acme}:session:' .. ARGV[1], ARGV[3])
redis.call('ZADD', '{acme}:user:' .. ARGV[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1`;
/** handle, user, expected hash, next hash, expiry */
const CAS = `
local key = '{acme}:session:' .. ARGV[1]
if redis.call('HGET', key, 'refreshTokenHash2') ~= ARGV[3] then return 0 end
redis.call('HSET', key, 'refreshTokenHash2', ARGV[4], 'expiresAtMs', ARGV[5])
redis.call('HINCRBY', key, 'generation', 1)
redis.call('PEXPIREAT', key, ARGV[5])
redis.call('ZADD', '{acme}:user:' .. ARGV[2], ARGV[5], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[5], ARGV[1])
return 1`;
/** first, last, expired every, expired at, expires at, absolute expiry, hash, payload */
const FILL = `
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local handle = string.format('%032x', (n * 2654435761) % 4294967296)
  local user = string.format('user-%d', math.floor(n / 3))
  local expires = ARGV[5]
  if n % tonumber(ARGV[3]) == 0 then expires = ARGV[4] end
  redis.call('HSET', '{acme}:session:' .. handle, 'handle', handle, 'tenantId', 'public', 'userId', user,
    'refreshTokenHash2', ARGV[7], 'secretId', '8characs', 'generation', '0', 'sessionDataJson', '{}',
    'accessTokenPayloadJson', ARGV[8], 'createdAtMs', '1', 'expiresAtMs', expires, 'absoluteExpiresAtMs', ARGV[6])
  redis.call('ZADD', '{acme}:user:' .. user, expires, handle)
  redis.call('ZADD', KEYS[1], expires, handle)
end
return 1`;

interface Scripts {
  rawInsert(key: string, ...values: (string | number)[]): Promise<unknown>;
  rawCas(key: string, ...values: (string | number)[]): Promise<unknown>;
}

export async function startRedis(): Promise<Target> {
  const server = await startPrivateServer("redis", ["--appendonly", "yes"]);
  const { url } = server;
  const client = new Redis(url);
  client.defineCommand("rawInsert", { numberOfKeys: 1, lua: INSERT });
  client.defineCommand("rawCas", { numberOfKeys: 1, lua: CAS });
  const scripts = client as Redis & Scripts;
  return {
    open: () => redisStore({ url, driver: "ioredis" }),
    rawInsert(handle) {
      const row = rawSession(handle);
      const fields = FIELDS.flatMap((field, index) => (field === undefined ? [] : [field, row[index] ?? ""]));
      return scripts.rawInsert(EXPIRY, handle, "raw", filled.expiresMs(), ...fields);
    },
    rawCas: (handle) => scripts.rawCas(EXPIRY, handle, "raw", FIRST_HASH, FIRST_HASH, filled.expiresMs()),
    async fill(count, expiredEvery) {
      const times = [filled.expiredMs(), filled.expiresMs(), filled.absoluteMs()];
      for (let done = 0; done < count; done += BULK) {
        const last = Math.min(done + BULK, count);
        await client.eval(FILL, 1, EXPIRY, done + 1, last, expiredEvery, ...times, FIRST_HASH, PAYLOAD_JSON);
      }
    },
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}
