/** Door of `@acme/session-store-redis`. */
export type { RedisDriverName } from "./open-connection.js";
export type { IoRedisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from "./redis-connection.js";
export { RedisStore, type RedisStoreOptions, type ReplicaWait, redisStore } from "./redis-store.js";
