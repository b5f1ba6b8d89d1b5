import { type PrivateServer, startPrivateServer, TcpProxy } from "@acme/servers";
import { livePromotion, liveSession } from "@acme/session-conformance";
import { createConnection as createCallbackConnection } from "mysql2";
import { type Connection, createPool, type Pool } from "mysql2/promise";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MysqlStore } from "../src/index.js";
import { type FreshTables, freshTables, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `in a transaction of the application on MySQL (${missing ?? "real server"})`,
  () => {
    let fresh: FreshTables;
    let pool: Pool;
    let store: MysqlStore;
    let other: MysqlStore;
    beforeEach(async () => {
      fresh = freshTables();
      await sql(
        `CREATE TABLE ${fresh.tablePrefix}notes (id INT PRIMARY KEY, text VARCHAR(99)) ENGINE = InnoDB`,
      );
      await sql(`INSERT INTO ${fresh.tablePrefix}notes VALUES (0, 'old')`);
      other = fresh.open();
      await other.listSigningKeys();
      pool = createPool({ uri: url, connectionLimit: 4 });
      store = fresh.open({ client: pool });
    });
    afterEach(async () => {
      await Promise.all([store.close(), other.close()]);
      await pool.end();
      await sql(`DROP TABLE ${fresh.tablePrefix}notes`);
      await fresh.drop();
    });

    /** Begun, with its snapshot taken. */
    async function begun(
      isolation: string,
    ): Promise<{ connection: Connection; end(how: "commit" | "rollback"): Promise<void> }> {
      const connection = await pool.getConnection();
      await connection.query(`SET TRANSACTION ISOLATION LEVEL ${isolation}`);
      await connection.beginTransaction();
      await connection.query(`SELECT * FROM ${fresh.tablePrefix}role_clock`);
      return {
        connection,
        end: async (how) => {
          await connection[how]();
          connection.release();
        },
      };
    }
    const notes = async (): Promise<unknown[]> =>
      (await sql(`SELECT id FROM ${fresh.tablePrefix}notes WHERE id > 0`)).map(({ id }) => id);

    describe.each(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])("%s", (isolation) => {
      it("a session that has moved on since the snapshot is merged into, promoted and revoked as it is now", async () => {
        const rows = [liveSession(), liveSession(), liveSession()];
        const [merged, promoted, revoked] = rows as [(typeof rows)[0], (typeof rows)[0], (typeof rows)[0]];
        for (const row of rows) await other.insertSession(row);
        const { connection, end } = await begun(isolation);
        const now = Date.now();
        for (const { handle } of rows) {
          await other.updateAccessTokenPayload(handle, now, () => '{"theirs":1}');
          await other.replaceSessionData(handle, now, '{"theirs":1}');
        }
        const first = livePromotion(promoted);
        await other.promoteSession(first);
        await store.joinTransaction(connection, async () => {
          const changed = await store.updateAccessTokenPayload(merged.handle, now, (text) =>
            JSON.stringify({ ...(JSON.parse(text) as object), ours: 1 }),
          );
          expect(changed?.accessTokenPayloadJson).toBe('{"theirs":1,"ours":1}');
          // A stale row would make an honest token look like a stolen one.
          expect((await store.getSession(promoted.handle, now))?.generation).toBe(1);
          const second = {
            ...livePromotion(promoted),
            expectedRefreshTokenHash2: first.nextRefreshTokenHash2,
            nextRefreshTokenHash2: "next-2",
          };
          expect((await store.promoteSession(second))?.generation).toBe(2);
          expect(await store.deleteSessions([revoked.handle, "nobody"], now)).toEqual([revoked.handle]);
        });
        await end("commit");
        expect((await other.getSession(merged.handle, now))?.accessTokenPayloadJson).toBe(
          '{"theirs":1,"ours":1}',
        );
        expect((await other.getSession(promoted.handle, now))?.generation).toBe(2);
        expect(await other.getSession(revoked.handle, now)).toBeUndefined();
      });

      it("a deadlock rejects the call although the work goes on, and keeps nothing of either side's", async () => {
        const [x, y] = [liveSession(), liveSession()];
        await other.insertSession(x);
        await other.insertSession(y);
        const late = [liveSession(), liveSession()];
        let meet = (): void => {};
        let waiting = 2;
        const both = new Promise<void>((resolve) => {
          meet = resolve;
        });
        const transaction = async (id: number, mine: string, theirs: string): Promise<string> => {
          const { connection, end } = await begun(isolation);
          await connection.query(`INSERT INTO ${fresh.tablePrefix}notes VALUES (${id}, 'new')`);
          try {
            await store.joinTransaction(connection, async () => {
              await store.replaceSessionData(mine, Date.now(), `{"by":${id}}`);
              waiting -= 1;
              if (waiting === 0) meet();
              await both;
              const row = late[id - 1];
              // Sent at once, and not waited for by turns: what is behind the deadlock must not be kept by itself.
              await Promise.allSettled([
                store.replaceSessionData(theirs, Date.now(), `{"by":${id}}`),
                row === undefined ? undefined : store.insertSession(row),
              ]);
            });
            await end("commit");
            return "kept";
          } catch (error) {
            expect(error).toMatchObject({ type: "STORE_UNAVAILABLE" });
            await end("rollback");
            return "dropped";
          }
        };
        const outcomes = await Promise.all([
          transaction(1, x.handle, y.handle),
          transaction(2, y.handle, x.handle),
        ]);
        expect([...outcomes].sort()).toEqual(["dropped", "kept"]);
        const winner = outcomes.indexOf("kept") + 1;
        expect(await notes()).toEqual([winner]);
        for (const [index, row] of late.entries()) {
          expect((await other.getSession(row.handle, Date.now())) !== undefined).toBe(index + 1 === winner);
        }
        for (const { handle } of [x, y]) {
          expect((await other.getSession(handle, Date.now()))?.sessionDataJson).toBe(`{"by":${winner}}`);
        }
      });
    });

    describe.each(["READ COMMITTED", "REPEATABLE READ"])("%s", (isolation) => {
      it("signing a user out everywhere holds up nobody else's login, refresh or sign-out", {
        timeout: 30_000,
      }, async () => {
        const users = ["alice", "bob", "carol", "dave"];
        const rows = users.flatMap((userId) => [liveSession({ userId }), liveSession({ userId })]);
        for (const row of rows) await other.insertSession(row);
        const { connection, end } = await begun(isolation);
        await store.joinTransaction(connection, async () => {
          const mine = await store.deleteSessionsOfUser("bob", undefined, Date.now());
          expect(mine).toHaveLength(2);
          await store.deleteSessionsOfUser("nobody", undefined, Date.now());
          await store.deleteSessions(["nobody"], Date.now());
          expect(await store.replaceSessionData("nobody", Date.now(), "{}")).toBe(false);
          expect(await store.getSession("nobody", Date.now())).toBeUndefined();
          expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(0);
        });
        const startMs = performance.now();
        for (const userId of ["aaron", "alice", "alicia", "bob", "bobby", "carol", "nobody", "zoe"]) {
          for (let count = 0; count < 5; count += 1) await other.insertSession(liveSession({ userId }));
        }
        for (const row of rows.filter(({ userId }) => userId !== "bob")) {
          expect(await other.promoteSession(livePromotion(row))).toBeDefined();
        }
        expect(await other.deleteSessionsOfUser("carol", undefined, Date.now())).toHaveLength(7);
        expect(performance.now() - startMs).toBeLessThan(5_000);
        await end("commit");
      });
    });

    it("a transaction that ended under the call, by a deadlock that was overlooked or the application itself, rejects it", async () => {
      const { connection, end } = await begun("REPEATABLE READ");
      const rows = [liveSession(), liveSession()] as const;
      const joined = store.joinTransaction(connection, async () => {
        await store.insertSession(rows[0]);
        await connection.query("ROLLBACK");
        // Kept by itself, which nobody can know before.
        await store.insertSession(rows[1]).catch(() => {});
        await store.insertSession(liveSession({ userId: "never" }));
      });
      await expect(joined).rejects.toMatchObject({ code: "NO_TRANSACTION" });
      await end("rollback");
      expect(await other.getSession(rows[0].handle, Date.now())).toBeUndefined();
      expect(await other.listSessionHandles("never", undefined, Date.now())).toEqual([]);
    });

    it("where nothing leads beside the transaction, keys and secrets that are there are read inside it", async () => {
      const secret = { id: "secret-1", secret: "c2VjcmV0" };
      await other.listSecrets(secret);
      const one = createPool({ uri: url, connectionLimit: 1 });
      const shown = {
        getConnection: () => one.getConnection(),
        execute: () => {},
        end: () => one.end(),
      };
      const newcomer = fresh.open({ client: shown });
      const connection = await one.getConnection();
      await connection.beginTransaction();
      expect(await newcomer.joinTransaction(connection, () => newcomer.listSecrets())).toEqual([secret]);
      await connection.commit();
      connection.release();
      await newcomer.close();
      await one.end();
    });

    it("on the first day of all, with a pool of one, tables are made beside it", async () => {
      const tables = freshTables();
      const one = createPool({ uri: url, connectionLimit: 1 });
      const newcomer = tables.open({ client: one });
      const connection = await one.getConnection();
      await connection.beginTransaction();
      await connection.query(`INSERT INTO ${fresh.tablePrefix}notes VALUES (7, 'first')`);
      const row = liveSession();
      await newcomer.joinTransaction(connection, () => newcomer.insertSession(row));
      // Nothing was committed meanwhile.
      expect(await notes()).toEqual([]);
      await connection.commit();
      connection.release();
      expect(await notes()).toEqual([7]);
      expect(await newcomer.getSession(row.handle, Date.now())).toEqual(row);
      await newcomer.close();
      await one.end();
      await tables.drop();
    });

    it("a connection without a transaction, a pool, and a connection with callbacks are refused; nothing is stored", async () => {
      const row = liveSession();
      const connection = await pool.getConnection();
      const callbacks = createCallbackConnection(url);
      for (const given of [connection, pool, callbacks, undefined, {}]) {
        await expect(
          store.joinTransaction(given as Connection, () => store.insertSession(row)),
        ).rejects.toMatchObject({
          type: "INVALID_ARGUMENT",
          message: expect.stringContaining("joinTransaction"),
        });
      }
      expect(await other.getSession(row.handle, Date.now())).toBeUndefined();
      // With `autocommit` off, none has to be begun.
      await connection.query("SET autocommit = 0");
      await store.joinTransaction(connection, () => store.insertSession(row));
      await connection.rollback();
      expect(await other.getSession(row.handle, Date.now())).toBeUndefined();
      connection.destroy();
      await callbacks.promise().end();
    });
  },
);

