/** What the store asks of a client. */
export interface RedisConnection {
  /** One command; `key` tells a cluster where it belongs. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Replaces a connection that is of no use any more. */
  renew(): void;
  close(): Promise<void>;
}

/** The part of a client of `@redis/client` (or `redis`) that is used. */
export interface NodeRedisClient {
  sendCommand(command: string[]): Promise<unknown>;
  readonly isOpen: boolean;
}

/** The part of a cluster client of `@redis/client` (or `redis`) that is used. */
export interface NodeRedisCluster {
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    command: string[],
  ): Promise<unknown>;
  readonly masters: readonly unknown[];
}

/** The part of `ioredis` that is used, single or cluster. */
export interface IoRedisClient {
  call(command: string, args: string[]): Promise<unknown>;
}

export type RedisClient = NodeRedisClient | NodeRedisCluster | IoRedisClient;

/**
 * Whether a command goes over the same connection as the one before it, which WAIT counts on. A pool hands out any; and
 * `Cluster` of `ioredis` sends a command without a key to any node.
 */
export function keepsOneConnection(client: RedisClient): boolean {
  return !("totalClients" in client) && !("isCluster" in client && client.isCluster === true);
}

/** The application's own client, which is neither renewed nor closed. */
export function adoptClient(client: RedisClient): RedisConnection {
  return { send: sender(client), renew() {}, async close() {} };
}

export function sender(client: RedisClient): RedisConnection["send"] {
  if ("call" in client) return (_, [name = "", ...args]) => client.call(name, args);
  if ("masters" in client) return (key, command) => client.sendCommand(key, false, [...command]);
  return (_, command) => client.sendCommand([...command]);
}
