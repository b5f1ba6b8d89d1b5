import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import { livePromotion, liveSession, runServerStoreConformance } from "@acme/session-conformance";
import { createConnection, createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mysqlSchemaSql, mysqlStore } from "../src/index.js";
import { type FreshTables, freshTables, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`MySQL (${missing ?? "real server"})`, () => {
  let fresh: FreshTables;
  beforeAll(() => {
    fresh = freshTables();
  });
  afterAll(() => fresh.drop());

  it("keeps or drops a session together with the application's own rows [wire ST-1]", async () => {
    const pool = createPool({ uri: url, connectionLimit: 2 });
    const store = fresh.open({ client: pool });
    const [kept, dropped, revoked] = [liveSession(), liveSession(), liveSession()];
    await store.insertSession(revoked);
    const inTransaction = async (
      finish: "COMMIT" | "ROLLBACK",
      work: () => Promise<unknown>,
    ): Promise<void> => {
      const connection = await createConnection({ uri: url });
      await connection.beginTransaction();
      await store.joinTransaction(connection, work);
      await connection.query(finish);
      await connection.end();
    };
    await inTransaction("COMMIT", () => store.insertSession(kept));
    await inTransaction("ROLLBACK", async () => {
      await store.insertSession(dropped);
      expect(await store.getSession(dropped.handle, Date.now())).toEqual(dropped);
      expect(await store.deleteSessions([revoked.handle], Date.now())).toEqual([revoked.handle]);
    });
    expect(await store.getSession(kept.handle, Date.now())).toEqual(kept);
    expect(await store.getSession(dropped.handle, Date.now())).toBeUndefined();
    expect(await store.getSession(revoked.handle, Date.now())).toEqual(revoked);
    await store.close();
    await pool.end();
  });

  it("counts the version up with every change, also one to the same text [wire ST-5]", async () => {
    const store = fresh.open();
    const row = liveSession();
    await store.insertSession(row);
    expect(await store.replaceSessionData(row.handle, Date.now(), "{}")).toBe(true);
    expect(await store.replaceSessionData(row.handle, Date.now(), "{}")).toBe(true);
    await store.promoteSession(livePromotion(row));
    const [record] = await sql(
      `SELECT version FROM ${fresh.tablePrefix}sessions WHERE handle = '${row.handle}'`,
    );
    expect(record).toEqual({ version: 3 });
    await store.close();
  });

  it("fails within the budget on a row that a foreign transaction holds, and works when it is free [sec ST-02, ST-06]", async () => {
    const store = fresh.open();
    const row = liveSession();
    await store.insertSession(row);
    const holder = await createConnection({ uri: url });
    await holder.beginTransaction();
    await holder.query(`SELECT * FROM ${fresh.tablePrefix}sessions WHERE handle = ? FOR UPDATE`, [
      row.handle,
    ]);
    await expect(store.promoteSession(livePromotion(row))).rejects.toMatchObject({
      code: "ER_LOCK_WAIT_TIMEOUT",
    });
    await store.insertSession(liveSession());
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await holder.rollback();
    await holder.end();
    expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
    await store.close();
  });

  it("makes its tables once when eight processes boot at the same time, or leaves them to the operator [sec ST-09]", async () => {
    const empty = freshTables();
    const refusing = empty.open({ migrate: false });
    await expect(refusing.listSecrets()).rejects.toThrow("mysqlSchemaSql");
    const stores = Array.from({ length: 8 }, () => empty.open({ maxConnections: 1 }));
    const secrets = await Promise.all(
      stores.map((store, index) => store.listSecrets({ id: `s-${index}`, secret: "c2VjcmV0" })),
    );
    expect(new Set(secrets.map((list) => JSON.stringify(list))).size).toBe(1);
    await sql(mysqlSchemaSql({ tablePrefix: empty.tablePrefix }));
    expect(await refusing.listSecrets()).toEqual(secrets[0]);
    await sql(`INSERT INTO ${empty.tablePrefix}session_migrations (version, checksum) VALUES (2001, 'x')`);
    const refused = empty.open();
    await expect(refused.listSecrets()).rejects.toThrow("newer release");
    await Promise.all([...stores, refusing, refused].map((store) => store.close()));
    await empty.drop();
  });

  const TABLES = [
    "sessions",
    "signing_keys",
    "secrets",
    "roles",
    "role_permissions",
    "role_parents",
    "user_roles",
    "role_users",
    "role_clock",
    "clean_up",
    "session_migrations",
  ];

  it("makes any single table that is gone: at the start, and under a running store when it is asked for; or says so", {
    timeout: 60_000,
  }, async () => {
    const tables = freshTables();
    const pool = createPool({ uri: url, connectionLimit: 2 });
    const running = tables.open({ clock: "server" });
    const lent = tables.open({ clock: "server", client: pool });
    const there = async (): Promise<unknown[]> =>
      (await sql(`SHOW TABLES LIKE '${tables.tablePrefix.replaceAll("_", "\\_")}%'`)).map((record) =>
        String(Object.values(record)[0]).slice(tables.tablePrefix.length),
      );
    const drop = (table: string) =>
      sql(`SET foreign_key_checks = 0; DROP TABLE ${tables.tablePrefix}${table}`);
    /** Something that asks for each table. */
    const uses: Readonly<Record<string, (store: typeof running) => Promise<unknown>>> = {
      sessions: (store) => store.insertSession(liveSession()),
      signing_keys: (store) => store.listSigningKeys(),
      secrets: (store) => store.listSecrets({ id: "s-1", secret: "c2VjcmV0" }),
      roles: (store) => store.roles.grantPermissions("editor", ["edit"]),
      role_permissions: (store) => store.roles.grantPermissions("editor", ["edit"]),
      role_parents: (store) => store.roles.readAuthorization("public", "alice"),
      user_roles: (store) => store.roles.assignRole("public", "alice", "editor"),
      role_users: (store) => store.roles.readAuthorization("public", "alice"),
      role_clock: (store) => store.roles.grantPermissions("editor", ["edit"]),
      clean_up: (store) => store.claimCleanUp(Date.now(), 1_000),
    };
    for (const store of [running, lent]) {
      await store.listSigningKeys();
      for (const [table, use] of Object.entries(uses)) {
        await drop(table);
        await use(store);
        expect((await there()).sort(), table).toEqual([...TABLES].sort());
      }
    }
    for (const table of TABLES) {
      await drop(table);
      const refusing = tables.open({ migrate: false });
      await expect(refusing.listSecrets(), table).rejects.toThrow("mysqlSchemaSql");
      await refusing.close();
      const started = tables.open();
      await started.listSecrets();
      await started.close();
      expect((await there()).sort(), table).toEqual([...TABLES].sort());
    }
    await Promise.all([running.close(), lent.close()]);
    await pool.end();
    await tables.drop();
  });

  it("takes no prefix that could be SQL [sec ST-11]", () => {
    for (const tablePrefix of ["", "a`b", "a;b", "A", "a b", "1a", "é", "a".repeat(41)]) {
      expect(() => mysqlStore({ url, tablePrefix })).toThrow("mysqlStore.tablePrefix");
    }
  });
});