describe.skipIf(missing !== undefined)(`a MySQL that falls silent (${missing ?? "real server"})`, () => {
  it("a statement without an answer rejects the call in time, and never runs afterwards", {
    timeout: 30_000,
  }, async () => {
    const server: PrivateServer = await startPrivateServer("mysql", []);
    const proxy = await TcpProxy.start(server);
    const tables = freshTables(server.url);
    const direct = tables.open();
    await direct.listSigningKeys();
    const pool = createPool({ uri: proxy.through(server.url), connectionLimit: 1 });
    const store = tables.open({ client: pool });
    await store.listSigningKeys();
    const row = liveSession();
    const connection = await pool.getConnection();
    await connection.beginTransaction();
    await connection.query("SELECT 1");
    const startMs = performance.now();
    await expect(
      store.joinTransaction(connection, async () => {
        proxy.fault.blackHole = true;
        await store.insertSession(row).catch(() => {});
      }),
    ).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(performance.now() - startMs).toBeLessThan(3_500);
    await expect(connection.commit()).rejects.toThrow();
    connection.release();
    proxy.fault.blackHole = false;
    expect(await direct.getSession(row.handle, Date.now())).toBeUndefined();
    await Promise.all([store.close(), direct.close()]);
    await pool.end();
    await proxy.stop();
    await server.stop();
  });
});
