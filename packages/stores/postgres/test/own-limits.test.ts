import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { type PostgresStore, postgresStore } from "../src/index.js";
import { freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `a lent pool with limits of its own (${missing ?? "real server"})`,
  () => {
    it("`query_timeout`: what it has given up is stopped on the server, and takes no effect later", async () => {
      const fresh = await freshSchema();
      const pool = new pg.Pool({ connectionString: url, query_timeout: 500, application_name: fresh.schema });
      const store = fresh.open({ client: pool });
      const session = liveSession();
      await store.insertSession(session);
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      await holder.query(`BEGIN; SELECT 1 FROM ${fresh.schema}.acme_sessions FOR UPDATE`);
      const asked = [
        store.deleteSessions([session.handle], Date.now()),
        store.replaceSessionData(session.handle, Date.now(), '"late"'),
      ];
      for (const { reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({
          code: "TIMEOUT",
          message: expect.stringContaining("no answer in time"),
        });
      }
      const waiting = () =>
        sql("SELECT query FROM pg_stat_activity WHERE application_name = $1 AND state = 'active'", [
          fresh.schema,
        ]);
      await expect.poll(waiting, { timeout: 1_000 }).toEqual([]);
      await holder.end();
      await sleep(300);
      expect(await store.getSession(session.handle, Date.now())).toMatchObject({
        sessionDataJson: session.sessionDataJson,
      });
      await store.close();
      await pool.end();
      await fresh.drop();
    });

    /** Both ways to a connection: of one statement, and of a transaction. */
    const asked = (store: PostgresStore) => [
      ...Array.from({ length: 3 }, () => store.getSession("nobody", 0)),
      store.roles.grantPermissions("admin", ["p"]),
    ];

    it.each([
      ["pg", {}, /pool was free within 1 s/],
      ["pg", { connectionTimeoutMillis: 300 }, /pool was free within (0.3|1) s/],
      ["postgres", {}, /`sql` was free within 2/],
    ] as const)(
      "of `%s` %j whose connections the application holds: says so",
      async (driver, options, expected) => {
        const fresh = await freshSchema();
        const pool = new pg.Pool({ connectionString: url, max: 1, ...options });
        const own = postgres(url, { max: 1, onnotice: () => {} });
        const store = fresh.open({ client: driver === "pg" ? pool : (own as never) });
        await Promise.all(asked(store));
        const client = driver === "pg" ? await pool.connect() : await own.reserve();
        for (const result of await Promise.allSettled(asked(store))) {
          expect(result).toMatchObject({
            reason: {
              code: "NO_FREE_CONNECTION",
              isPermanent: false,
              message: expect.stringMatching(expected),
              cause: expect.any(Error),
            },
          });
        }
        client.release();
        await Promise.all(asked(store));
        await store.close();
        await pool.end();
        await own.end({ timeout: 1 });
        await fresh.drop();
      },
      20_000,
    );

    it.each(["pg", "postgres"] as const)(
      "of `%s` whose connections wait for the server: says that it is slow",
      async (driver) => {
        const fresh = await freshSchema();
        const pool = new pg.Pool({ connectionString: url, max: 1 });
        const own = postgres(url, { max: 1, onnotice: () => {} });
        const store = fresh.open({ client: driver === "pg" ? pool : (own as never) });
        await Promise.all(asked(store));
        const holder = new pg.Client({ connectionString: url });
        await holder.connect();
        await holder.query(`BEGIN; LOCK TABLE ${fresh.schema}.acme_role_clock IN ACCESS EXCLUSIVE MODE`);
        const first = store.roles.grantPermissions("admin", ["q"]).catch((error: unknown) => error);
        await sleep(100);
        // The place is taken by a transaction of ours, longer than there is time for this.
        const behind = await store.getSession("nobody", 0).catch((error: unknown) => error);
        expect((behind as { code?: string } | undefined)?.code).not.toBe("NO_FREE_CONNECTION");
        await holder.end();
        await first;
        await store.close();
        await pool.end();
        await own.end({ timeout: 1 });
        await fresh.drop();
      },
      20_000,
    );

    it("that waits for no connection longer than it likes: a server that does not answer is not a cut connection", async () => {
      const silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const { port } = silent.address() as AddressInfo;
      const pool = new pg.Pool({ host: "127.0.0.1", port, connectionTimeoutMillis: 300 });
      const store = postgresStore({ client: pool });
      await expect(store.getSession("nobody", 0)).rejects.toMatchObject({
        code: "TIMEOUT",
        message: expect.stringContaining("no answer in time"),
      });
      await store.close();
      await pool.end();
      silent.close();
    });
  },
);
