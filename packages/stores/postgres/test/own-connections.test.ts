import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { liveSession } from "@acme/session-conformance";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { openDatabase } from "../src/open-database.js";
import { PostgresJsConnections } from "../src/postgres-js-connections.js";
import { type PostgresJsSql, postgresJsQuery } from "../src/postgres-js-database.js";
import { openLine } from "../src/postgres-js-line.js";
import { freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(
  `connections of our own to PostgreSQL (${missing ?? "real server"})`,
  () => {
    it.each(["pg", "postgres"])(
      "let a script end that signed somebody in and closed nothing: %s",
      async (driver) => {
        const fresh = await freshSchema();
        const script = fileURLToPath(new URL("sign-in-and-end.mjs", import.meta.url));
        const child = spawn(process.execPath, [script, url, fresh.schema, driver], {
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
      },
      40_000,
    );

    const PID = "SELECT pg_backend_pid() AS pid";

    it("are closed by `postgres` when nobody has used them for a while, and not while somebody does", async () => {
      const open = () =>
        openLine((socket) => postgres(url, { max: 1, socket } as object) as unknown as PostgresJsSql);
      const database = new PostgresJsConnections(Promise.resolve(open), 3, false, 300);
      const pidOf = async (): Promise<number> => Number((await database.query(PID, []))[0]?.pid);
      const pids = await Promise.all([pidOf(), pidOf(), pidOf()]);
      expect(new Set(pids).size).toBe(3);
      const there = async (): Promise<number[]> =>
        (await sql("SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1)", [pids])).map(({ pid }) =>
          Number(pid),
        );
      await database.transaction(async (query) => {
        const pid = Number((await query(PID, []))[0]?.pid);
        await expect.poll(there, { timeout: 5_000 }).toEqual([pid]);
        expect(Number((await query(PID, []))[0]?.pid)).toBe(pid);
      });
      await expect.poll(there, { timeout: 5_000 }).toEqual([]);
      expect(pids).not.toContain(await pidOf());
      await database.close();
    });

    it("that the server has ended meanwhile are opened again, by a script that has waited too", async () => {
      const database = openDatabase(url, "postgres", 1, false);
      const [first] = await database.query(PID, []);
      await sql("SELECT pg_terminate_backend($1)", [first?.pid]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await database.query(PID, []))[0]?.pid).not.toBe(first?.pid);
      await database.close();
    });

    it("go through the socket that the application's own `sql` makes", async () => {
      let made = 0;
      const own = postgres(url, {
        max: 1,
        socket: async ({ host, port }: { host: string[]; port: number[] }) => {
          made += 1;
          const { connect } = await import("node:net");
          return new Promise((resolve, reject) => {
            const socket = connect(port[0] ?? 0, host[0], () => resolve(socket)).once("error", reject);
          });
        },
      } as object);
      const fresh = await freshSchema();
      const store = fresh.open({ client: own as never });
      // The first login of all, with the only connection lent: tables are made beside it.
      await own.begin((transaction) =>
        store.joinTransaction(transaction as never, () =>
          store.insertSession(liveSession({ userId: "alice" })),
        ),
      );
      expect(await store.listSessionHandles("alice", undefined, 0)).toHaveLength(1);
      expect(made).toBe(2);
      expect(await postgresJsQuery(own as never)("SELECT 1 AS one", [])).toEqual([{ one: "1" }]);
      await store.close();
      await own.end({ timeout: 1 });
      await fresh.drop();
    });
  },
);
