import { within } from "@acme/session-core/store";
import { sender } from "./redis-client.js";

export type RedisDriverName = "@redis/client" | "ioredis";

/** One connection of a driver, as long as it lasts: it never connects again by itself. */
export interface Link {
  send(command: readonly string[]): Promise<unknown>;
  /** It is gone, whoever ended it. Called at once when it is gone already. */
  onEnd(listener: () => void): void;
  /** Keeps the process alive; what a link does not do by itself. */
  hold(): void;
  release(): void;
  /** At once, whatever is in flight: that is rejected. */
  drop(): void;
}

/**
 * Connects, and logs in.
 *
 * @throws what the driver threw; `ERR_MODULE_NOT_FOUND` when it is not installed; Error `StoreTimeout`
 */
export async function openLink(
  url: string,
  driver: RedisDriverName | undefined,
  limitMs: number,
): Promise<Link> {
  if (driver === "ioredis") return openIoRedis(url, limitMs);
  let createClient: typeof import("@redis/client").createClient;
  try {
    ({ createClient } = await import("@redis/client"));
  } catch (error) {
    if (driver !== undefined || (error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return openIoRedis(url, limitMs);
  }
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: limitMs, reconnectStrategy: false },
  });
  // Without a listener a lost connection would end the process (security.md CC-08).
  let end = (): void => {};
  client.on("error", () => {
    if (!client.isOpen) end();
  });
  const drop = (): void => {
    if (client.isOpen) client.destroy();
  };
  try {
    await within(limitMs, client.connect());
  } catch (error) {
    drop();
    throw error;
  }
  client.unref();
  const send = sender(client as never);
  return {
    send: (command) => send("", command),
    onEnd(listener) {
      end = listener;
      if (!client.isOpen) listener();
    },
    hold: () => client.ref(),
    release: () => client.unref(),
    drop,
  };
}

async function openIoRedis(url: string, limitMs: number): Promise<Link> {
  const { Redis } = await import("ioredis");
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    connectTimeout: limitMs,
    retryStrategy: () => null,
  });
  let cause: unknown;
  client.on("error", (error) => {
    cause ??= error;
  });
  const drop = (): void => {
    client.disconnect();
    // It would wait for the other side, which may be gone.
    client.stream?.destroy();
  };
  try {
    await within(limitMs, client.connect());
  } catch (error) {
    drop();
    // It says "Connection is closed." where the reason came as an event.
    throw cause ?? error;
  }
  // A wrong number of a database is such an event too, and the link would be to another one.
  if (cause !== undefined) {
    drop();
    throw cause;
  }
  client.stream.unref();
  return {
    send: ([name = "", ...args]) => client.call(name, args),
    onEnd(listener) {
      client.once("end", listener);
      if (client.status === "end") listener();
    },
    hold: () => client.stream.ref(),
    release: () => client.stream.unref(),
    drop,
  };
}
