/** The part of a client or pool of `@redis/client` (or `redis`) that is used. */
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
  readonly isOpen: boolean;
}

/** The part of a sentinel client of `@redis/client` (or `redis`) that is used. */
export interface NodeRedisSentinel {
  sendCommand(isReadonly: boolean | undefined, command: string[]): Promise<unknown>;
  getMasterNode(): unknown;
  readonly isOpen: boolean;
}

/** The part of `ioredis` that is used: single, through sentinels, or cluster. */
export interface IoRedisClient {
  call(command: string, args: string[]): Promise<unknown>;
  readonly status: string;
}

export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoRedisClient;

/** Answers as they come from the server, whatever the client would make of them. */
const PLAIN_ANSWERS = Object.freeze({ typeMapping: Object.freeze({}) });

/** How this kind of client sends a command; `key` tells a cluster where it belongs. */
export function sender(client: RedisClient): (key: string, command: readonly string[]) => Promise<unknown> {
  if ("call" in client) return (_, [name = "", ...args]) => client.call(name, args);
  // The interfaces above leave the options out, as an application's own wrapper may.
  const send = client.sendCommand.bind(client) as (...args: readonly unknown[]) => Promise<unknown>;
  if ("masters" in client) return (key, command) => send(key, false, [...command], PLAIN_ANSWERS);
  if ("getMasterNode" in client) {
    const inTurn = oneAfterAnother();
    return async (_, command) => {
      await inTurn();
      return send(false, [...command], PLAIN_ANSWERS);
    };
  }
  return (_, command) => send([...command], PLAIN_ANSWERS);
}

/**
 * A sentinel client takes one of its connections for all commands that are under way. Two that ask for the first one at
 * the same moment take two, and give back one: after some such moments there is none left, and it hangs. So each
 * command starts some microtasks after the one before it.
 */
function oneAfterAnother(): () => Promise<void> {
  let turn: Promise<void> = Promise.resolve();
  const pass = (): void => {};
  return () => {
    const mine = turn;
    turn = mine.then(pass).then(pass).then(pass);
    return mine;
  };
}

/**
 * What the client is set to put before every key. `ioredis` does so itself with the keys that a command declares;
 * `@redis/client` leaves a command alone that is sent as it is, so that its prefix has to be put there.
 */
export function prefixToAdd(client: RedisClient): string {
  if ("call" in client) return "";
  const { _keyPrefix, options } = client as { _keyPrefix?: unknown; options?: { keyPrefix?: unknown } };
  const prefix = _keyPrefix ?? options?.keyPrefix ?? "";
  return String(prefix);
}

/** Milliseconds after which the client itself gives a command up that it has sent: `commandTimeout` of `ioredis`. */
export function ownLimitMs(client: RedisClient): number {
  type Options = { commandTimeout?: unknown; redisOptions?: { commandTimeout?: unknown } };
  const { options } = client as { options?: Options };
  const limitMs = options?.commandTimeout ?? options?.redisOptions?.commandTimeout;
  return "call" in client && typeof limitMs === "number" && limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY;
}

/** Whether commands can be sent now; one that is sent earlier waits in the client, and may run long after it was given up. */
export function isReady(client: RedisClient): boolean {
  // `wait` and a cluster's `disconnecting` are states of ioredis; in `wait` the first command makes it connect.
  if ("call" in client) return client.status === "ready" || client.status === "wait";
  return !("isReady" in client) || client.isReady === true;
}

/**
 * Whether a command goes over the same connection as the one before it, which WAIT counts on. A pool hands out any; a
 * sentinel client is one; and `Cluster` of `ioredis` sends a command without a key to any node.
 */
export function keepsOneConnection(client: RedisClient): boolean {
  return (
    !("totalClients" in client) &&
    !("getMasterNode" in client) &&
    !("isCluster" in client && client.isCluster === true)
  );
}

/** What is wrong with something given as `client`; undefined when it is one. Nothing is called on it. */
export function faultOfClient(client: unknown): string | undefined {
  if (typeof client !== "object" || client === null) return "must be a client of @redis/client or ioredis";
  const given = client as Record<string, unknown>;
  if (typeof given.then === "function") return "is a promise: `await` it first";
  if (given.isPipeline === true || typeof given.addCommand === "function") {
    return "is a pipeline or transaction, which sends nothing by itself: give the client that it was made from";
  }
  if (typeof given.call === "function" && typeof given.status === "string") {
    if (given.status === "end") return "has been closed: give a client that is connected";
    if (given.mode === "subscriber" || given.mode === "monitor") {
      return `is in ${given.mode} mode and takes no commands: give another client, e.g. \`client.duplicate()\``;
    }
    return undefined;
  }
  if (typeof given.sendCommand !== "function") return "must be a client of @redis/client or ioredis";
  if (typeof given.isOpen !== "boolean") {
    return "is a client with callbacks (`legacy()`, or redis 3 and older), or a wrapper: give the client of @redis/client 5 or newer itself";
  }
  if (!given.isOpen) return "is not connected: call `client.connect()` before, it need not have finished";
  return undefined;
}
