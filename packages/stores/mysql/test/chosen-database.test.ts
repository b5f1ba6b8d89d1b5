import { randomBytes } from "node:crypto";
import { liveSession } from "@acme/session-conformance";
import { createPool } from "mysql2/promise";
import { afterAll, describe, expect, it } from "vitest";
import { mysqlSchemaSql } from "../src/index.js";
import { freshTables, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`MySQL (${missing ?? "real server"})`, () => {
  it.each([
    { tables: "no tables of ours", isUsed: true },
    { tables: "tables of the same names", isUsed: true },
    { tables: "tables of the same names", isUsed: false },
  ])(
    "a transaction that has chosen a tenant's database, with $tables, keeps sessions and roles where the store has them; used before: $isUsed",
    async ({ tables, isUsed }) => {
      const fresh = freshTables();
      const { tablePrefix } = fresh;
      const tenant = `t_${randomBytes(8).toString("hex")}`;
      await sql(`CREATE DATABASE ${tenant}`);
      await sql(mysqlSchemaSql({ tablePrefix }));
      const hasTables = tables !== "no tables of ours";
      if (hasTables) await sql(`USE ${tenant}; ${mysqlSchemaSql({ tablePrefix })}`);
      const pool = createPool({ uri: url, connectionLimit: 2 });
      const store = fresh.open({ client: pool });
      if (isUsed) await store.listSecrets();
      const row = liveSession({ userId: "alice" });
      const connection = await pool.getConnection();
      await connection.query(`USE ${tenant}`);
      await connection.beginTransaction();
      await store.joinTransaction(connection, async () => {
        await store.insertSession(row);
        await store.roles.grantPermissions("admin", ["p"]);
        await store.roles.assignRole("public", "alice", "admin");
        expect(await store.getSession(row.handle, 0)).toBeDefined();
      });
      await connection.commit();
      connection.destroy();
      expect(await store.getSession(row.handle, 0)).toBeDefined();
      expect((await store.roles.readAuthorization("public", "alice")).permissions).toEqual(["p"]);
      if (hasTables) {
        for (const table of ["sessions", "roles"])
          expect(await sql(`SELECT 1 FROM ${tenant}.${tablePrefix}${table}`)).toEqual([]);
      }
      await store.close();
      await pool.end();
      await sql(`DROP DATABASE ${tenant}`);
      await fresh.drop();
    },
  );
});
