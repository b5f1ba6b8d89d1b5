import { createConnection } from "mysql2/promise";
import { afterAll, describe, expect, it } from "vitest";
import { mysqlSchemaSql } from "../src/index.js";
import { freshTables, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

it("the script for a namespace makes its tables and no others", () => {
  const script = mysqlSchemaSql({ tablePrefix: "a_", namespace: "user" });
  expect(script.match(/CREATE TABLE IF NOT EXISTS `a__user__\w+`/g)).toHaveLength(11);
  expect(script).not.toMatch(/`a_[a-z]/);
  expect(() => mysqlSchemaSql({ namespace: "User" })).toThrow("namespace");
});

describe.skipIf(missing !== undefined)(`namespaces in MySQL (${missing ?? "real server"})`, () => {
  it("`migrate: false` finds what the script has made for a namespace", async () => {
    const fresh = freshTables();
    const store = fresh.open({ migrate: false });
    const view = store.inNamespace("users");
    await expect(view.listSecrets()).rejects.toThrow("mysqlSchemaSql");
    await sql(mysqlSchemaSql({ tablePrefix: fresh.tablePrefix, namespace: "users" }));
    expect(await view.listSecrets()).toEqual([]);
    await store.close();
    await fresh.drop();
  });

  it("makes tables while another database's are made under the same prefix", async () => {
    const fresh = freshTables();
    const store = fresh.open();
    // What a process holds that is at it in another database.
    const other = await createConnection({ uri: url });
    await other.query("USE information_schema");
    const lock = `CONCAT('acme_session_schema.', SHA1(CONCAT(DATABASE(), '.${fresh.tablePrefix}')))`;
    await other.query(`SELECT GET_LOCK(${lock}, 0), GET_LOCK('${fresh.tablePrefix}session_schema', 0)`);
    expect(await store.listSecrets()).toEqual([]);
    await other.end();
    await store.close();
    await fresh.drop();
  });
});
