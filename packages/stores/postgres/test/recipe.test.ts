import { readFile } from "node:fs/promises";
import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresStore } from "../src/index.js";
import { type FreshSchema, freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

const page = await readFile(new URL("../../../../docs/stores.md", import.meta.url), "utf8");
const block = /```js\n(const client = await pool\.connect\(\);.*?)```/s.exec(page)?.[1];
const names = ["pool", "store", "Session", "req", "res", "userId", "isAllowedIn"] as const;
const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<void>;

describe.skipIf(missing !== undefined)(
  `the recipe of docs/stores.md for a transaction with pg (${missing ?? "real server"})`,
  () => {
    let fresh: FreshSchema;
    let pool: pg.Pool;
    let store: PostgresStore;
    beforeAll(async () => {
      fresh = await freshSchema();
      await sql(`CREATE TABLE ${fresh.schema}.users (id text PRIMARY KEY)`);
      pool = new pg.Pool({
        connectionString: url,
        max: 1,
        application_name: fresh.schema,
        options: `-c search_path=${fresh.schema}`,
      });
      store = fresh.open({ client: pool });
      await store.listSecrets();
    });
    afterAll(async () => {
      await store?.close();
      await pool?.end();
      await fresh?.drop();
    });

    const run = async (userId: string, isAllowedIn: () => Promise<boolean>): Promise<string[]> => {
      const answers: string[] = [];
      const values: Record<(typeof names)[number], unknown> = {
        pool,
        store,
        Session: { createNewSession: () => store.insertSession(liveSession({ userId })) },
        req: {},
        res: { json: (answer: unknown) => void answers.push(JSON.stringify(answer)) },
        userId,
        isAllowedIn,
      };
      await new AsyncFunction(...names, block ?? 'throw new Error("no recipe")')(
        ...names.map((name) => values[name]),
      );
      return answers;
    };
    const kept = async (userId: string) => [
      (await sql(`SELECT id FROM ${fresh.schema}.users WHERE id = $1`, [userId])).length,
      (await store.listSessionHandles(userId, undefined, Date.now())).length,
    ];

    it("keeps both, and leaves the connection as it was", async () => {
      expect(await run("alice", async () => true)).toEqual(['{"ok":true}']);
      expect(await kept("alice")).toEqual([1, 1]);
      const client = await pool.connect();
      expect(client.listenerCount("error")).toBe(0);
      client.release();
    });

    it("keeps neither when the function rejects", async () => {
      await expect(run("bob", async () => false)).rejects.toThrow("refused");
      expect(await kept("bob")).toEqual([0, 0]);
      expect(pool.idleCount).toBe(1);
    });

    it("keeps neither when the connection is cut in between, and the process goes on", async () => {
      const cut = async (): Promise<boolean> => {
        await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [
          fresh.schema,
        ]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        return true;
      };
      await expect(run("carol", cut)).rejects.toThrow();
      expect(pool.totalCount).toBe(0);
      expect(await kept("carol")).toEqual([0, 0]);
    });
  },
);
