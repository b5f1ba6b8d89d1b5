import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import { livePromotion, liveSession } from "@acme/session-conformance";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redisStore } from "../src/index.js";
import { openConnection } from "../src/own-connection.js";
import { freshPrefix, missing } from "./fixture.js";

const UNHURRIED = { remainingMs: () => Number.POSITIVE_INFINITY };

/** Runs a script of `children`; gives what it printed, and the milliseconds it took to end by itself. */
function run(script: string, ...args: string[]): Promise<{ output: string; tookMs: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [join(import.meta.dirname, "children", script), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${script} did not end by itself; it said: ${output}`));
    }, 20_000);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve({ output, tookMs: performance.now() - started });
    });
  });
}

describe.each(["@redis/client", "ioredis"] as const)("a connection of our own, %s", (driver) => {
  it("says how to install a driver that is missing, and that this does not pass", async () => {
    for (const asked of [driver, ""]) {
      const { output } = await run("no-driver.mjs", asked);
      expect(JSON.parse(output)).toMatchObject({
        message: expect.stringContaining("npm install @redis/client"),
        code: "MISSING_DRIVER",
        isPermanent: true,
        cause: "ERR_MODULE_NOT_FOUND",
      });
    }
  });

  describe.skipIf(missing !== undefined)(`(${missing ?? "a server of its own"})`, () => {
    let server: PrivateServer;
    let proxy: TcpProxy;
    let admin: Redis;
    beforeAll(async () => {
      server = await startPrivateServer("redis");
      proxy = await TcpProxy.start(server);
      admin = new Redis(server.url);
      admin.on("error", () => {});
    });
    afterAll(async () => {
      admin.disconnect();
      await proxy.stop();
      await server.stop();
    });

    const open = (at = server.url) => redisStore({ url: at, driver, keyPrefix: freshPrefix().keyPrefix });
    const connections = async (): Promise<number> =>
      String(await admin.client("LIST"))
        .trim()
        .split("\n").length - 1;

    it("a script with a login and no close() ends by itself", async () => {
      const { output, tookMs } = await run("one-login.mjs", server.url, driver);
      expect(output).toBe("logged in\n");
      expect(tookMs).toBeLessThan(10_000);
    });

    it("a store that nobody uses has no connection, and one again when it is used", async () => {
      const connection = openConnection(server.url, driver, 200);
      for (let count = 0; count < 2; count += 1) {
        await connection.send(UNHURRIED, "", () => ["PING"]);
        expect(await connections()).toBe(1);
        await expect.poll(connections, { timeout: 5_000 }).toBe(0);
      }
      await connection.close();
    });

    it("a hundred stores that hot reload has left behind leave no connection", async () => {
      const left = Array.from({ length: 100 }, () => openConnection(server.url, driver, 200));
      await Promise.all(left.map((connection) => connection.send(UNHURRIED, "", () => ["PING"])));
      await expect.poll(connections, { timeout: 5_000 }).toBe(0);
    });

    it("a link that is silent is dropped, and only that one: what is under way on the next goes on", async () => {
      const connection = openConnection(proxy.through(server.url), driver);
      await connection.send(UNHURRIED, "", () => ["PING"]);
      const before = proxy.connections;
      proxy.fault = { blackHole: true };
      const failed = Promise.allSettled(
        Array.from({ length: 50 }, async (_, index) => {
          // One after the other, so that their time is up one after the other.
          await sleep(index * 5);
          return connection.send(UNHURRIED, "", () => ["PING"]);
        }),
      );
      await sleep(1_500);
      // What is open stays silent, as half-open connections do; new ones work.
      proxy.fault = {};
      proxy.silence();
      await failed;
      const after = await Promise.allSettled(
        Array.from({ length: 200 }, () => connection.send(UNHURRIED, "", () => ["PING"])),
      );
      expect(after.filter(({ status }) => status === "rejected")).toEqual([]);
      expect(proxy.connections - before).toBeLessThanOrEqual(2);
      await connection.close();
    });

    it("an answer that is slow because others come before it drops nothing", async () => {
      const connection = openConnection(proxy.through(server.url), driver);
      await connection.send(UNHURRIED, "", () => ["PING"]);
      const before = proxy.connections;
      const slow = connection
        .send(UNHURRIED, "", () => ["BLPOP", "nothing", "2.3"])
        .catch((error: unknown) => error);
      expect(await slow).toMatchObject({ code: "TIMEOUT" });
      await connection.send(UNHURRIED, "", () => ["PING"]);
      expect(proxy.connections - before).toBeLessThanOrEqual(1);
      await connection.close();
    });

    it("while a node is a replica it is asked again and again, on few connections", async () => {
      const store = open(proxy.through(server.url));
      await store.listSecrets();
      await admin.call("REPLICAOF", "127.0.0.1", "1");
      const before = proxy.connections;
      const until = Date.now() + 3_000;
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          while (Date.now() < until) {
            await store.getSession("nobody", Date.now()).catch((error: unknown) => {
              expect(error).toMatchObject({ code: "READONLY", isPermanent: false });
            });
          }
        }),
      );
      expect(proxy.connections - before).toBeLessThan(25);
      await admin.call("REPLICAOF", "NO", "ONE");
      await expect.poll(() => store.listSecrets().catch(String), { timeout: 5_000 }).toEqual([]);
      await store.close();
    });

    it("refuses what it can never do with what to do about it", async () => {
      const user = new URL(server.url);
      await admin.call("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+get");
      user.username = "reader";
      user.password = "wrong";
      const wrongPassword = user.href;
      user.password = "secret";
      // Such a user may run a script that reads; what it may not do, the server says in the middle of one that writes.
      await admin.call("ACL", "SETUSER", "scripts", "on", ">secret", "~*", "+@all", "-@write");
      await admin.call("ACL", "SETUSER", "elsewhere", "on", ">secret", "~other:*", "+@all");
      const [scripts, elsewhere] = ["scripts", "elsewhere"].map((name) => {
        const there = new URL(user.href);
        there.username = name;
        return there.href;
      }) as [string, string];
      const locked = await startPrivateServer("redis", ["--requirepass", "secret"]);
      // What answers a handshake with something else, as a web server does.
      const web = createServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
      const { port } = web.address() as AddressInfo;
      for (const [at, code, advice] of [
        [wrongPassword, "WRONGPASS", "password"],
        [user.href, "NOPERM", "+evalsha"],
        [scripts, "NOPERM", "+evalsha"],
        [elsewhere, "NOPERM", "~*{acme}:*"],
        [locked.url, "NOAUTH", "redis://user:password@"],
        [`${server.url}/99`, "DB_INDEX", "number"],
        [`rediss://127.0.0.1:${port}`, "TLS", "rediss://"],
      ] as const) {
        const store = open(at);
        const error = await store.insertSession(liveSession()).catch((reason: unknown) => reason);
        expect(error).toMatchObject({
          name: "RedisFailure",
          code,
          isPermanent: true,
          message: expect.stringContaining(advice),
          cause: expect.any(Error),
        });
        await store.close();
      }
      await locked.stop();
      web.close();
    });

    it("keeps the driver's own error as the cause of an outage", async () => {
      const store = open("redis://127.0.0.1:1");
      const error = await store.listSecrets().catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: "ECONNREFUSED",
        isPermanent: false,
        cause: { code: "ECONNREFUSED" },
      });
      await store.close();
    });

    it("does once what comes twice: a login and a refresh whose answers a client sends for again", async () => {
      // As ioredis does it by itself: the connection is cut, and what was under way is sent again on the next.
      const client = new Redis(proxy.through(server.url), { maxRetriesPerRequest: null });
      client.on("error", () => {});
      const store = redisStore({ client, keyPrefix: freshPrefix().keyPrefix });
      await store.listSecrets();
      const row = liveSession();
      const cutNextReply = (): void => {
        let isCut = false;
        proxy.fault = {
          watch: (direction) => {
            if (direction !== "reply" || isCut) return "pass";
            isCut = true;
            return "cut";
          },
        };
      };
      // Once each with the script known, so that the first reply is the answer.
      const first = liveSession();
      await store.insertSession(first);
      await store.promoteSession(livePromotion(first));
      cutNextReply();
      await store.insertSession(row);
      cutNextReply();
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      proxy.fault = {};
      expect((await store.getSession(row.handle, Date.now()))?.generation).toBe(1);
      await expect(store.insertSession(row)).rejects.toThrow("exists");
      expect(await store.promoteSession(livePromotion(row))).toBeUndefined();
      client.disconnect();
    });
  });
});
