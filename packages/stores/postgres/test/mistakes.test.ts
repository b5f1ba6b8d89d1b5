import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { silentLogger } from "@acme/session-core";
import { bindSession } from "@acme/session-core/adapter";
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { type PostgresStoreOptions, postgresSchemaSql, postgresStore } from "../src/index.js";
import { freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

const given = { url: "postgres://127.0.0.1/test" };
const make = (options: object) => () => postgresStore(options as PostgresStoreOptions);

it("options that are getters or inherited count like plain ones, in a namespace too", async () => {
  class Configuration {
    get url(): string {
      return given.url;
    }
    get tablePrefix(): string {
      return "mine_";
    }
  }
  for (const form of [new Configuration(), Object.create({ ...given, tablePrefix: "mine_" })] as object[]) {
    const store = make(form)();
    for (const one of [store, store.inNamespace("a")]) expect(one.place).toContain("mine_");
    await store.close();
    expect(make(Object.assign(Object.create(form), { prefix: "x" }))).toThrow(/postgresStore\.prefix/);
    expect(postgresSchemaSql(Object.create({ tablePrefix: "mine_" }) as object)).toContain("mine_sessions");
    expect(() => postgresSchemaSql({ prefix: "x" } as object)).toThrow(/postgresSchemaSql\.prefix/);
  }
});

describe("an option that cannot work is refused when it is given, by name", () => {
  const pool = new pg.Pool({ connectionString: given.url });
  const own = postgres(given.url, { max: 1 });
  const ended = new pg.Pool({ connectionString: given.url });
  void ended.end();

  it.each<[what: string, options: object, option: string, advice: string]>([
    ["a typo", { ...given, tablePrefx: "a_" }, "postgresStore.tablePrefx", "did you mean `tablePrefix`"],
    ["another store's option", { ...given, keyPrefix: "a" }, "postgresStore.keyPrefix", "it takes `url`"],
    ["nothing", {}, "postgresStore.url", "environment variable"],
    ["both", { ...given, client: pool }, "postgresStore.url", "not both"],
    ["a MySQL URL", { url: "mysql://root:geheim@db/x" }, "postgresStore.url", "@acme/session-store-mysql"],
    ["a Redis URL", { url: "rediss://db" }, "postgresStore.url", "@acme/session-store-redis"],
    ["a web address", { url: "https://db" }, "postgresStore.url", "postgres://"],
    ["no URL", { url: "localhost" }, "postgresStore.url", "postgres://"],
    ["a number as URL", { url: 5432 }, "postgresStore.url", "postgres://"],
    ["a single client", { client: new pg.Client(given.url) }, "postgresStore.client", "pg.Pool"],
    ["an ended pool", { client: ended }, "postgresStore.client", "ended"],
    [
      "a pool of another kind",
      { client: { getConnection() {}, end() {} } },
      "postgresStore.client",
      "pg.Pool",
    ],
    ["the class of pools", { client: pg.Pool }, "postgresStore.client", "pg.Pool"],
    ["the driver of `postgres`", { client: postgres }, "postgresStore.client", "postgres(…)"],
    ["a URL as client", { client: given.url }, "postgresStore.client", "pg.Pool"],
    ["null", { client: null }, "postgresStore.client", "pg.Pool"],
    [
      "a transaction",
      { client: Object.assign(() => {}, { unsafe() {} }) },
      "postgresStore.client",
      "one transaction",
    ],
    ["a driver that is not", { ...given, driver: "mysql2" }, "postgresStore.driver", "pg"],
    ["a negative number", { ...given, maxConnections: -1 }, "postgresStore.maxConnections", "1 or more"],
    ["half a connection", { ...given, maxConnections: 1.5 }, "postgresStore.maxConnections", "1 or more"],
    ["NaN", { ...given, maxConnections: Number.NaN }, "postgresStore.maxConnections", "1 or more"],
    [
      "connections of a pool",
      { client: pool, maxConnections: 3 },
      "postgresStore.maxConnections",
      "goes with `url`",
    ],
    ["a driver for a pool", { client: pool, driver: "pg" }, "postgresStore.driver", "goes with `url`"],
    ["text for a flag", { ...given, migrate: "false" }, "postgresStore.migrate", "true or false"],
    [
      "a number for a flag",
      { ...given, preparedStatements: 1 },
      "postgresStore.preparedStatements",
      "true or false",
    ],
    ["another clock", { ...given, clock: "client" }, "postgresStore.clock", "engine"],
    ["a number as schema", { ...given, schema: 1 }, "postgresStore.schema", "string"],
  ])("%s", (_what, options, option, advice) => {
    const thrown = caught(make(options));
    expect(thrown).toMatchObject({ name: "SessionError", type: "INVALID_OPTION", payload: { option } });
    expect(String(thrown)).toContain(advice);
    expect(String(thrown)).not.toContain("geheim");
  });

  it("no object at all", () => {
    expect(caught(() => postgresStore(given.url as never))).toMatchObject({ type: "INVALID_OPTION" });
    expect(caught(() => postgresStore(undefined as never))).toMatchObject({ type: "INVALID_OPTION" });
  });

  it("what can work is taken", async () => {
    for (const options of [
      { url: "postgresql://u:p%40@a,b:5433/db?sslmode=require" },
      { url: "POSTGRES://a/db" },
      { url: "/var/run/postgresql db" },
      { ...given, schema: undefined, driver: undefined, migrate: false },
      { client: pool },
      { client: own },
    ]) {
      await make(options)().close();
    }
  });

  it("joinTransaction takes a connection, and nothing that has several", async () => {
    const store = postgresStore({ client: pool });
    for (const client of [pool, own, undefined, null, "x", {}]) {
      await expect(store.joinTransaction(client as never, async () => 1)).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    }
    await store.close();
  });
});

describe.skipIf(missing !== undefined)(
  `PostgreSQL (${missing ?? "real server"}): a mistake that does not pass`,
  () => {
    const at = (change: (there: URL) => void): string => {
      const there = new URL(url);
      change(there);
      return there.href;
    };

    describe.each(["pg", "postgres"] as const)("%s", (driver) => {
      it.each<[what: string, where: () => string, code: string, advice: string]>([
        ["no such database", () => at((there) => (there.pathname = "/nowhere")), "3D000", "no such database"],
        ["no such account", () => at((there) => (there.username = "nobody_at_all")), "28000", "account"],
        ["no TLS there", () => at((there) => there.searchParams.set("sslmode", "require")), "", "TLS"],
      ])(
        "%s: says what to do, is marked, and has the driver's error as its cause",
        async (_what, where, code, advice) => {
          const store = postgresStore({ url: where(), driver });
          const thrown = await store.getSession("h", Date.now()).catch((error: unknown) => error);
          await store.close();
          expect(thrown).toMatchObject({ isPermanent: true, message: expect.stringContaining(advice) });
          expect((thrown as Error).cause).toBeInstanceOf(Error);
          if (code !== "") expect((thrown as Error).cause).toMatchObject({ code });
        },
      );

      it("no TLS there, with the application's own client: says what to look at", async () => {
        const client =
          driver === "pg"
            ? new pg.Pool({ connectionString: at((there) => there.searchParams.set("sslmode", "require")) })
            : postgres(url, { ssl: "require" });
        const store = postgresStore({ client: client as never });
        await expect(store.getSession("h", Date.now())).rejects.toMatchObject({
          message: expect.stringContaining("speak"),
        });
        await store.close();
        await client.end();
      });

      it("no right to make tables, and none to read them", async () => {
        const { schema, drop } = await freshSchema();
        const role = `r_${schema}`;
        await sql(`CREATE ROLE ${role} LOGIN`, undefined);
        const store = postgresStore({ url: at((there) => (there.username = role)), driver, schema });
        await expect(store.getSession("h", Date.now())).rejects.toMatchObject({
          isPermanent: true,
          code: "42501",
          message: expect.stringContaining("grant"),
          cause: expect.objectContaining({ code: "42501" }),
        });
        await store.close();
        await drop();
        await sql(`DROP ROLE ${role}`, undefined);
      });

      it("an account that may only read: `ready()` says what to grant", async () => {
        const { schema, open, drop } = await freshSchema();
        const owner = bindSession({ store: open(), logger: silentLogger }, () => never()).session;
        await owner.ready();
        await owner.close();
        const role = `r_${schema}`;
        await sql(
          `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA ${schema} TO ${role};
           GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
          undefined,
        );
        const store = postgresStore({
          url: at((there) => (there.username = role)),
          driver,
          schema,
          migrate: false,
        });
        const reader = bindSession({ store, logger: silentLogger }, () => never()).session;
        await expect(reader.ready()).rejects.toThrow(/replaceSessionData.*no right.*UPDATE/s);
        await reader.close();
        await drop();
        await sql(`DROP ROLE ${role}`, undefined);
      });

      it("no such schema, and no tables where the store may not make them", async () => {
        const nowhere = postgresStore({ url, driver, schema: "not_there_at_all" });
        await expect(nowhere.listSecrets()).rejects.toMatchObject({ isPermanent: true, code: "3F000" });
        await nowhere.close();
        const { schema, drop } = await freshSchema();
        const store = postgresStore({ url, driver, schema, migrate: false });
        await expect(store.listSecrets()).rejects.toMatchObject({
          isPermanent: true,
          message: expect.stringContaining("postgresSchemaSql()"),
        });
        await store.close();
        await drop();
      });
    });
  },
);

it("without a driver: the one to install is the one that the README names", async () => {
  const app = await mkdtemp(join(tmpdir(), "no-driver-"));
  const scope = join(app, "node_modules/@acme");
  await mkdir(join(scope, "session-store-postgres"), { recursive: true });
  const ours = fileURLToPath(new URL("../", import.meta.url));
  for (const part of ["dist", "package.json"]) {
    await cp(join(ours, part), join(scope, "session-store-postgres", part), { recursive: true });
  }
  await symlink(fileURLToPath(new URL("../../../core", import.meta.url)), join(scope, "session-core"));
  const asked = (driver: string) => `postgresStore({ url: "postgres://127.0.0.1/test"${driver} })`;
  await writeFile(
    join(app, "app.mjs"),
    `import { postgresStore } from "@acme/session-store-postgres";
     for (const store of [${asked("")}, ${asked(', driver: "pg"')}, ${asked(', driver: "postgres"')}]) {
       const error = await store.listSecrets().catch((reason) => reason);
       console.log(error.isPermanent, error.message.match(/npm install [a-z]+/)?.[0]);
     }`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ["app.mjs"], { cwd: app });
  expect(stdout).toBe("true npm install pg\ntrue npm install pg\ntrue npm install postgres\n");
  await rm(app, { recursive: true });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** No request is made. */
function never(): never {
  throw new Error("there is no request");
}
