import { createHash } from "node:crypto";
import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import {
  livePromotion,
  liveSession,
  runServerStoreConformance,
  serverConformanceCases,
} from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresSchemaSql, postgresStore } from "../src/index.js";
import { namesOf } from "../src/names.js";
import { statementsFor } from "../src/statements.js";
import { type FreshSchema, freshSchema, missing, sql, stopServer, url, ways } from "./fixture.js";

const HOUR_MS = 3_600_000;
const oneConnection = serverConformanceCases.filter(({ id }) => id === "one-connection");

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  let fresh: FreshSchema;
  beforeAll(async () => {
    fresh = await freshSchema();
  });
  afterAll(() => fresh.drop());

  describe.each(ways)("$name", ({ connect }) => {
    for (const { title, run } of oneConnection) {
      it(`${title} [sec ST-05, ST-06]`, async () => {
        const { options, end } = connect(1);
        const nothing = { line: { replies: 0, fault: {} }, kill: end, restart: end };
        await run({ ...nothing, open: () => fresh.open(options) });
        await end();
      });
    }

    it("goes on after the server has ended every connection, without telling the caller [sec ST-03, CC-08]", async () => {
      const { options, end } = connect(4);
      const store = fresh.open(options);
      const row = liveSession();
      await store.insertSession(row);
      await Promise.all(Array.from({ length: 8 }, () => store.getSession(row.handle, Date.now())));
      await sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND query LIKE '%${fresh.schema}%'`);
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => store.getSession(row.handle, Date.now())),
      );
      expect(answers.map((answer) => answer?.handle)).toEqual(answers.map(() => row.handle));
      await store.close();
      await end();
    });

    it("keeps or drops a session together with the application's own rows [wire ST-1]", async () => {
      const { options, end } = connect(2);
      const store = fresh.open(options);
      const [kept, dropped, revoked] = [liveSession(), liveSession(), liveSession()];
      await store.insertSession(revoked);
      const inTransaction = async (
        finish: "COMMIT" | "ROLLBACK",
        work: () => Promise<unknown>,
      ): Promise<void> => {
        if (options.client === undefined || options.client instanceof pg.Pool) {
          const client = new pg.Client({ connectionString: url });
          await client.connect();
          await client.query("BEGIN");
          await store.joinTransaction(client, work);
          await client.query(finish);
          await client.end();
        } else {
          const own = postgres(url, { max: 1, onnotice: () => {} });
          const rollback = new Error("rollback");
          await own
            .begin(async (transaction) => {
              await store.joinTransaction(transaction as never, work);
              if (finish === "ROLLBACK") throw rollback;
            })
            .catch((error: unknown) => {
              if (error !== rollback) throw error;
            });
          await own.end();
        }
      };
      await inTransaction("COMMIT", async () => {
        await store.insertSession(kept);
        // Not visible to others before the commit, but to the transaction itself.
        expect(await store.getSession(kept.handle, Date.now())).toEqual(kept);
        expect(await store.replaceSessionData(kept.handle, Date.now(), '{"a":1}')).toBe(true);
      });
      await inTransaction("ROLLBACK", async () => {
        await store.insertSession(dropped);
        expect(await store.deleteSessions([revoked.handle], Date.now())).toEqual([revoked.handle]);
      });
      expect(await store.getSession(kept.handle, Date.now())).toEqual({
        ...kept,
        sessionDataJson: '{"a":1}',
      });
      expect(await store.getSession(dropped.handle, Date.now())).toBeUndefined();
      expect(await store.getSession(revoked.handle, Date.now())).toEqual(revoked);
      await store.close();
      await end();
    });
  });

  describe("clean-up", () => {
    it("leaves the rows alone that somebody is writing, and does not wait for them [sec ST-10]", async () => {
      const store = fresh.open();
      const rows = [liveSession({ expiresAtMs: 1 }), liveSession({ expiresAtMs: 2 })];
      for (const row of rows) await store.insertSession(row);
      const writer = new pg.Client({ connectionString: url });
      await writer.connect();
      await writer.query("BEGIN");
      await writer.query(`UPDATE ${fresh.schema}.acme_sessions SET expires_at_ms = $2 WHERE handle = $1`, [
        rows[0]?.handle,
        Date.now() + HOUR_MS,
      ]);
      expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(1);
      await writer.query("COMMIT");
      await writer.end();
      expect(await store.getSession(rows[0]?.handle ?? "", Date.now())).toBeDefined();
      await store.close();
    });
  });

  describe("a row that a foreign transaction holds", () => {
    it("fails within the budget, leaves no statement behind, and works when the lock is gone [sec ST-02, ST-06]", async () => {
      const store = fresh.open();
      const row = liveSession();
      await store.insertSession(row);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query("BEGIN");
      await holder.query(`SELECT * FROM ${fresh.schema}.acme_sessions WHERE handle = $1 FOR UPDATE`, [
        row.handle,
      ]);
      await expect(store.promoteSession(livePromotion(row))).rejects.toMatchObject({ code: "55P03" });
      // Others go on meanwhile, and so do reads of this one.
      await store.insertSession(liveSession());
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      const waiting = await sql(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1",
        [`%${fresh.schema}%`],
      );
      expect(waiting).toEqual([{ count: 0 }]);
      await holder.query("ROLLBACK");
      await holder.end();
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await store.close();
    });
  });

  describe("PgBouncer in transaction mode", () => {
    it("finds nothing left on a connection: no setting, no prepared statement [sec ST-11]", async () => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const store = fresh.open({ client: pool });
      const row = liveSession();
      await store.insertSession(row);
      await store.promoteSession(livePromotion(row));
      await store.deleteSessions([row.handle], Date.now());
      expect((await pool.query("SELECT name FROM pg_prepared_statements")).rows).toEqual([]);
      expect((await pool.query("SHOW lock_timeout")).rows).toEqual([{ lock_timeout: "0" }]);
      expect((await pool.query("SHOW search_path")).rows).toEqual([{ search_path: '"$user", public' }]);
      await store.close();
      await pool.end();
    });
  });

  describe("prepared statements, where they are asked for", () => {
    it("are prepared once per connection, under a name that is made of the text [sec ST-11]", async () => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const store = fresh.open({ client: pool, preparedStatements: true });
      const statementsNow = async () =>
        (await pool.query("SELECT name, statement FROM pg_prepared_statements ORDER BY name")).rows;
      const row = liveSession();
      await store.insertSession(row);
      await store.getSession(row.handle, Date.now());
      const before = await statementsNow();
      expect(before.length).toBeGreaterThan(1);
      await store.insertSession(liveSession());
      await store.getSession(row.handle, Date.now());
      expect(await statementsNow()).toEqual(before);
      expect(new Set(before.map(({ name }) => name)).size).toBe(before.length);
      for (const { name } of before) expect(name).toMatch(/^acme_[0-9a-f]{32}$/);
      await store.close();
      await pool.end();
    });

    it("are left out in the application's transaction, which one that is lost would end", async () => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const store = fresh.open({ client: pool, preparedStatements: true });
      await store.listSecrets();
      const client = await pool.connect();
      const before = (await client.query("SELECT name FROM pg_prepared_statements")).rows;
      await client.query("BEGIN");
      await store.joinTransaction(client, () => store.insertSession(liveSession()));
      await client.query("COMMIT");
      expect((await client.query("SELECT name FROM pg_prepared_statements")).rows).toEqual(before);
      client.release();
      await store.close();
      await pool.end();
    });

    it.each([
      [
        "has prepared them already",
        async (pool: pg.Pool) => {
          const text = statementsFor(namesOf({ schema: fresh.schema }), false).getSession;
          const name = `acme_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
          await pool.query("DEALLOCATE ALL");
          await pool.query(`PREPARE ${name} AS SELECT 1`);
        },
      ],
      [
        "has lost them",
        async (pool: pg.Pool, read: () => Promise<unknown>) => {
          await read();
          await pool.query("DEALLOCATE ALL");
        },
      ],
    ])("are done without behind a pooler whose connection %s", async (_what, interfere) => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const store = fresh.open({ client: pool, preparedStatements: true });
      const row = liveSession();
      await store.insertSession(row);
      const read = () => store.getSession(row.handle, Date.now());
      await interfere(pool, read);
      expect(await read()).toEqual(row);
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      expect(
        (await pool.query("SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '%UPDATE%'")).rows,
      ).toEqual([]);
      await store.close();
      await pool.end();
    });

    it("outlive what another connection adds to the table [sec ST-09]", async () => {
      const newer = await freshSchema();
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const store = newer.open({ client: pool, preparedStatements: true });
      const row = liveSession();
      await store.insertSession(row);
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      await sql(
        `ALTER TABLE ${newer.schema}.acme_sessions ADD COLUMN device text NOT NULL DEFAULT 'unknown'`,
      );
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await store.close();
      await pool.end();
      await newer.drop();
    });
  });

  describe("schema", () => {
    it("is made once when eight processes boot at the same time [sec ST-09]", async () => {
      const empty = await freshSchema();
      const stores = Array.from({ length: 8 }, () => empty.open({ maxConnections: 1 }));
      const secrets = await Promise.all(
        stores.map((store, index) => store.listSecrets({ id: `s-${index}`, secret: "c2VjcmV0" })),
      );
      expect(new Set(secrets.map((list) => JSON.stringify(list))).size).toBe(1);
      const steps = await sql(`SELECT version FROM ${empty.schema}.acme_session_migrations ORDER BY version`);
      expect(steps).toEqual([{ version: 1001 }, { version: 1002 }]);
      await Promise.all(stores.map((store) => store.close()));
      await empty.drop();
    });

    it("can be made by the operator: the script runs twice, and the store finds nothing to do [sec ST-09]", async () => {
      const empty = await freshSchema();
      const refusing = empty.open({ migrate: false });
      await expect(refusing.listSecrets()).rejects.toThrow("postgresSchemaSql");
      const script = postgresSchemaSql({ schema: empty.schema });
      await sql(script, undefined);
      await sql(script, undefined);
      expect(await refusing.listSecrets()).toEqual([]);
      await refusing.close();
      await empty.drop();
    });

    it("works beside a newer release's additions and keeps them, and refuses what breaks with it [sec ST-09]", async () => {
      const newer = await freshSchema();
      const before = newer.open();
      const row = liveSession();
      await before.insertSession(row);
      await before.close();
      const table = `${newer.schema}.acme_sessions`;
      const migrations = `${newer.schema}.acme_session_migrations`;
      await sql(`ALTER TABLE ${table} ADD COLUMN device text NOT NULL DEFAULT 'unknown'`);
      await sql(`UPDATE ${table} SET device = 'phone'`);
      await sql(`INSERT INTO ${migrations} VALUES (1099, 'x')`);
      const older = newer.open();
      expect(await older.getSession(row.handle, Date.now())).toEqual(row);
      expect((await older.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await older.insertSession(liveSession());
      expect(await sql(`SELECT device FROM ${table} WHERE handle = $1`, [row.handle])).toEqual([
        { device: "phone" },
      ]);
      await older.close();
      await sql(`INSERT INTO ${migrations} VALUES (2001, 'x')`);
      const refused = newer.open();
      await expect(refused.getSession(row.handle, Date.now())).rejects.toThrow("newer release");
      await refused.close();
      await newer.drop();
    });

    it("notices a step that is not the one it knows", async () => {
      const edited = await freshSchema();
      const store = edited.open();
      await store.listSecrets();
      await store.close();
      await sql(`UPDATE ${edited.schema}.acme_session_migrations SET checksum = 'x' WHERE version = 1001`);
      const again = edited.open();
      await expect(again.listSecrets()).rejects.toThrow("step 1001");
      await again.close();
      await edited.drop();
    });

    it("takes no name that could be SQL [sec ST-11]", () => {
      for (const name of ["", 'a"b', "a;b", "A", "a b", "1a", "é", "a".repeat(41)]) {
        expect(() => postgresStore({ url, tablePrefix: name })).toThrow("postgresStore.tablePrefix");
        expect(() => postgresStore({ url, schema: name })).toThrow("postgresStore.schema");
      }
    });
  });
});

