import {
  livePromotion,
  liveSession,
  rolesIn,
  runRoleStoreConformance,
  runStoreConformance,
  type StoreUnderTest,
} from "@acme/session-conformance";
import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshTables, freshTables, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

/** What an application may have made of its connections: statements on each new one, and options of the driver. */
interface Habit {
  readonly statements: readonly string[];
  readonly options?: Partial<PoolOptions>;
}

const HABITS: Readonly<Record<string, Habit>> = {
  "reads texts as ANSI does, and rows its own way": {
    statements: [
      "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,HIGH_NOT_PRECEDENCE,IGNORE_SPACE,REAL_AS_FLOAT,ONLY_FULL_GROUP_BY,TRADITIONAL'",
      "SET SESSION completion_type = 'RELEASE', sql_auto_is_null = 1",
    ],
    options: {
      rowsAsArray: true,
      namedPlaceholders: true,
      bigNumberStrings: true,
      supportBigNumbers: true,
      dateStrings: true,
      charset: "latin1",
      flags: ["-FOUND_ROWS"],
      typeCast: () => "what the application wants",
      queryFormat: (text: string) => text,
    } as Partial<PoolOptions>,
  },
  "speaks Oracle, takes an empty text for none, and commits by itself": {
    statements: [
      "SET SESSION sql_mode = 'ORACLE,EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT,TIME_ROUND_FRACTIONAL'",
      "SET SESSION autocommit = 0, tx_read_only = 1",
      "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ],
  },
  "cuts what is too long, and what are too many": {
    statements: [
      "SET SESSION sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION,MAXDB'",
      "SET SESSION autocommit = 0, sql_safe_updates = 1, sql_select_limit = 1, foreign_key_checks = 0, completion_type = 'CHAIN'",
      "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ],
  },
};

function poolWith({ statements, options }: Habit, connectionLimit: number): Pool {
  const pool = createPool({ uri: url, connectionLimit, ...options });
  // What is queued first runs first.
  pool.pool.on("connection", (connection) => {
    for (const statement of statements) connection.query(statement, () => {});
  });
  return pool;
}

describe.skipIf(missing !== undefined)(
  `the application's own MySQL pool (${missing ?? "real server"})`,
  () => {
    describe.each(Object.entries(HABITS))("of an application that %s", (_, habit) => {
      let fresh: FreshTables;
      beforeAll(async () => {
        fresh = freshTables();
        const pool = poolWith(habit, 1);
        const store = fresh.open({ client: pool });
        await store.listSecrets();
        await store.close();
        await pool.end();
      });
      afterAll(() => fresh.drop());
      const makeStore = (): StoreUnderTest => {
        const pools: Pool[] = [];
        const open = () => {
          const pool = poolWith(habit, 10);
          pools.push(pool);
          return fresh.open({ client: pool });
        };
        return {
          store: open(),
          reopen: open,
          cleanup: async () => {
            await Promise.all(pools.map((pool) => pool.end()));
            await fresh.empty();
          },
        };
      };
      runStoreConformance(
        { name: "mysql2, lent", makeStore, capabilities: { secondInstance: true, namespaces: true } },
        { describe, it },
      );
      runRoleStoreConformance({ name: "mysql2, lent", makeStore: rolesIn(makeStore) }, { describe, it });

      it("gets its connections back as they were, from what succeeds and from what fails", async () => {
        const tables = freshTables();
        const pool = poolWith(habit, 1);
        const lent = await pool.getConnection();
        const core = lent.connection;
        lent.release();
        const before = await stateOf(pool);
        const store = tables.open({ client: pool });
        await useAll(store);
        expect(await stateOf(pool)).toEqual(before);

        const row = liveSession();
        await store.insertSession(row);
        const holder = createPool({ uri: url, connectionLimit: 1 });
        const held = await holder.getConnection();
        await held.beginTransaction();
        await held.query(`SELECT * FROM ${tables.tablePrefix}sessions FOR UPDATE`);
        await expect(store.promoteSession(livePromotion(row))).rejects.toMatchObject({
          code: "ER_LOCK_WAIT_TIMEOUT",
        });
        await expect(
          store.updateAccessTokenPayload(row.handle, Date.now(), () => {
            throw new RangeError("the application's");
          }),
        ).rejects.toThrow();
        await held.rollback();
        await expect(
          store.updateAccessTokenPayload(row.handle, Date.now(), () => {
            throw new RangeError("the application's");
          }),
        ).rejects.toThrow(RangeError);
        await expect(store.insertSession(row)).rejects.toMatchObject({ code: "ER_DUP_ENTRY" });
        expect(await stateOf(pool)).toEqual(before);
        const again = await pool.getConnection();
        expect(again.connection).toBe(core);
        again.release();
        await store.close();
        await Promise.all([pool.end(), holder.end()]);
        await tables.drop();
      });

      it("a login that was answered is stored, and what others store is seen", async () => {
        const pool = poolWith(habit, 1);
        const [here, elsewhere] = [fresh.open({ client: pool }), fresh.open({ clock: "server" })];
        const [mine, theirs] = [liveSession(), liveSession()];
        expect(await here.getSession(theirs.handle, Date.now())).toBeUndefined();
        await here.insertSession(mine);
        await elsewhere.insertSession(theirs);
        expect((await here.getSession(theirs.handle, Date.now()))?.handle).toBe(theirs.handle);
        expect((await elsewhere.getSession(mine.handle, Date.now()))?.handle).toBe(mine.handle);
        await pool.end();
        expect((await elsewhere.getSession(mine.handle, Date.now()))?.handle).toBe(mine.handle);
        await Promise.all([here.close(), elsewhere.close()]);
      });

      it("keeps hostile texts as they are and runs none of them", async () => {
        const pool = poolWith(habit, 2);
        const store = fresh.open({ client: pool });
        const hostile = [
          "\\' OR 1=1 -- ",
          "\\'; DROP TABLE x; -- ",
          "' OR ''='",
          '" OR ""="',
          "\\",
          "\\\\'",
          "`; --",
          "?",
          ":name",
          "/* */",
          "%00%27",
          "\u00bf'\u0027",
          "\ufffd'",
          "x'41'",
          "NULL",
        ];
        const rows = hostile.map((text) =>
          liveSession({
            userId: text,
            tenantId: text,
            sessionDataJson: JSON.stringify({ text }),
            accessTokenPayloadJson: JSON.stringify({ text }),
          }),
        );
        for (const row of rows) await store.insertSession(row);
        for (const row of rows) {
          expect(await store.getSession(row.handle, Date.now())).toEqual(row);
          expect(await store.listSessionHandles(row.userId, row.tenantId, Date.now())).toEqual([row.handle]);
          expect(await store.deleteSessionsOfUser(row.userId, row.tenantId, Date.now())).toEqual([
            row.handle,
          ]);
        }
        for (const text of hostile) expect(await store.deleteSessions([text], Date.now())).toEqual([]);
        await expect(store.insertSession(liveSession({ expiresAtMs: Number.NaN }))).rejects.toThrow(
          TypeError,
        );
        await expect(
          store.insertSigningKey({
            kid: "k".repeat(257),
            family: "dynamic",
            algorithm: "ES256",
            sequence: 1,
            createdAtMs: 1,
            publicJwkJson: "{}",
            privateJwkJson: "{}",
          }),
        ).rejects.toThrow(TypeError);
        await expect(store.listSecrets({ id: "i".repeat(257), secret: "c2VjcmV0" })).rejects.toThrow(
          TypeError,
        );
        await store.close();
        await pool.end();
      });
    });
  },
);

/** Every operation once, on tables that have to be made first. */
async function useAll(store: ReturnType<FreshTables["open"]>): Promise<void> {
  const now = Date.now();
  const row = liveSession();
  await store.listSecrets({ id: "s", secret: "c2VjcmV0" });
  await store.insertSession(row);
  await store.getSession(row.handle, now);
  await store.getSession("nobody", now);
  await store.promoteSession(livePromotion(row));
  await store.updateAccessTokenPayload(row.handle, now, () => '{"a":1}');
  await store.replaceSessionData(row.handle, now, '{"a":1}');
  await store.replaceSessionData("nobody", now, '{"a":1}');
  await store.listSessionHandles(row.userId, undefined, now);
  await store.deleteSessions([row.handle, "nobody"], now);
  await store.insertSession(liveSession({ expiresAtMs: now - 1 }));
  expect(await store.deleteExpiredSessions(now, 10)).toBe(1);
  await store.deleteSessionsOfUser(row.userId, undefined, now);
  await store.scanSessions(undefined, 10);
  await store.listSigningKeys();
  await store.deleteSigningKeys(["nobody"]);
  await store.roles.grantPermissions("admin", ["read", "write"]);
  await store.roles.grantPermissions("lead", []);
  await store.roles.setParents("lead", ["admin"]);
  await store.roles.assignRole("public", row.userId, "lead");
  expect((await store.roles.readAuthorization("public", row.userId)).permissions).toEqual(["read", "write"]);
  expect(await store.roles.deleteRole("admin")).toBe(true);
  expect(await store.roles.unassignAll(row.userId, undefined)).toBe(1);
}

/** Differs from one statement to the next by itself. */
const RESTLESS = new Set([
  "timestamp",
  "rand_seed1",
  "rand_seed2",
  "error_count",
  "warning_count",
  "last_insert_id",
  "identity",
  "insert_id",
  "pseudo_thread_id",
  "last_gtid",
  "gtid_binlog_pos",
  "gtid_current_pos",
  "gtid_binlog_state",
]);

/** All that a connection of a pool of one keeps between statements, and who listens to it. */
async function stateOf(pool: Pool): Promise<unknown> {
  const connection = await pool.getConnection();
  const ask = async (statement: string): Promise<unknown[][]> =>
    (
      await connection.query({ sql: statement, rowsAsArray: true, typeCast: (_, next) => next() })
    )[0] as unknown[][];
  const variables = Object.fromEntries((await ask("SHOW SESSION VARIABLES")) as [string, unknown][]);
  for (const name of RESTLESS) delete variables[name];
  const [[prepared]] = (await ask("SHOW SESSION STATUS LIKE 'Com_stmt_prepare'")) as [[unknown, unknown]];
  const locks = await ask(
    "SELECT id FROM information_schema.metadata_lock_info JOIN information_schema.processlist ON thread_id = id WHERE id = CONNECTION_ID() AND table_schema = 'test'",
  ).catch(() => []);
  const state = {
    thread: connection.threadId,
    variables,
    prepared,
    locks,
    errorListeners: connection.connection.listenerCount("error"),
  };
  connection.release();
  return state;
}
