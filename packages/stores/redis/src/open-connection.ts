import { within } from "@acme/session-core/store";
import { type RedisConnection, sender } from "./redis-connection.js";

export type RedisDriverName = "@redis/client" | "ioredis";

/** security.md ST-02. */
const CONNECT_LIMIT_MS = 2_000;
const LONGEST_PAUSE_MS = 1_000;

/** One connection of a driver, that reconnects by itself. */
interface Link {
  readonly send: RedisConnection["send"];
  readonly isReady: () => boolean;
  /** Resolves when commands can be sent. */
  whenReady(): Promise<void>;
  /** At once, whatever is in flight. */
  drop(): void;
}

const pauseMs = (attempts: number): number => Math.min(LONGEST_PAUSE_MS, 25 * 2 ** Math.min(attempts, 10));

/**
 * A connection of our own. It keeps no command while it is not connected: an operation waits for the connection itself,
 * within its budget, so nothing queues up behind an outage (security.md ST-02).
 */
export function openConnection(url: string, driver: RedisDriverName | undefined): RedisConnection {
  let link: Promise<Link> | undefined;
  let isClosed = false;
  // The driver's code comes at once, so that the first operation does not spend its budget on it; what is missing is said then.
  (driver === "ioredis" ? import("ioredis") : import("@redis/client")).catch(() => {});
  const open = (): Promise<Link> => (driver === "ioredis" ? openIoRedis(url) : openNodeRedis(url, driver));
  return {
    async send(key, command) {
      link ??= open();
      const current = await link;
      if (!current.isReady()) await within(CONNECT_LIMIT_MS, current.whenReady());
      return current.send(key, command);
    },
    renew() {
      if (isClosed) return;
      void link?.then((old) => old.drop());
      link = undefined;
    },
    async close() {
      isClosed = true;
      (await link)?.drop();
    },
  };
}

async function openNodeRedis(url: string, driver: RedisDriverName | undefined): Promise<Link> {
  let createClient: typeof import("@redis/client").createClient;
  try {
    ({ createClient } = await import("@redis/client"));
  } catch (error) {
    if (driver !== undefined || (error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return openIoRedis(url);
  }
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: CONNECT_LIMIT_MS, reconnectStrategy: pauseMs },
  });
  // Without a listener a lost connection would end the process (security.md CC-08); it reconnects by itself.
  client.on("error", () => {});
  client.connect().catch(() => {});
  return {
    send: sender(client as never),
    isReady: () => client.isReady,
    whenReady: nextReady((listener) => client.on("ready", listener)),
    drop: () => {
      if (client.isOpen) client.destroy();
    },
  };
}

async function openIoRedis(url: string): Promise<Link> {
  const { Redis } = await import("ioredis");
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_LIMIT_MS,
    retryStrategy: pauseMs,
  });
  client.on("error", () => {});
  return {
    send: sender(client as never),
    isReady: () => client.status === "ready",
    whenReady: nextReady((listener) => client.on("ready", listener)),
    drop: () => client.disconnect(),
  };
}

/** However many operations wait for the connection, it has one listener. */
function nextReady(listen: (listener: () => void) => unknown): () => Promise<void> {
  let waiting: { promise: Promise<void>; resolve: () => void } | undefined;
  listen(() => {
    waiting?.resolve();
    waiting = undefined;
  });
  return () => {
    if (waiting === undefined) {
      let resolve: () => void = () => {};
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      waiting = { promise, resolve };
    }
    return waiting.promise;
  };
}
