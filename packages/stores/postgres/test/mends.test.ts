import { createServer, connect as dial, type Server } from "node:net";
import { type PrivateServer, startPrivateServer, startReplica, TcpProxy } from "@acme/servers";
import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PostgresStoreOptions, postgresStore } from "../src/index.js";
import { type FreshSchema, freshSchema, missing, sql, stopServer, url, ways } from "./fixture.js";

afterAll(stopServer);

/** Length-prefixed, as every message of a server is. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type, "latin1"), length, body]);
}

/** What a server that is stopping may send in one piece: let in, ready, and over. */
const READY_AND_FATAL = Buffer.concat([
  message("R", Buffer.alloc(4)),
  message("K", Buffer.alloc(8)),
  message("Z", Buffer.from("I", "latin1")),
  message("E", Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0", "latin1")),
]);

/** Stands before the server; as long as it is stopping, it answers like that and closes. */
class StoppingServer {
  isStopping = true;
  greeted = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((client) => {
      client.on("error", () => {});
      if (this.isStopping) {
        client.once("data", () => {
          this.greeted += 1;
          client.end(READY_AND_FATAL);
        });
        return;
      }
      const { hostname, port } = new URL(url);
      const server = dial({ host: hostname, port: Number(port || 5432) });
      server.on("error", () => client.destroy());
      client.pipe(server).pipe(client);
    });
  }

  static async start(): Promise<StoppingServer> {
    const started = new StoppingServer();
    await new Promise<void>((resolve) => started.#server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get url(): string {
    const through = new URL(url);
    const address = this.#server.address();
    through.hostname = "127.0.0.1";
    through.port = String(typeof address === "object" && address !== null ? address.port : 0);
    return through.href;
  }

  stop(): void {
    this.#server.close();
  }
}

interface Lender {
  readonly name: string;
  lend(at: string): { options: Partial<PostgresStoreOptions>; end(): Promise<void> };
}

const lenders: readonly Lender[] = [
  { name: "pg, url", lend: (at) => ({ options: { url: at, driver: "pg" }, end: async () => {} }) },
  {
    name: "postgres, url",
    lend: (at) => ({ options: { url: at, driver: "postgres" }, end: async () => {} }),
  },
  {
    name: "pg, the application's pool",
    lend(at) {
      const client = new pg.Pool({ connectionString: at });
      return { options: { client }, end: () => client.end() };
    },
  },
  {
    name: "postgres, the application's sql",
    lend(at) {
      // With `fetch_types` the driver itself asks something at each start, and nobody can handle its failure.
      const client = postgres(at, { onnotice: () => {}, backoff: false, fetch_types: false });
      return { options: { client: client as never }, end: () => client.end({ timeout: 1 }) };
    },
  },
];

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  let fresh: FreshSchema;
  beforeAll(async () => {
    fresh = await freshSchema();
  });
  afterAll(() => fresh.drop());

  describe.each(lenders)("$name", ({ lend }) => {
    it('outlives a server that says "ready" and "over" in one piece, and works when it is back [sec CC-08]', async () => {
      const uncaught: unknown[] = [];
      const listener = (error: unknown): void => void uncaught.push(error);
      process.prependListener("uncaughtExceptionMonitor", listener);
      const server = await StoppingServer.start();
      const { options, end } = lend(server.url);
      const store = fresh.open(options);
      try {
        const during = await Promise.allSettled([1, 2, 3].map(() => store.getSession("h", Date.now())));
        expect(during.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
        expect(server.greeted).toBeGreaterThan(3);
        server.isStopping = false;
        await expect
          .poll(() => store.getSession("h", Date.now()).catch(() => "503"), { timeout: 5_000 })
          .toBe(undefined);
      } finally {
        await store.close();
        await end();
        server.stop();
        process.off("uncaughtExceptionMonitor", listener);
      }
      expect(uncaught).toEqual([]);
    });
  });

  it("leaves no listener on the application's pool, however many stores there were", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const own = (): void => {};
    pool.on("error", own);
    for (let count = 0; count < 3; count += 1) {
      const store = fresh.open({ client: pool });
      await store.listSecrets();
      await store.close();
    }
    expect(pool.listeners("error")).toEqual([own]);
    expect(pool.eventNames()).toEqual(["error"]);
    const client = await pool.connect();
    // The driver's own.
    expect(client.listenerCount("error")).toBeLessThanOrEqual(1);
    client.release();
    await pool.end();
  });

  describe.each(ways)("$name: tables that are dropped under a running store", ({ connect }) => {
    it.each([
      ["one table", (schema: string) => `DROP TABLE ${schema}.acme_sessions`],
      [
        "those of roles",
        (schema: string) => `DROP TABLE ${schema}.acme_role_users, ${schema}.acme_role_clock`,
      ],
      ["the schema", (schema: string) => `DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema}`],
    ])("%s: are made again by that store, and by the next one", async (_what, drop) => {
      const dropped = await freshSchema();
      const { options, end } = connect(2);
      const store = dropped.open(options);
      await store.insertSession(liveSession());
      await sql(`SET client_min_messages = error; ${drop(dropped.schema)}`, undefined);
      const row = liveSession();
      await store.insertSession(row);
      await store.roles.grantPermissions("admin", []);
      expect(await store.roles.assignRole("public", "alice", "admin")).toBe("assigned");
      const next = dropped.open();
      expect(await next.getSession(row.handle, Date.now())).toEqual(row);
      await next.close();
      await sql(`SET client_min_messages = error; ${drop(dropped.schema)}`, undefined);
      const last = dropped.open();
      await last.insertSession(liveSession());
      await last.close();
      await store.close();
      await end();
      await dropped.drop();
    });
  });
});

describe.skipIf(missing !== undefined)(`a primary and its standby (${missing ?? "real servers"})`, () => {
  let primary: PrivateServer;
  let standby: PrivateServer;
  beforeAll(async () => {
    primary = await startPrivateServer("postgres");
    standby = await startReplica("postgres", primary);
  }, 60_000);
  afterAll(async () => {
    await standby.stop();
    await primary.stop();
  });

  it.each(lenders)(
    "$name: connections that lead to the standby are dropped, and only those [sec MR-03]",
    async ({ lend }) => {
      const proxy = await TcpProxy.start(primary);
      const { options, end } = lend(proxy.through(primary.url));
      const store = postgresStore(options);
      const row = liveSession();
      const read = () => store.getSession(row.handle, Date.now());
      const many = <T>(run: () => Promise<T>) => Promise.allSettled(Array.from({ length: 20 }, run));
      try {
        await store.insertSession(row);
        proxy.lead(standby);
        // The pool grows, to the wrong side.
        await many(read);
        proxy.lead(primary);
        await expect
          .poll(async () => (await many(read)).every(({ status }) => status === "fulfilled"), {
            timeout: 5_000,
          })
          .toBe(true);
        // To its full size, all of it on the right side: nothing is opened any more.
        for (let round = 0; round < 3; round += 1) await many(read);
        proxy.connections = 0;
        const written = await many(() => store.insertSession(liveSession()));
        expect(written.filter(({ status }) => status === "rejected")).toEqual([]);
        expect(proxy.connections).toBe(0);
      } finally {
        await store.close();
        await end();
        await proxy.stop();
      }
    },
    30_000,
  );
});
