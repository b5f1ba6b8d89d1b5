import { randomBytes } from "node:crypto";
import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import type { SessionRow } from "@acme/session-core/store";
import { createConnection, createPool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mysqlSchemaSql, mysqlStore } from "../src/index.js";
import { type FreshTables, freshTables, missing, sql, stopServer, url } from "./fixture.js";

const HOUR_MS = 3_600_000;

function session(fields: Partial<SessionRow> = {}): SessionRow {
  const nowMs = Date.now();
  return {
    handle: randomBytes(16).toString("hex"),
    tenantId: "public",
    userId: "user-1",
    refreshTokenHash2: "a".repeat(64),
    previousRefreshTokenHash2: null,
    secretId: "secret-1",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: nowMs,
    expiresAtMs: nowMs + HOUR_MS,
    absoluteExpiresAtMs: nowMs + 100 * HOUR_MS,
    ...fields,
  };
}

function promotionOf(row: SessionRow, nowMs = Date.now()) {
  return {
    handle: row.handle,
    expectedRefreshTokenHash2: row.refreshTokenHash2,
    nextRefreshTokenHash2: "b".repeat(64),
    nextSecretId: "secret-1",
    nowMs,
    expiresAtMs: nowMs + HOUR_MS,
  };
}

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`MySQL (${missing ?? "real server"})`, () => {
  let fresh: FreshTables;
  beforeAll(() => {
    fresh = freshTables();
  });
  afterAll(() => fresh.drop());

  it("finishes 50 refreshes at once on a single connection [sec ST-05, ST-06]", async () => {
    const store = fresh.open({ maxConnections: 1 });
    const rows = Array.from({ length: 50 }, () => session());
    for (const row of rows) await store.insertSession(row);
    const results = await Promise.all(
      rows.map(async (row) => {
        const read = await store.getSession(row.handle, Date.now());
        await store.listSigningKeys();
        return (await store.promoteSession(promotionOf(read ?? row)))?.generation;
      }),
    );
    expect(results).toEqual(rows.map(() => 1));
    await store.close();
  });

  it("judges expiry and age by the server's clock, whatever the caller's says [sec TM-01, ST-10]", async () => {
    const store = fresh.open({ clock: "server" });
    const row = session();
    await store.insertSession(row);
    for (const wrongMs of [Date.now() - 90_000, Date.now() + 90_000, Date.now() + 10 * HOUR_MS]) {
      expect(await store.getSession(row.handle, wrongMs)).toEqual(row);
    }
    const aheadMs = Date.now() + 90_000;
    await store.promoteSession(promotionOf(row, aheadMs));
    for (const callerMs of [aheadMs, Date.now() - 90_000]) {
      const read = await store.getSession(row.handle, callerMs);
      expect(Math.abs(callerMs - (read?.rotatedAtMs ?? 0))).toBeLessThan(20_000);
    }
    await expect(store.deleteExpiredSessions(Date.now() + 2 * HOUR_MS, 10)).rejects.toThrow("clock");
    await store.close();
  });

  it("keeps or drops a session together with the application's own rows [wire ST-1]", async () => {
    const pool = createPool({ uri: url, connectionLimit: 2 });
    const store = fresh.open({ client: pool as never });
    const [kept, dropped, revoked] = [session(), session(), session()];
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
    const row = session();
    await store.insertSession(row);
    expect(await store.replaceSessionData(row.handle, Date.now(), "{}")).toBe(true);
    expect(await store.replaceSessionData(row.handle, Date.now(), "{}")).toBe(true);
    await store.promoteSession(promotionOf(row));
    const [record] = await sql(
      `SELECT version FROM ${fresh.tablePrefix}sessions WHERE handle = '${row.handle}'`,
    );
    expect(record).toEqual({ version: 3 });
    await store.close();
  });

  it("fails within the budget on a row that a foreign transaction holds, and works when it is free [sec ST-02, ST-06]", async () => {
    const store = fresh.open();
    const row = session();
    await store.insertSession(row);
    const holder = await createConnection({ uri: url });
    await holder.beginTransaction();
    await holder.query(`SELECT * FROM ${fresh.tablePrefix}sessions WHERE handle = ? FOR UPDATE`, [
      row.handle,
    ]);
    await expect(store.promoteSession(promotionOf(row))).rejects.toMatchObject({
      code: "ER_LOCK_WAIT_TIMEOUT",
    });
    await store.insertSession(session());
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await holder.rollback();
    await holder.end();
    expect((await store.promoteSession(promotionOf(row)))?.generation).toBe(1);
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

  it("takes no prefix that could be SQL [sec ST-11]", () => {
    for (const tablePrefix of ["", "a`b", "a;b", "A", "a b", "1a", "é", "a".repeat(41)]) {
      expect(() => mysqlStore({ url, tablePrefix })).toThrow(TypeError);
    }
  });
});

describe.skipIf(missing !== undefined)(`a MySQL of its own (${missing ?? "real server"})`, () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
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
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it("keeps ids, lengths and times exact on a server set up against it, and uses InnoDB [sec ST-07, ST-08, TM-01]", async () => {
    const fresh = freshTables(server.url);
    const store = fresh.open({ clock: "server" });
    const rows = ["user", "User", "user ", "usér"].map((userId) => session({ userId }));
    for (const row of rows) await store.insertSession(row);
    for (const row of rows) {
      expect(await store.listSessionHandles(row.userId, undefined, Date.now())).toEqual([row.handle]);
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    }
    await expect(store.insertSession(session({ handle: "h".repeat(129) }))).rejects.toThrow(TypeError);
    const dead = session({ expiresAtMs: Date.now() - 1 });
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
    const row = session();
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

  it("does each thing once although the reply is lost [sec ST-04]", async () => {
    const store = freshTables(server.url).open({
      url: proxy.through(server.url),
      maxConnections: 1,
      clock: "server",
    });
    const row = session();
    // The statement that matters is the last of its operation; the reply to it is the one that gets lost.
    const losingReply = async <T>(number: number, run: () => Promise<T>): Promise<T> => {
      await store.listSecrets();
      proxy.replies = 0;
      proxy.fault = { cutReplyEvery: number };
      const running = run();
      while (proxy.replies < number) await new Promise((resolve) => setImmediate(resolve));
      proxy.fault = {};
      return running;
    };
    await losingReply(1, () => store.insertSession(row));
    expect((await losingReply(2, () => store.promoteSession(promotionOf(row))))?.generation).toBe(1);
    expect(await losingReply(1, () => store.replaceSessionData(row.handle, Date.now(), "[]"))).toBe(true);
    const merged = await losingReply(2, () =>
      store.updateAccessTokenPayload(row.handle, Date.now(), () => '{"merged":true}'),
    );
    expect(merged).toMatchObject({
      accessTokenPayloadJson: '{"merged":true}',
      generation: 1,
      sessionDataJson: "[]",
    });
    expect(await losingReply(5, () => store.deleteSessions([row.handle], Date.now()))).toEqual([row.handle]);
    expect(await store.getSession(row.handle, Date.now())).toBeUndefined();
    await store.close();
  });

  it("answers within the budget while nothing comes back, and works right after [sec ST-02, O-01]", async () => {
    const store = freshTables(server.url).open({ url: proxy.through(server.url), maxConnections: 2 });
    const row = session();
    await store.insertSession(row);
    proxy.fault = { blackHole: true };
    const during = await Promise.allSettled([
      store.getSession(row.handle, Date.now()),
      store.promoteSession(promotionOf(row)),
      store.listSigningKeys(),
    ]);
    expect(during.map(({ status }) => status)).toEqual(during.map(() => "rejected"));
    proxy.fault = {};
    expect((await store.getSession(row.handle, Date.now()))?.handle).toBe(row.handle);
    await store.close();
  });

  it("throws while the server is read-only, to writes, and recovers [sec MR-03]", async () => {
    const tables = freshTables(server.url);
    const admin = tables.open();
    await admin.listSecrets();
    await admin.close();
    await sql("CREATE USER app@'127.0.0.1'; GRANT ALL ON test.* TO app@'127.0.0.1'", server.url);
    const store = tables.open({ url: server.url.replace("root@", "app@") });
    const row = session();
    await store.insertSession(row);
    await sql("SET GLOBAL read_only = 1", server.url);
    await expect(store.promoteSession(promotionOf(row))).rejects.toMatchObject({ name: "MysqlFailure" });
    expect(await store.getSession(row.handle, Date.now())).toEqual(row);
    await sql("SET GLOBAL read_only = 0", server.url);
    expect((await store.promoteSession(promotionOf(row)))?.generation).toBe(1);
    await store.close();
  });

  it("recovers by itself after the server was killed and started again [sec ST-02, CC-08]", async () => {
    const store = freshTables(server.url).open();
    const row = session();
    await store.insertSession(row);
    await server.kill();
    await expect(store.getSession(row.handle, Date.now())).rejects.toThrow();
    await server.restart();
    await expect
      .poll(() => store.getSession(row.handle, Date.now()).catch(() => "unavailable"), { timeout: 5_000 })
      .toEqual(row);
    await store.close();
  });
});
