import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { reasonAgainst, startPrivateServer } from "@acme/servers";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { postgresStore } from "../src/index.js";
import { sql } from "./fixture.js";

/** Somebody at a port, who counts those that are connected. */
async function listen(greet: (client: Socket) => void) {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    open.add(client);
    // Or it would not notice that the other side has gone.
    client.resume();
    client.on("error", () => {});
    client.on("close", () => open.delete(client));
    greet(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    at: (start: string, end: string) => `postgres://${start}@127.0.0.1:${address.port}/${end}`,
    open: () => open.size,
    connections: () => connections,
    async close() {
      for (const client of open) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const through =
  (port: number) =>
  (client: Socket): void => {
    const server = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  };

const reason = reasonAgainst("postgres");

describe.skipIf(reason !== undefined)(
  `a connection that does not come about leaves no socket open (${reason ?? "private server"})`,
  () => {
    it("where the server asks for a password that is missing or wrong, and says so at once", async () => {
      const server = await startPrivateServer("postgres");
      await sql("CREATE ROLE guarded LOGIN PASSWORD 'secret'", undefined, server.url);
      writeFileSync(
        join(server.directory, "data/pg_hba.conf"),
        "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n",
      );
      await sql("SELECT pg_reload_conf()", undefined, server.url);
      const line = await listen(through(server.port));
      for (const driver of ["pg", "postgres"] as const) {
        for (const [who, code] of [
          ["guarded", driver === "pg" ? "NO_PASSWORD" : "28P01"],
          ["guarded:", driver === "pg" ? "NO_PASSWORD" : "28P01"],
          ["guarded:wrong", "28P01"],
        ] as const) {
          const store = postgresStore({ url: line.at(who, "postgres"), driver });
          for (let login = 0; login < 3; login += 1) {
            const expected = { code, isPermanent: true, retry: "never" };
            await expect(store.listSecrets(), `${driver} ${who}`).rejects.toMatchObject(expected);
          }
          await expect.poll(line.open, { timeout: 3_000 }).toBe(0);
          await store.close();
        }
      }
      // Beside the application's own pool: tables are made there.
      const { hostname, port } = new URL(line.at("guarded", "postgres"));
      const there = { host: hostname, port: Number(port), user: "guarded", database: "postgres" };
      const pool = new pg.Pool({ ...there, password: "secret", max: 1 });
      const client = await pool.connect();
      pool.options.password = "";
      const store = postgresStore({ client: pool });
      await client.query("BEGIN");
      await expect(store.joinTransaction(client, () => store.listSecrets())).rejects.toMatchObject({
        code: "NO_PASSWORD",
      });
      await client.query("ROLLBACK");
      await expect.poll(line.open, { timeout: 3_000 }).toBe(1);
      client.release();
      await store.close();
      await pool.end();
      await line.close();
      await server.stop();
    }, 60_000);
  },
);

describe("what is no PostgreSQL ends no process and leaves no socket open", () => {
  const greetings: readonly [who: string, greet: (client: Socket) => void][] = [
    ["says nothing", () => {}],
    ["hangs up", (client) => client.end()],
    [
      "wants a sign-in that no driver knows",
      (client) => client.once("data", () => client.write(Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 99]))),
    ],
    ["speaks HTTP", (client) => client.once("data", () => client.write("HTTP/1.1 400 Bad Request\r\n\r\n"))],
    ["greets as MySQL does", (client) => client.write(Buffer.from("4a0000000a382e302e333600", "hex"))],
  ];
  it.each(
    greetings.flatMap(([who, greet]) =>
      (["pg", "postgres"] as const).map((driver) => [who, driver, greet] as const),
    ),
  )(
    "one that %s: %s",
    async (_who, driver, greet) => {
      const line = await listen(greet);
      const store = postgresStore({ url: line.at("a:b", "x"), driver });
      await expect(store.listSecrets()).rejects.toMatchObject({
        name: "PostgresFailure",
        message: expect.stringMatching(/something else listens there|PostgreSQL listens there/),
      });
      // As often as an operation is tried, and not as fast as the other side hangs up.
      expect(line.connections()).toBeLessThan(20);
      await expect.poll(line.open, { timeout: 4_000 }).toBe(0);
      await store.close();
      await line.close();
    },
    20_000,
  );
});
