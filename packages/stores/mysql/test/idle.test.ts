import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { liveSession } from "@acme/session-conformance";
import { afterAll, describe, expect, it } from "vitest";
import { Database } from "../src/database.js";
import { openPool } from "../src/own-pool.js";
import { freshTables, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `connections of our own to MySQL (${missing ?? "real server"})`,
  () => {
    it("let a script end that signed somebody in and closed nothing", { timeout: 20_000 }, async () => {
      const fresh = freshTables();
      const script = fileURLToPath(new URL("sign-in-and-end.mjs", import.meta.url));
      const child = spawn(process.execPath, [script, url, fresh.tablePrefix], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      let saidAtMs = 0;
      child.stdout.on("data", (data) => {
        said += data;
        saidAtMs = performance.now();
      });
      const code = await new Promise((resolve) => child.on("exit", resolve));
      expect(performance.now() - saidAtMs).toBeLessThan(3_000);
      expect(code).toBe(0);
      const store = fresh.open({ clock: "server" });
      expect((await store.getSession(said.trim(), Date.now()))?.userId).toBe("user-1");
      await store.close();
      await fresh.drop();
    });

    it("are closed when nobody has used them for a while, and not while somebody does", async () => {
      const pool = await openPool({ uri: url }, 3, 300);
      const database = new Database(pool, true);
      const idOf = (): Promise<number> =>
        database.lease(async (query) => Number((await query("SELECT CONNECTION_ID() AS id")).records[0]?.id));
      const ids = [...new Set(await Promise.all([idOf(), idOf(), idOf()]))];
      expect(ids).toHaveLength(3);
      const open = async (): Promise<number[]> =>
        (await sql(`SELECT id FROM information_schema.processlist WHERE id IN (${ids.join(",")})`)).map(
          (record) => Number(Object.values(record)[0]),
        );
      await database.lease(async (query) => {
        const busy = Number((await query("SELECT CONNECTION_ID() AS id")).records[0]?.id);
        await expect.poll(open, { timeout: 5_000 }).toEqual([busy]);
        // Not by the limit: it has been held all the while.
        expect(Number((await query("SELECT CONNECTION_ID() AS id")).records[0]?.id)).toBe(busy);
      });
      await expect.poll(open, { timeout: 5_000 }).toEqual([]);
      expect(ids).not.toContain(await idOf());
      await database.close();
    });

    it("that the server has ended meanwhile are let go of without a word", async () => {
      const pool = await openPool({ uri: url }, 1, 700);
      const database = new Database(pool, true);
      const idOf = (): Promise<number> =>
        database.lease(async (query) => Number((await query("SELECT CONNECTION_ID() AS id")).records[0]?.id));
      const id = await idOf();
      await sql(`KILL ${id}`);
      // An error that nobody listens to would fail this run.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(await idOf()).not.toBe(id);
      await database.close();
    });

    it("go when a store is closed, and a closed store refuses work", async () => {
      const fresh = freshTables();
      const store = fresh.open();
      await store.insertSession(liveSession());
      await store.close();
      await expect(store.insertSession(liveSession())).rejects.toThrow("has been closed");
      await fresh.drop();
    });
  },
);