describe.skipIf(missing !== undefined)(`a MySQL of its own (${missing ?? "real server"})`, () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  let tables: FreshTables;
  beforeAll(async () => {
    server = await startPrivateServer("mysql", [
      "--sql-mode=",
      "--default-time-zone=-11:00",
      "--character-set-server=utf8mb4",
      "--collation-server=utf8mb4_general_ci",
      "--default-storage-engine=MyISAM",
      "--wait-timeout=1",
    ]);
    proxy = await TcpProxy.start(server);
    tables = freshTables(server.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it("keeps ids, lengths and times exact on a server set up against it, and uses InnoDB [sec ST-07, ST-08, TM-01]", async () => {
    const fresh = freshTables(server.url);
    const store = fresh.open({ clock: "server" });
    const rows = ["user", "User", "user ", "usér"].map((userId) => liveSession({ userId }));
    for (const row of rows) await store.insertSession(row);
    for (const row of rows) {
      expect(await store.listSessionHandles(row.userId, undefined, Date.now())).toEqual([row.handle]);
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    }
    await expect(store.insertSession(liveSession({ handle: "h".repeat(129) }))).rejects.toThrow(TypeError);
    const dead = liveSession({ expiresAtMs: Date.now() - 1 });
    await store.insertSession(dead);
    expect(await store.getSession(dead.handle, Date.now())).toBeUndefined();
    expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(1);
    const engines = await sql(
      `SELECT DISTINCT engine FROM information_schema.tables WHERE table_name LIKE '${fresh.tablePrefix}%'`,
      server.url,
    );
    expect(engines.map((record) => Object.values(record)[0])).toEqual(["InnoDB"]);
    await store.close();
  });

  it("goes on after the server has closed its idle connections [sec ST-03, CC-08]", async () => {
    const store = freshTables(server.url).open({ maxConnections: 2 });
    const row = liveSession();
    await store.insertSession(row);
    await expect
      .poll(
        async () => (await sql("SHOW PROCESSLIST", server.url)).filter(({ db }) => db === "test").length,
        {
          timeout: 10_000,
          interval: 300,
        },
      )
      .toBe(1);
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await store.close();
  });

  it("throws while the server is read-only, to writes, and recovers [sec MR-03]", async () => {
    const tables = freshTables(server.url);
    const admin = tables.open();
    await admin.listSecrets();
    await admin.close();
    await sql("CREATE USER app@'127.0.0.1'; GRANT ALL ON test.* TO app@'127.0.0.1'", server.url);
    const store = tables.open({ url: server.url.replace("root@", "app@") });
    const row = liveSession();
    await store.insertSession(row);
    await sql("SET GLOBAL read_only = 1", server.url);
    await expect(store.promoteSession(livePromotion(row))).rejects.toMatchObject({ name: "MysqlFailure" });
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await sql("SET GLOBAL read_only = 0", server.url);
    expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
    await store.close();
  });

  runServerStoreConformance(
    {
      name: "mysql2",
      server: () => ({
        ...server,
        line: proxy,
        open: ({ through, maxConnections = 2 }) =>
          tables.open({
            url: through === undefined ? server.url : proxy.through(server.url),
            maxConnections,
            clock: "server",
          }),
      }),
    },
    { describe, it },
  );
});