describe.skipIf(missing !== undefined)(`a PostgreSQL of its own (${missing ?? "real server"})`, () => {
  let server: PrivateServer;
  let proxy: TcpProxy;
  beforeAll(async () => {
    server = await startPrivateServer("postgres");
    proxy = await TcpProxy.start(server);
    await sql("CREATE SCHEMA pg; CREATE SCHEMA postgres", undefined, server.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  describe.each(["pg", "postgres"] as const)("%s", (driver) => {
    runServerStoreConformance(
      {
        name: driver,
        server: () => ({
          ...server,
          line: proxy,
          open: ({ through, maxConnections = 2 }) =>
            postgresStore({
              url: through === undefined ? server.url : proxy.through(server.url),
              driver,
              maxConnections,
              schema: driver,
            }),
        }),
      },
      { describe, it },
    );

    it("throws while the server is read-only, and drops those connections [sec MR-03]", async () => {
      const store = postgresStore({
        url: proxy.through(server.url),
        driver,
        maxConnections: 2,
        schema: "public",
      });
      const row = liveSession();
      await store.insertSession(row);
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query("SET default_transaction_read_only = off");
      await client.query("ALTER SYSTEM SET default_transaction_read_only = on");
      await client.query("SELECT pg_reload_conf()");
      await expect
        .poll(async () => (await sql("SHOW default_transaction_read_only", [], server.url))[0])
        .toEqual({
          default_transaction_read_only: "on",
        });
      await expect(store.promoteSession(livePromotion(row))).rejects.toMatchObject({ code: "25006" });
      expect(await store.getSession(row.handle, Date.now())).toEqual(row);
      await client.query("ALTER SYSTEM RESET default_transaction_read_only");
      await client.query("SELECT pg_reload_conf()");
      await expect
        .poll(async () => (await sql("SHOW default_transaction_read_only", [], server.url))[0])
        .toEqual({
          default_transaction_read_only: "off",
        });
      await client.end();
      expect((await store.promoteSession(livePromotion(row)))?.generation).toBe(1);
      await store.close();
    });
  });
});
