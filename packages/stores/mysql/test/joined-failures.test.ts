import { liveSession } from "@acme/session-conformance";
import { type Connection, createPool, type Pool } from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MysqlStore } from "../src/index.js";
import { type FreshTables, freshTables, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `a transaction of the application that can take nothing of ours says why (${missing ?? "real server"})`,
  () => {
    let fresh: FreshTables;
    let pool: Pool;
    let store: MysqlStore;
    beforeEach(async () => {
      fresh = freshTables();
      pool = createPool({ uri: url, connectionLimit: 2 });
      store = fresh.open({ client: pool });
      await store.listSigningKeys();
    });
    afterEach(async () => {
      await store.close();
      await pool.end();
      await fresh.drop();
    });

    it.each<[what: string, begin: (connection: Connection) => Promise<unknown>, code: string, words: RegExp]>(
      [
        [
          "read-only",
          (connection) => connection.query("START TRANSACTION READ ONLY"),
          "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
          /transaction is read-only: begin it as READ WRITE/,
        ],
        [
          "tables locked",
          async (connection) => {
            await connection.query("SET autocommit = 0");
            await connection.query(`LOCK TABLES ${fresh.tablePrefix}roles WRITE`);
          },
          "ER_TABLE_NOT_LOCKED",
          /locked other tables.*UNLOCK TABLES/,
        ],
      ],
    )("%s", async (_what, begin, code, words) => {
      for (const isCaught of [false, true]) {
        const connection = await pool.getConnection();
        await begin(connection);
        const joined = store.joinTransaction(connection, async () => {
          const inserted = store.insertSession(liveSession());
          await (isCaught ? inserted.catch(() => {}) : inserted);
        });
        const expected = { code, isPermanent: false, message: expect.stringMatching(words) };
        await expect(joined).rejects.toMatchObject(
          isCaught ? { type: "STORE_UNAVAILABLE", cause: expect.objectContaining(expected) } : expected,
        );
        connection.destroy();
      }
    });
  },
);
