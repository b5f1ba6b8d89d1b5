import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PgClient, PostgresJsTransaction, PostgresStore } from "../src/index.js";
import { type FreshSchema, freshSchema, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

type Work = (client: PgClient | PostgresJsTransaction, send: (text: string) => Promise<unknown>) => unknown;

/** A transaction of the application, which is rolled back. */
const drivers: Readonly<Record<string, (options: string, work: Work) => Promise<void>>> = {
  async pg(options, work) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`BEGIN ${options}`);
    try {
      await work(client, (text) => client.query(text));
    } finally {
      await client.query("ROLLBACK");
      await client.end();
    }
  },
  async postgres(options, work) {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    let reason: unknown;
    await sql
      .begin(options, async (transaction) => {
        try {
          await work(transaction as never, async (text) => transaction.unsafe(text));
        } catch (error) {
          reason = error;
        }
        throw new Error("rolled back");
      })
      .catch(() => {});
    await sql.end({ timeout: 1 });
    if (reason !== undefined) throw reason;
  },
};

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  describe.each(Object.entries(drivers))(
    "a transaction of `%s` that can take nothing of ours says why",
    (_driver, transaction) => {
      let fresh: FreshSchema;
      let store: PostgresStore;
      const row = liveSession();
      beforeEach(async () => {
        fresh = await freshSchema();
        store = fresh.open({ clock: "server" });
        await store.insertSession(row);
      });
      afterEach(async () => {
        await store.close();
        await fresh.drop();
      });

      const insert = () => store.insertSession(liveSession());
      const change = () => store.replaceSessionData(row.handle, Date.now(), '"ours"');

      it.each<
        [what: string, options: string, before: (send: Parameters<Work>[1]) => Promise<unknown>, string]
      >([
        ["a statement failed before", "", (send) => send("SELECT 1 / 0").catch(() => {}), "25P02"],
        ["read-only", "READ ONLY", async () => {}, "25006"],
        [
          "another one was faster",
          "ISOLATION LEVEL REPEATABLE READ",
          async (send) => {
            await send(`SELECT 1 FROM ${fresh.schema}.acme_sessions`);
            await store.replaceSessionData(row.handle, Date.now(), `"${Math.random()}"`);
          },
          "40001",
        ],
      ])("%s", async (_what, options, before, code) => {
        const words = {
          "25P02": /a statement of the application's failed earlier.*roll back/,
          "25006": /transaction is read-only.*begin it as READ WRITE/,
          "40001": /met another one.*once more/,
        }[code];
        const expected = { code, isPermanent: false, message: expect.stringMatching(words as RegExp) };
        const work = async (): Promise<void> => void (await (code === "40001" ? change() : insert()));
        await transaction(options, async (client, send) => {
          await before(send);
          await expect(store.joinTransaction(client, work)).rejects.toMatchObject(expected);
        });
        await transaction(options, async (client, send) => {
          await before(send);
          await expect(
            store.joinTransaction(client, async () => void (await work().catch(() => {}))),
          ).rejects.toMatchObject({
            type: "STORE_UNAVAILABLE",
            cause: expect.objectContaining({ code, message: expect.stringMatching(words as RegExp) }),
          });
        });
      });
    },
  );
});
