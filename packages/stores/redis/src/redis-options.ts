import {
  checkOptions,
  holds,
  invalidOption,
  isFunction,
  isText,
  type OptionCheck,
  type OptionChecks,
  oneOf,
  shaped,
  wholeBetween,
} from "@acme/session-core/store";
import type { RedisDriverName } from "./open-link.js";
import { faultOfClient, keepsOneConnection, type RedisClient } from "./redis-client.js";

export interface RedisStoreOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://`: a connection of our own. Either this or `client`. */
  url?: string | undefined;
  /**
   * The application's own connected client of `@redis/client`, `redis` or `ioredis`, also a pool, through sentinels, or a
   * cluster; `close` leaves it open. A `keyPrefix` that it has stands before ours, in every key.
   */
  client?: RedisClient | undefined;
  /** Which driver opens `url`. Default: `@redis/client` if it is installed, else `ioredis`. */
  driver?: RedisDriverName | undefined;
  /** Start of every key, and in a cluster what decides on the node. Letters, digits, `-` and `_`. Default `acme`. */
  keyPrefix?: string | undefined;
  /**
   * Whose clock decides what has expired: Redis's (default), the same for every machine, or `"engine"`, the clock of
   * the caller, for tests that move it; then keys get no time to live and only clean-up removes them.
   */
  clock?: "server" | "engine" | undefined;
  /**
   * Has a revocation wait until so many replicas have it, and fail (`NOT_REPLICATED`) when they do not in time: it may
   * come undone with a failover, so it has to be repeated. For `url` and clients with one connection per node.
   */
  waitForReplicas?: ReplicaWait | undefined;
  /** Told that Redis may throw sessions away. Default `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined;
}

/** How a revocation waits for replicas. */
export interface ReplicaWait {
  /** 1 or more. */
  readonly count: number;
  /** At most 1500; other commands of the connection wait as long. Default 500. */
  readonly timeoutMs?: number | undefined;
}

const LONGEST_WAIT_MS = 1_500;

/** Whose URL it is that was given to us. */
const OTHERS: readonly (readonly [start: RegExp, whose: string])[] = [
  [/^postgres(?:ql)?:/i, "`postgresStore` of @acme/session-store-postgres"],
  [/^(?:mysql|mariadb):/i, "`mysqlStore` of @acme/session-store-mysql"],
  [/^(?:sqlite|file):/i, "`sqliteStore` of @acme/session-core/sqlite"],
];

const isRedisUrl: OptionCheck = (value, path) => {
  isText(value, path);
  const text = value as string;
  const other = OTHERS.find(([start]) => start.test(text));
  if (other !== undefined) throw invalidOption(path, `is not a URL of Redis; it belongs to ${other[1]}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "redis:" && url.protocol !== "rediss:")) {
    throw invalidOption(path, "must be a URL like redis://user:password@host:6379/0, or rediss:// for TLS");
  }
  if (!/^\/?\d*$/.test(url.pathname)) {
    throw invalidOption(path, "ends with the number of the database (redis://host:6379/0), not with a name");
  }
};

const isClient: OptionCheck = (value, path) => {
  const fault = faultOfClient(value);
  if (fault !== undefined) throw invalidOption(path, fault);
};

const CHECKS: OptionChecks = {
  url: isRedisUrl,
  client: isClient,
  driver: oneOf("@redis/client", "ioredis"),
  keyPrefix: holds(
    (value) => typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value),
    "takes up to 64 letters, digits, - and _",
  ),
  clock: oneOf("server", "engine"),
  waitForReplicas: shaped(
    {
      count: wholeBetween(1, 1_000, "replicas"),
      timeoutMs: wholeBetween(1, LONGEST_WAIT_MS, "ms"),
    },
    ["count"],
  ),
  onWarning: isFunction,
};

/** @throws SessionError `INVALID_OPTION` */
export function checkRedisOptions(given: RedisStoreOptions): RedisStoreOptions {
  const options = checkOptions("redisStore", CHECKS, given);
  const { url, client, driver, waitForReplicas } = options;
  if (url === undefined && client === undefined) {
    throw invalidOption(
      "redisStore.url",
      "url" in options
        ? "is undefined: is the environment variable set?"
        : "`redisStore` takes either `url` or `client`",
    );
  }
  if (url !== undefined && client !== undefined) {
    throw invalidOption("redisStore.client", "`redisStore` takes either `url` or `client`, not both");
  }
  if (client !== undefined && driver !== undefined) {
    throw invalidOption("redisStore.driver", "says what opens `url`, and there is a `client`: leave it out");
  }
  if (waitForReplicas !== undefined && client !== undefined && !keepsOneConnection(client)) {
    throw invalidOption(
      "redisStore.waitForReplicas",
      "takes a client with one connection per node, which a pool, a sentinel client of @redis/client and the `Cluster` of ioredis have not; give `url`, or `createCluster` of @redis/client",
    );
  }
  return options;
}
