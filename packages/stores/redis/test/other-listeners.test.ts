import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { redisStore } from "../src/index.js";

/** Who else may listen at a port, and what a developer is told of it. */
const OTHERS: readonly [who: string, scheme: string, greet: (client: Socket) => void, says: string][] = [
  [
    "hangs up, as PostgreSQL does",
    "redis",
    (client) => client.once("data", () => client.end()),
    "something else",
  ],
  ["greets first, as MySQL does", "redis", (client) => client.write("J\0\0\0\n8.0.36\0"), "something else"],
  ["is silent, as a Redis without TLS is", "rediss", () => {}, "does the server speak TLS"],
];

describe.each(["@redis/client", "ioredis"] as const)("%s", (driver) => {
  it.each(OTHERS)(
    "somebody at the port who %s: what that may mean, and no socket stays open",
    async (_, scheme, greet, says) => {
      const open = new Set<Socket>();
      const server = createServer((client) => {
        open.add(client.resume());
        client.on("error", () => {});
        client.on("close", () => open.delete(client));
        greet(client);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const store = redisStore({ url: `${scheme}://127.0.0.1:${port}`, driver });
      await expect(store.listSecrets()).rejects.toMatchObject({
        name: "RedisFailure",
        isPermanent: false,
        message: expect.stringContaining(says),
      });
      await expect.poll(() => open.size, { timeout: 3_000 }).toBe(0);
      await store.close();
      server.close();
    },
  );
});
