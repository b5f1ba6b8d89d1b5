import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshSchema, missing, sql, stopServer, url, ways } from "./fixture.js";

afterAll(stopServer);

const heard: string[] = [];
const hear = (warning: Error): void => void heard.push(warning.name);
beforeAll(() => void process.on("warning", hear));
afterAll(() => void process.off("warning", hear));

describe.skipIf(missing !== undefined)(
  `callers that have given up waiting for a connection (${missing ?? "real server"})`,
  () => {
    it.each(ways.slice(0, 2).flatMap(({ name, connect }) => [1, 10].map((max) => ({ name, connect, max }))))(
      "leave nothing behind in $max connections of our own: $name",
      async ({ connect, max }) => {
        heard.length = 0;
        const fresh = await freshSchema();
        const store = fresh.open(connect(max).options);
        expect(await store.getSession("nobody", 0)).toBeUndefined();
        const other = new pg.Client({ connectionString: url });
        await other.connect();
        await other.query(`BEGIN; LOCK TABLE ${fresh.schema}.acme_sessions IN ACCESS EXCLUSIVE MODE`);
        const asked = Array.from({ length: 5_000 }, () => store.getSession("nobody", 0));
        const unlocked = new Promise((resolve) => setTimeout(resolve, 1_300)).then(() => other.end());
        const results = await Promise.allSettled(asked);
        await unlocked;
        expect(results.filter(({ status }) => status === "rejected").length).toBeGreaterThan(4_000);
        await expect
          .poll(() => store.getSession("nobody", 0).catch(() => "fails"), { timeout: 5_000 })
          .toBeUndefined();
        expect(heard).toEqual([]);
        await store.close();
        await fresh.drop();
      },
      30_000,
    );

    it.each([1, 10])("leave nothing behind in the application's own pool of %i", async (max) => {
      heard.length = 0;
      const fresh = await freshSchema();
      const pool = new pg.Pool({ connectionString: url, max });
      const store = fresh.open({ client: pool });
      expect(await store.getSession("nobody", 0)).toBeUndefined();
      const lent = await Promise.all(Array.from({ length: max }, () => pool.connect()));
      const results = await Promise.allSettled(
        Array.from({ length: 5_000 }, () => store.getSession("nobody", 0)),
      );
      expect(results.every(({ status }) => status === "rejected")).toBe(true);
      expect(pool.waitingCount).toBeLessThanOrEqual(max);
      for (const client of lent) expect(() => client.release()).not.toThrow();
      expect(await store.getSession("nobody", 0)).toBeUndefined();
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await expect.poll(() => pool.idleCount).toBe(pool.totalCount);
      expect(heard).toEqual([]);
      await store.close();
      await pool.end();
      await fresh.drop();
    });

    it("are answered where the pool has ended", async () => {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      const fresh = await freshSchema();
      const store = fresh.open({ client: pool });
      expect(await store.getSession("nobody", 0)).toBeUndefined();
      const client = await pool.connect();
      const asked = Promise.allSettled(Array.from({ length: 5_000 }, () => store.getSession("nobody", 0)));
      client.release();
      await pool.end();
      const results = await asked;
      expect(results.at(-1)?.status).toBe("rejected");
      await store.close();
      await sql(`DROP SCHEMA ${fresh.schema} CASCADE`);
    });
  },
);
