import { livePromotion, liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PgClient, PostgresJsTransaction, PostgresStore } from "../src/index.js";
import { type FreshSchema, freshSchema, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

type Client = PgClient | PostgresJsTransaction;

/** A transaction of the application, with statements of its own; rolled back. */
interface Transaction {
  readonly client: Client;
  send(text: string): Promise<void>;
  lockTimeout(): Promise<unknown>;
}

const drivers: Readonly<
  Record<string, (work: (transaction: Transaction) => Promise<void>) => Promise<void>>
> = {
  async pg(work) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("BEGIN");
    try {
      await work({
        client,
        send: async (text) => void (await client.query(text)),
        lockTimeout: async () => (await client.query("SHOW lock_timeout")).rows[0].lock_timeout as unknown,
      });
    } finally {
      await client.query("ROLLBACK");
      await client.end();
    }
  },
  async postgres(work) {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    let reason: unknown;
    await sql
      .begin(async (transaction) => {
        await work({
          client: transaction as never,
          send: async (text) => void (await transaction.unsafe(text)),
          lockTimeout: async () =>
            (await transaction.unsafe("SHOW lock_timeout"))[0]?.lock_timeout as unknown,
        }).catch((error: unknown) => {
          reason = error;
        });
        throw new Error("rolled back");
      })
      .catch(() => {});
    await sql.end({ timeout: 1 });
    if (reason !== undefined) throw reason;
  },
};

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  describe.each(Object.entries(drivers))(
    "rows that others hold, in a transaction of `%s`",
    (_driver, transaction) => {
      let fresh: FreshSchema;
      let store: PostgresStore;
      let holder: pg.Client;
      const row = liveSession();
      beforeEach(async () => {
        fresh = await freshSchema();
        store = fresh.open({ clock: "server" });
        await store.insertSession(row);
        await store.roles.grantPermissions("editor", ["edit"]);
        holder = new pg.Client({ connectionString: url });
        await holder.connect();
        await holder.query("BEGIN");
      });
      afterEach(async () => {
        await holder.query("ROLLBACK");
        await holder.end();
        await store.close();
        await fresh.drop();
      });

      const hold = () => holder.query(`SELECT 1 FROM ${fresh.schema}.acme_sessions FOR UPDATE`);
      const holdRoles = () => holder.query(`SELECT 1 FROM ${fresh.schema}.acme_role_clock FOR UPDATE`);
      const promote = () => store.promoteSession(livePromotion(row));
      const assign = () => store.roles.assignRole("public", "alice", "editor");

      const rejectedAfterMs = async (client: Client, work: () => Promise<unknown>): Promise<number> => {
        const startMs = performance.now();
        await expect(store.joinTransaction(client, work)).rejects.toMatchObject({
          code: "55P03",
          isPermanent: false,
          message: expect.stringContaining("another transaction holds"),
          cause: expect.objectContaining({ code: "55P03" }),
        });
        return performance.now() - startMs;
      };

      it("wait as long as the application does, where that is shorter than ours", async () => {
        await hold();
        await holdRoles();
        for (const work of [promote, assign]) {
          for (const [own, atLeastMs, atMostMs] of [
            ["100ms", 90, 1_000],
            ["0", 1_400, 2_400],
            ["1min", 1_400, 2_400],
          ] as const) {
            await transaction(async ({ client, send }) => {
              await send(`SET LOCAL lock_timeout = '${own}'`);
              const waitedMs = await rejectedAfterMs(client, work);
              expect(waitedMs, own).toBeGreaterThan(atLeastMs);
              expect(waitedMs, own).toBeLessThan(atMostMs);
            });
          }
        }
      }, 20_000);

      it("an error leaves a savepoint to go back to, and the application's own limit", async () => {
        await hold();
        await holdRoles();
        for (const work of [promote, assign]) {
          await transaction(async ({ client, send, lockTimeout }) => {
            await send("SET LOCAL lock_timeout = '7s'");
            await send("SAVEPOINT before_us");
            await rejectedAfterMs(client, work);
            await send("ROLLBACK TO SAVEPOINT before_us");
            expect(await lockTimeout()).toBe("7s");
            const later = liveSession();
            await store.joinTransaction(client, () => store.insertSession(later));
            expect(await lockTimeout()).toBe("7s");
          });
        }
      });

      it("every limit of the application's is put back, whatever was found", async () => {
        for (const own of ["0", "1ms", "900ms", "90s", "10min", "1d"]) {
          await transaction(async ({ client, send, lockTimeout }) => {
            await send(`SET lock_timeout = '${own}'`);
            await send("SAVEPOINT before_us");
            for (const work of [
              promote,
              promote,
              () => store.deleteSessions(["nobody"], Date.now()),
              assign,
              () =>
                expect(store.roles.assignRole("public", "alice", "no such role")).resolves.toBe(
                  "unknown-role",
                ),
              // Refused by us, between two statements.
              () =>
                expect(
                  store.updateAccessTokenPayload(row.handle, Date.now(), () => {
                    throw new Error("the application's merge");
                  }),
                ).rejects.toThrow("merge"),
            ]) {
              await store.joinTransaction(client, async () => void (await work()));
              expect(await lockTimeout(), own).toBe(own);
            }
            await send("RELEASE SAVEPOINT before_us");
            expect(await lockTimeout(), own).toBe(own);
          });
        }
      });

      it("what we gave up on rejects the call, also when it was caught and has been answered meanwhile", async () => {
        await holder.query(`LOCK TABLE ${fresh.schema}.acme_sessions IN ACCESS EXCLUSIVE MODE`);
        setTimeout(() => void holder.query("ROLLBACK"), 2_600);
        await transaction(async ({ client }) => {
          await expect(
            store.joinTransaction(client, () => store.insertSession(liveSession()).catch(() => {})),
          ).rejects.toMatchObject({
            type: "STORE_UNAVAILABLE",
            cause: expect.objectContaining({ code: "TIMEOUT" }),
          });
        });
      }, 20_000);

      it("what is left running behind another statement is told that the connection was handed back", async () => {
        await transaction(async ({ client }) => {
          const left: Promise<unknown>[] = [];
          const joined = store.joinTransaction(client, async () => {
            for (let count = 0; count < 20; count += 1) left.push(store.insertSession(liveSession()));
            for (const running of left) running.catch(() => {});
            await new Promise((resolve) => setImmediate(resolve));
          });
          await expect(joined).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
          await expect(left.at(-1)).rejects.toMatchObject({
            type: "INVALID_ARGUMENT",
            message: expect.stringContaining("handed back"),
          });
        });
      });

      it("a row that is let go of in time is changed, as it is then", async () => {
        await holder.query(`UPDATE ${fresh.schema}.acme_sessions SET session_data_json = '{"theirs":1}'`);
        setTimeout(() => void holder.query("COMMIT"), 400);
        await transaction(async ({ client, lockTimeout }) => {
          const promoted = await store.joinTransaction(client, promote);
          expect(promoted).toMatchObject({ generation: 1, sessionDataJson: '{"theirs":1}' });
          expect(await lockTimeout()).toBe("0");
        });
      });
    },
  );
});
