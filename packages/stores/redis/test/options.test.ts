import { SessionError } from "@acme/session-core";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { type RedisStoreOptions, redisStore } from "../src/index.js";
import { missing, url } from "./fixture.js";

/** What is said of these options; undefined when nothing is. */
function refusal(options: unknown): string | undefined {
  try {
    void redisStore(options as RedisStoreOptions).close();
    return undefined;
  } catch (error) {
    if (!SessionError.is(error)) throw error;
    expect(error.type).toBe("INVALID_OPTION");
    return error.message;
  }
}

const URL_OF_REDIS = "redis://127.0.0.1:6379";

it("options that are getters or inherited count like plain ones", async () => {
  class Configuration {
    get url(): string {
      return URL_OF_REDIS;
    }
    get keyPrefix(): string {
      return "shop";
    }
  }
  for (const given of [new Configuration(), Object.create({ url: URL_OF_REDIS, keyPrefix: "shop" })]) {
    const store = redisStore(given as RedisStoreOptions);
    expect(store.inNamespace("a").place).toContain("shop:a");
    await store.close();
    expect(refusal(Object.assign(Object.create(given as object), { prefix: "x" }))).toContain("keyPrefix");
  }
});

describe("redisStore refuses what cannot work, when it is given, by name", () => {
  it.each([
    [{ url: URL_OF_REDIS, prefix: "shop" }, "keyPrefix"],
    [{ url: URL_OF_REDIS, keyprefix: "shop" }, "did you mean `keyPrefix`"],
    [{ url: URL_OF_REDIS, maxConnections: 5 }, "redisStore.maxConnections"],
    [{}, "either `url` or `client`"],
    [{ url: undefined }, "environment variable"],
    [undefined, "redisStore"],
    [URL_OF_REDIS, "redisStore"],
    [{ url: "postgres://localhost/app" }, "@acme/session-store-postgres"],
    [{ url: "mysql://localhost/app" }, "@acme/session-store-mysql"],
    [{ url: "file:sessions.db" }, "sqliteStore"],
    [{ url: "localhost:6379" }, "redis://"],
    [{ url: "http://localhost" }, "redis://"],
    [{ url: new URL(URL_OF_REDIS) }, "redisStore.url"],
    [{ url: `${URL_OF_REDIS}/sessions` }, "number of the database"],
    [{ url: URL_OF_REDIS, driver: "redis" }, "@redis/client"],
    [{ url: URL_OF_REDIS, clock: "mine" }, "redisStore.clock"],
    [{ url: URL_OF_REDIS, onWarning: true }, "redisStore.onWarning"],
    [{ url: URL_OF_REDIS, waitForReplicas: 1 }, "redisStore.waitForReplicas"],
    [{ url: URL_OF_REDIS, waitForReplicas: { replicas: 1 } }, "redisStore.waitForReplicas.replicas"],
    [{ client: {} }, "redisStore.client"],
    [{ client: null }, "redisStore.client"],
    [{ client: Promise.resolve({}) }, "await"],
    [{ client: createClient({ url: URL_OF_REDIS }) }, "client.connect()"],
    [{ client: createClient({ url: URL_OF_REDIS }).legacy() }, "callbacks"],
    [{ client: createClient({ url: URL_OF_REDIS }).multi() }, "pipeline"],
    [{ client: new Redis(URL_OF_REDIS, { lazyConnect: true }).pipeline() }, "pipeline"],
    [{ client: new Redis(URL_OF_REDIS, { lazyConnect: true }).multi() }, "pipeline"],
  ])("%#: %s", (options, says) => {
    expect(refusal(options)).toContain(says);
  });

  it("no message holds the password of a URL", () => {
    for (const wrong of ["redis://u:hunter2@h/db", "postgres://u:hunter2@h/db", "u:hunter2@h"]) {
      expect(refusal({ url: wrong })).not.toContain("hunter2");
    }
  });

  describe.skipIf(missing !== undefined)(`clients (${missing ?? "real server"})`, () => {
    it("a client that has been closed, or is subscribed; one that connects by itself is taken", async () => {
      const io = new Redis(url, { lazyConnect: true, protocol: 2 });
      expect(refusal({ client: io })).toBeUndefined();
      await io.subscribe("news");
      expect(refusal({ client: io })).toContain("subscriber");
      io.disconnect();
      await expect.poll(() => io.status).toBe("end");
      expect(refusal({ client: io })).toContain("closed");
      const client = createClient({ url });
      const connecting = client.connect();
      expect(refusal({ client })).toBeUndefined();
      await connecting;
      expect(refusal({ client, url })).toContain("not both");
      expect(refusal({ client, driver: "ioredis" })).toContain("driver");
      client.destroy();
      expect(refusal({ client })).toContain("client.connect()");
    });
  });
});
