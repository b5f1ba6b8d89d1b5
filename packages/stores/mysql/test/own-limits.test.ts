import { createConnection, createPool } from "mysql2/promise";
import { afterAll, describe, expect, it } from "vitest";
import type { MysqlStore } from "../src/index.js";
import { freshTables, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `a lent pool with limits of its own (${missing ?? "real server"})`,
  () => {
    const asked = (store: MysqlStore) => [
      store.getSession("nobody", 0),
      store.roles.grantPermissions("admin", ["p"]),
    ];

    it.each([
      [{}, ["NO_FREE_CONNECTION"], /was free within 2 s: raise its `connectionLimit`/],
      [{ waitForConnections: false }, ["POOL_DOES_NOT_WAIT"], /in use.*`waitForConnections/],
      [{ queueLimit: 1 }, ["NO_FREE_CONNECTION", "POOL_QUEUE_FULL"], /was free|in use.*`queueLimit/],
    ])("%j whose connections the application holds: says so", async (options, codes, expected) => {
      const fresh = freshTables();
      const pool = createPool({ uri: url, connectionLimit: 1, ...options });
      const store = fresh.open({ client: pool });
      // One after the other: the pool may wait for none.
      await store.getSession("nobody", 0);
      await store.roles.grantPermissions("admin", ["p"]);
      const connection = await pool.getConnection();
      const heard = new Set<unknown>();
      for (const result of await Promise.allSettled([...asked(store), ...asked(store)])) {
        expect(result).toMatchObject({
          reason: {
            isPermanent: false,
            message: expect.stringMatching(expected),
            cause: expect.any(Error),
          },
        });
        heard.add((result as { reason: { code: string } }).reason.code);
      }
      expect([...heard].sort()).toEqual(codes);
      expect(pool.listenerCount("enqueue")).toBe(0);
      connection.release();
      await expect.poll(() => store.getSession("nobody", 0)).toBeUndefined();
      await store.close();
      await pool.end();
      await fresh.drop();
    });

    it("whose connections wait for the server: says that it is slow", async () => {
      const fresh = freshTables();
      const pool = createPool({ uri: url, connectionLimit: 1 });
      const store = fresh.open({ client: pool });
      await store.getSession("nobody", 0);
      const holder = await createConnection({ uri: url });
      await holder.query(`LOCK TABLES ${fresh.tablePrefix}sessions WRITE`);
      const results = await Promise.allSettled(
        Array.from({ length: 3 }, () => store.getSession("nobody", 0)),
      );
      await holder.end();
      for (const result of results) expect(result.status).toBe("rejected");
      expect(results.map((result) => (result as { reason: { code: string } }).reason.code)).toContain(
        "TIMEOUT",
      );
      expect(JSON.stringify(results)).not.toContain("NO_FREE_CONNECTION");
      await store.close();
      await pool.end();
      await fresh.drop();
    });
  },
);
