import { setTimeout as sleep } from "node:timers/promises";
import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
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
  },
);
