import { MemoryStore } from "@acme/session-core/store";
import { createConnection as createCallbackConnection, createPool as createCallbackPool } from "mysql2";
import { createConnection, createPool, createPoolCluster } from "mysql2/promise";
import { afterAll, describe, expect, it } from "vitest";
import { type MysqlStoreOptions, mysqlSchemaSql, mysqlStore } from "../src/index.js";
import { freshTables, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

const ADDRESS = "mysql://somebody:hunter2@127.0.0.1:3306/app";
const refusal = (options: unknown): { type: string; payload: unknown; message: string } => {
  try {
    void mysqlStore(options as MysqlStoreOptions).close();
  } catch (error) {
    return error as { type: string; payload: unknown; message: string };
  }
  throw new Error("it was taken");
};

it("options that are getters or inherited count like plain ones, in a namespace too", async () => {
  class Configuration {
    get url(): string {
      return ADDRESS;
    }
    get tablePrefix(): string {
      return "mine_";
    }
  }
  for (const given of [new Configuration(), Object.create({ url: ADDRESS, tablePrefix: "mine_" })]) {
    const store = mysqlStore(given as MysqlStoreOptions);
    for (const one of [store, store.inNamespace("a")]) expect(one.place).toContain("mine_");
    await store.close();
    expect(refusal(Object.assign(Object.create(given as object), { prefix: "x" })).message).toContain(
      "prefix",
    );
    expect(mysqlSchemaSql(Object.create({ tablePrefix: "mine_" }) as object)).toContain("mine_sessions");
  }
});

describe("what mysqlStore is given", () => {
  it.each([
    ["nothing", undefined, "mysqlStore", "undefined"],
    ["an address by itself", ADDRESS, "mysqlStore", "string"],
    ["no way to a server", {}, "mysqlStore.url", "required"],
    ["two ways", { url: ADDRESS, client: createPool(ADDRESS) }, "mysqlStore.client", "without `url`"],
    ["a slip of the keyboard", { url: ADDRESS, tablePrefx: "a_" }, "mysqlStore.tablePrefx", "tablePrefix"],
    ["another store's option", { url: ADDRESS, prefix: "a_" }, "mysqlStore.prefix", "tablePrefix"],
    ["another store's option", { url: ADDRESS, schema: "app" }, "mysqlStore.schema", "no such option"],
    [
      "a limit of its own for a pool",
      { client: createPool(ADDRESS), maxConnections: 4 },
      "mysqlStore.maxConnections",
      "`url`",
    ],
    ["no connection", { url: ADDRESS, maxConnections: 0 }, "mysqlStore.maxConnections", "whole number"],
    ["a clock that is none", { url: ADDRESS, clock: "wall" }, "mysqlStore.clock", "engine"],
    ["yes for true", { url: ADDRESS, migrate: "yes" }, "mysqlStore.migrate", "true or false"],
    ["a prefix that is none", { url: ADDRESS, tablePrefix: null }, "mysqlStore.tablePrefix", "lower-case"],
    ["PostgreSQL", { url: "postgres://somebody:hunter2@h/app" }, "mysqlStore.url", "session-store-postgres"],
    [
      "PostgreSQL",
      { url: "postgresql://somebody:hunter2@h/app" },
      "mysqlStore.url",
      "session-store-postgres",
    ],
    ["Redis", { url: "rediss://:hunter2@h" }, "mysqlStore.url", "session-store-redis"],
    ["a file", { url: "file:sessions.db" }, "mysqlStore.url", "sqlite"],
    ["the web", { url: "https://h/app" }, "mysqlStore.url", "mysql://"],
    ["no address", { url: "localhost" }, "mysqlStore.url", "mysql://"],
    [
      "a password with a hash",
      { url: "mysql://somebody:hun#ter2@h/app" },
      "mysqlStore.url",
      "percent-encoded",
    ],
    ["no database", { url: "mysql://somebody:hunter2@h:3306/" }, "mysqlStore.url", "no database"],
    ["a variable that is not set", { url: undefined }, "mysqlStore.url", "required"],
    ["an empty variable", { url: "" }, "mysqlStore.url", "mysql://"],
    ["an address as a pool", { client: ADDRESS }, "mysqlStore.client", "`url`"],
    ["a callback pool", { client: createCallbackPool(ADDRESS) }, "mysqlStore.client", "pool.promise()"],
    ["a cluster", { client: createPoolCluster() }, "mysqlStore.client", "cluster"],
    ["a promise", { client: Promise.resolve() }, "mysqlStore.client", "promise"],
    ["a store", { client: new MemoryStore() }, "mysqlStore.client", "pool"],
    ["null", { client: null }, "mysqlStore.client", "pool"],
    [
      "a pool of another driver",
      { client: { getConnection() {}, query() {} } },
      "mysqlStore.client",
      "another driver",
    ],
  ])("%s is refused by name", (_, options, option, hint) => {
    const error = refusal(options);
    expect(error).toMatchObject({ type: "INVALID_OPTION", payload: { option } });
    expect(error.message).toContain(hint);
    expect(error.message).not.toMatch(/hunter2|hun#ter2/);
  });

  it("what the schema is written for is checked as well", () => {
    expect(() => mysqlSchemaSql({ prefix: "a_" } as never)).toThrow("tablePrefix");
    expect(() => mysqlSchemaSql({ tablePrefix: "a`b" })).toThrow("tablePrefix");
    expect(mysqlSchemaSql({ tablePrefix: "a_" })).toContain("`a_sessions`");
  });

  it.skipIf(missing !== undefined)(
    `connections and closed pools are refused (${missing ?? "real server"})`,
    async () => {
      const [connection, callback] = [await createConnection(url), createCallbackConnection(url)];
      for (const client of [connection, callback]) {
        expect(refusal({ client })).toMatchObject({
          type: "INVALID_OPTION",
          payload: { option: "mysqlStore.client" },
        });
        expect(refusal({ client }).message).toContain("single connection");
      }
      const pool = createPool(url);
      await pool.end();
      expect(refusal({ client: pool }).message).toContain("closed");
      await connection.end();
      await callback.promise().end();
    },
  );

  it.skipIf(missing !== undefined)(
    `a pool made from a callback pool is taken (${missing ?? "real server"})`,
    async () => {
      const fresh = freshTables();
      const pool = createCallbackPool(url);
      const store = fresh.open({ client: pool.promise() });
      expect(await store.listSecrets()).toEqual([]);
      await store.close();
      await pool.promise().end();
      await fresh.drop();
    },
  );
});
