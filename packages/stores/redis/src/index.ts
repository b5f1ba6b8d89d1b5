/** Door of `@acme/session-store-redis`. */
export type { RedisDriverName } from "./open-link.js";
export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  RedisClient,
} from "./redis-client.js";
export type { RedisStoreOptions, ReplicaWait } from "./redis-options.js";
export { RedisStore, redisStore } from "./redis-store.js";
