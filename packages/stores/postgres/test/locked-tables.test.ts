import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type PrivateServer, reasonAgainst, startPrivateServer } from "@acme/servers";
import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresStoreOptions, postgresStore } from "../src/index.js";
import { sql } from "./fixture.js";

const reason = reasonAgainst("postgres");
const MAX = 5;

type Way = (at: string) => { options: PostgresStoreOptions; end(): Promise<void> };

const nothing = async (): Promise<void> => {};
const ways: readonly (readonly [name: string, open: Way])[] = [
  ["pg, url", (url) => ({ options: { url, driver: "pg", maxConnections: MAX }, end: nothing })],
  ["postgres, url", (url) => ({ options: { url, driver: "postgres", maxConnections: MAX }, end: nothing })],
  [
    "pg, the application's pool",
    (at) => {
      const client = new pg.Pool({ connectionString: at, max: MAX, application_name: "ours" });
      return { options: { client }, end: () => client.end() };
    },
  ],
  [
    "postgres, the application's sql",
    (at) => {
      const client = postgres(at, { max: MAX, connection: { application_name: "ours" }, onnotice: () => {} });
      return { options: { client: client as never }, end: () => client.end({ timeout: 1 }) };
    },
  ],
];

/** A pooler that takes no settings at the start, in front of this port. */
async function listenAsPooler(port: number) {
  const open = new Set<Socket>();
  let refused = 0;
  const server = createServer((client) => {
    open.add(client);
    client.on("error", () => {});
    client.once("data", (startup) => {
      if (startup.includes("statement_timeout")) {
        refused += 1;
        const fields = Buffer.from(
          "SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: statement_timeout\0\0",
        );
        const head = Buffer.alloc(5, "E");
        head.writeInt32BE(fields.length + 4, 1);
        client.end(Buffer.concat([head, fields]));
        return;
      }
      const there = connect(port, "127.0.0.1");
      open.add(there);
      there.on("error", () => client.destroy());
      there.on("close", () => client.destroy());
      client.on("close", () => there.end());
      there.write(startup);
      client.pipe(there).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    refused: () => refused,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(reason !== undefined)(
  `tables that somebody has locked (${reason ?? "private server"})`,
  () => {
    let server: PrivateServer;
    let pooler: Awaited<ReturnType<typeof listenAsPooler>>;
    beforeAll(async () => {
      server = await startPrivateServer("postgres", ["-c", "max_connections=30"]);
      pooler = await listenAsPooler(server.port);
    }, 30_000);
    afterAll(async () => {
      await pooler?.close();
      await server?.stop();
    });

    const lock = async (statement: string): Promise<() => Promise<void>> => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query(`BEGIN; ${statement}`);
      return () => client.end();
    };
    /** Without the one that counts. */
    const backends = async (): Promise<number> => {
      const [found] = await sql(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
        [],
        server.url,
      );
      return Number(found?.n);
    };
    const throughPooler = (): string => server.url.replace(`:${server.port}`, `:${pooler.port}`);
    const all = [
      ...ways.map(([name, open]) => [name, () => open(server.url)] as const),
      ...ways.slice(0, 2).map(([name, open]) => [`${name}, pooler`, () => open(throughPooler())] as const),
    ];

    it.each(all)(
      "are waited for on no more connections than may be open: %s",
      async (_name, open) => {
        const { options, end } = open();
        const store = postgresStore(options);
        const session = liveSession();
        await store.insertSession(session);
        await store.roles.grantPermissions("admin", ["p"]);
        await expect.poll(backends).toBeLessThanOrEqual(MAX);
        const unlock = await lock(
          "LOCK TABLE acme_sessions IN ACCESS EXCLUSIVE MODE; SELECT * FROM acme_role_clock FOR UPDATE",
        );
        let isLocked = true;
        const codes = new Set<string>();
        const caller = async (number: number): Promise<void> => {
          while (isLocked) {
            const asked =
              number % 2 === 0
                ? store.replaceSessionData(session.handle, Date.now(), '"first"')
                : store.roles.assignRole("public", `user-${number}`, "admin");
            await asked.catch((error: { code?: string }) => codes.add(error.code ?? String(error)));
            await sleep(20);
          }
        };
        const callers = Array.from({ length: 10 }, (_, number) => caller(number));
        const counts: number[] = [];
        for (const end = Date.now() + 8_000; Date.now() < end; ) {
          await sleep(200);
          // The one that has the lock.
          counts.push((await backends()) - 1);
        }
        isLocked = false;
        await Promise.all(callers);
        expect(Math.max(...counts), counts.join()).toBeLessThanOrEqual(MAX + 1);
        await unlock();
        expect([...codes].filter((code) => !/^(TIMEOUT|57014|55P03|StoreTimeout: .*)$/.test(code))).toEqual(
          [],
        );
        await expect
          .poll(() => store.getSession(session.handle, Date.now()).then(Boolean, String))
          .toBe(true);
        await store.close();
        await end();
      },
      30_000,
    );

    it.each(all)(
      "are not written to after the caller has been told that they were not: %s",
      async (_name, open) => {
        const { options, end } = open();
        const store = postgresStore(options);
        const session = liveSession({ sessionDataJson: "{}" });
        await store.insertSession(session);
        const unlock = await lock("LOCK TABLE acme_sessions IN SHARE MODE");
        const asked = Array.from({ length: 2 * MAX }, () =>
          store.replaceSessionData(session.handle, Date.now(), '"first"'),
        );
        const results = await Promise.allSettled(asked);
        expect(results.filter(({ status }) => status === "fulfilled")).toEqual([]);
        // As long as a request to stop takes.
        await sleep(300);
        await unlock();
        await sleep(500);
        expect((await store.getSession(session.handle, Date.now()))?.sessionDataJson).toBe("{}");
        await store.close();
        await end();
      },
      30_000,
    );

    it.each(["pg", "postgres"] as const)(
      "and a pooler that refuses limits is asked once: %s",
      async (driver) => {
        const before = pooler.refused();
        const store = postgresStore({ url: throughPooler(), driver, maxConnections: 1 });
        await store.listSecrets();
        await sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
          [],
          server.url,
        );
        await store.listSecrets();
        expect(pooler.refused() - before).toBe(1);
        await store.close();
      },
    );
  },
);
