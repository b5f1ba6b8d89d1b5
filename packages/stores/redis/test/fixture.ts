import { randomBytes } from "node:crypto";
import { findServer } from "@acme/servers";
import { Redis } from "ioredis";
import { type RedisStore, type RedisStoreOptions, redisStore } from "../src/index.js";

const found = await findServer("redis");

/** Why these tests cannot run here; undefined when they can. */
export const missing: string | undefined = typeof found === "string" ? found : undefined;
export const url: string = typeof found === "string" ? "" : (found.urls[0] ?? "");
if (typeof found !== "string") console.info(`Redis: ${found.how}`);

export async function stopServer(): Promise<void> {
  if (typeof found !== "string") await found.stop();
}

export interface FreshPrefix {
  readonly keyPrefix: string;
  open(options?: Partial<RedisStoreOptions>): RedisStore;
  /** All keys of this prefix. */
  keys(): Promise<string[]>;
  drop(): Promise<void>;
  /** Takes one field away from a session. */
  damage(handle: string, field: string): Promise<void>;
}

/** A prefix of its own, so that test runs at the same time do not meet. */
export function freshPrefix(): FreshPrefix {
  const keyPrefix = `t-${randomBytes(8).toString("hex")}`;
  const withClient = async <T>(step: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(url);
    try {
      return await step(client);
    } finally {
      client.disconnect();
    }
  };
  const keys = (client: Redis): Promise<string[]> => client.keys(`{${keyPrefix}[:}]*`);
  return {
    keyPrefix,
    open: (options = {}) =>
      redisStore({
        keyPrefix,
        clock: "engine",
        ...(options.client === undefined ? { url } : {}),
        ...options,
      }),
    keys: () => withClient(keys),
    damage: (handle, field) =>
      withClient(async (client) => {
        if ((await client.hdel(`{${keyPrefix}}:session:${handle}`, field)) !== 1)
          throw new Error("not there");
      }),
    drop: () =>
      withClient(async (client) => {
        const all = await keys(client);
        for (let start = 0; start < all.length; start += 500)
          await client.unlink(...all.slice(start, start + 500));
      }),
  };
}
