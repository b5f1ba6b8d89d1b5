import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type PrivateServer, startPrivateServer } from "@acme/servers";
import { liveSession } from "@acme/session-conformance";
import { silentLogger } from "@acme/session-core";
import { bindSession } from "@acme/session-core/adapter";
import { createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mysqlFailure } from "../src/mysql-failure.js";
import { type FreshTables, freshTables, missing, sql, stopServer } from "./fixture.js";

afterAll(stopServer);

it.each([
  ["ER_ACCESS_DENIED_ERROR", 1045],
  // What some servers say of a user they do not know, with a password or without.
  ["ER_ACCESS_DENIED_NO_PASSWORD_ERROR", 1698],
])("%s: user, password and host are all named, since any of them may be wrong", (code, errno) => {
  const { message } = mysqlFailure({ code, errno });
  for (const word of ["user", "password", "from this machine"]) expect(message).toContain(word);
});

describe.skipIf(missing !== undefined)(
  `what an operator is told by the MySQL store (${missing ?? "real server"})`,
  () => {
    let server: PrivateServer;
    let fresh: FreshTables;
    beforeAll(async () => {
      server = await startPrivateServer("mysql", []);
      await sql(
        [
          "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'right'",
          // Everybody may do everything in `test`.
          "CREATE DATABASE app",
          "GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO app@'127.0.0.1'",
          "CREATE USER nobody@'127.0.0.1' IDENTIFIED BY 'right'",
        ].join(";"),
        server.url,
      );
      fresh = freshTables(server.url.replace("/test", "/app"));
    });
    afterAll(() => server.stop());

    const as = (who: string, database = "app"): string => {
      const url = new URL(server.url);
      return `mysql://${who}@${url.host}/${database}`;
    };

    it.each([
      ["a wrong password", () => as("app:wrong"), "ER_ACCESS_DENIED_ERROR", "password"],
      [
        "an unknown database",
        () => server.url.replace(/\/test.*$/, "/nowhere"),
        "ER_BAD_DB_ERROR",
        "create it",
      ],
      ["a database of others", () => as("nobody:right"), "ER_DBACCESS_DENIED_ERROR", "grant"],
      ["no right to make tables", () => as("app:right"), "ER_TABLEACCESS_DENIED_ERROR", "mysqlSchemaSql()"],
      [
        "TLS that the server does not have",
        () =>
          `${server.url}${server.url.includes("?") ? "&" : "?"}ssl=${encodeURIComponent('{"rejectUnauthorized":true}')}`,
        "HANDSHAKE_NO_SSL_SUPPORT",
        "TLS",
      ],
    ])("%s: what to mend, with the driver's own error behind it, at once", async (_, url, code, hint) => {
      const store = fresh.open({ url: url() });
      const startMs = performance.now();
      const error = (await store.listSecrets().catch((reason: unknown) => reason)) as Error;
      expect(error).toMatchObject({ name: "MysqlFailure", code, isPermanent: true });
      expect(error.message).toContain(hint);
      expect(error.message).not.toContain("right@");
      expect(error.cause).toMatchObject({ code });
      expect(performance.now() - startMs).toBeLessThan(1_500);
      await store.close();
    });

    it("missing tables with `migrate: false`: which script to run", async () => {
      const store = fresh.open({ migrate: false });
      await expect(store.listSecrets()).rejects.toMatchObject({
        isPermanent: true,
        message: expect.stringContaining("mysqlSchemaSql()"),
      });
      await store.close();
    });

    it("tables that the account may not see: that it may be so", async () => {
      const owner = fresh.open();
      await owner.listSecrets();
      await owner.close();
      const tables = ["sessions", "session_migrations"].map((table) => `app.${fresh.tablePrefix}${table}`);
      await sql(
        [
          "CREATE USER part@'127.0.0.1' IDENTIFIED BY 'right'",
          ...tables.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO part@'127.0.0.1'`),
        ].join(";"),
        server.url,
      );
      const store = fresh.open({ url: as("part:right"), migrate: false });
      await expect(store.listSecrets()).rejects.toMatchObject({
        isPermanent: true,
        message: expect.stringContaining("or the account may not see it"),
      });
      await store.close();
    });

    it("an account that may only read: `ready()` says what to grant", async () => {
      const owner = fresh.open();
      const session = bindSession({ store: owner, logger: silentLogger }, () => never()).session;
      await session.ready();
      await session.close();
      await sql(
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'right'; GRANT SELECT ON app.* TO reader@'127.0.0.1'",
        server.url,
      );
      const store = fresh.open({ url: as("reader:right"), migrate: false });
      const reader = bindSession({ store, logger: silentLogger }, () => never()).session;
      await expect(reader.ready()).rejects.toThrow(/replaceSessionData.*lacks a right.*grant it .*UPDATE/s);
      await reader.close();
    });

    it.each([
      ["says nothing", (client: Socket) => void client.resume()],
      ["hangs up", (client: Socket) => void client.resume().end()],
    ])("somebody else at the port who %s: that it may be so, and no socket stays open", async (_, greet) => {
      const open = new Set<Socket>();
      const other = createServer((client) => {
        open.add(client);
        client.on("error", () => {});
        client.on("close", () => open.delete(client));
        greet(client);
      });
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const { port } = other.address() as AddressInfo;
      const store = fresh.open({ url: `mysql://a:b@127.0.0.1:${port}/x` });
      await expect(store.listSecrets()).rejects.toMatchObject({
        isPermanent: false,
        message: expect.stringContaining("something else listens there"),
      });
      await expect.poll(() => open.size, { timeout: 3_000 }).toBe(0);
      await store.close();
      other.close();
    });

    it("a server that is away is no mistake of anybody", async () => {
      const store = fresh.open({ url: "mysql://root@127.0.0.1:1/test" });
      const error = await store.listSecrets().catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: "ECONNREFUSED",
        isPermanent: false,
        cause: { code: "ECONNREFUSED" },
      });
      await store.close();
    });

    it("tables that were dropped under a running store are made again, or the operator is told to", async () => {
      const tables = freshTables(server.url);
      const store = tables.open();
      await store.insertSession(liveSession());
      const refusing = tables.open({ migrate: false });
      await refusing.insertSession(liveSession());
      await tables.drop();
      await expect(refusing.insertSession(liveSession())).rejects.toMatchObject({
        code: "ER_NO_SUCH_TABLE",
        isPermanent: true,
      });
      await refusing.close();
      const row = liveSession();
      await store.insertSession(row);
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      await store.close();
    });

    it("a pool that was closed before the store says so", async () => {
      const pool = createPool({ uri: server.url });
      const store = fresh.open({ client: pool });
      await store.listSecrets();
      await pool.end();
      await expect(store.listSecrets()).rejects.toMatchObject({ code: "POOL_CLOSED", isPermanent: true });
      await store.close();
    });

    it("without the driver: what to install, and `close` works", async () => {
      const app = await mkdtemp(join(tmpdir(), "no-driver-"));
      const scope = join(app, "node_modules/@acme");
      await mkdir(join(scope, "session-store-mysql"), { recursive: true });
      const ours = fileURLToPath(new URL("../", import.meta.url));
      for (const part of ["dist", "package.json"]) {
        await cp(join(ours, part), join(scope, "session-store-mysql", part), { recursive: true });
      }
      await symlink(fileURLToPath(new URL("../../../core", import.meta.url)), join(scope, "session-core"));
      await writeFile(
        join(app, "app.mjs"),
        `import { mysqlStore } from "@acme/session-store-mysql";
       const store = mysqlStore({ url: "mysql://root@127.0.0.1/test" });
       const error = await store.listSecrets().catch((reason) => reason);
       await store.close();
       console.log(JSON.stringify([error.isPermanent, error.message, error.cause?.code]));`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, ["app.mjs"], { cwd: app });
      expect(JSON.parse(stdout)).toEqual([
        true,
        expect.stringContaining("npm install mysql2"),
        "ERR_MODULE_NOT_FOUND",
      ]);
      await rm(app, { recursive: true });
    });
  },
);

/** No request is made. */
function never(): never {
  throw new Error("there is no request");
}
