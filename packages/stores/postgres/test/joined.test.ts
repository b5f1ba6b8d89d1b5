import { liveSession, runJoinedConformance } from "@acme/session-conformance";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { freshSchema, missing, stopServer, url } from "./fixture.js";
import { joinedServers } from "./joined-fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  for (const [driver, server] of Object.entries(joinedServers)) {
    runJoinedConformance({ name: driver, joined: () => server }, { describe, it });
  }

  it("a client of `pg` on which nothing was begun is refused before anything is kept", async () => {
    const fresh = await freshSchema();
    const store = fresh.open();
    await store.listSecrets();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const joined = () =>
      store.joinTransaction(client, () => store.insertSession(liveSession({ userId: "alice" })));
    await expect(joined()).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
      message: expect.stringContaining("BEGIN"),
    });
    expect(await store.listSessionHandles("alice", undefined, 0)).toEqual([]);
    await client.query("BEGIN");
    await joined();
    await client.query("COMMIT");
    expect(await store.listSessionHandles("alice", undefined, 0)).toHaveLength(1);
    await client.end();
    await store.close();
    await fresh.drop();
  });

  it("a pool that tells no way beside it: the first login says what to do, before anything is changed, and the next one works", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const shown = {
      connect: pool.connect.bind(pool) as never,
      end: () => pool.end(),
      on: pool.on.bind(pool),
      off: pool.off.bind(pool),
      get totalCount() {
        return pool.totalCount;
      },
      get idleCount() {
        return pool.idleCount;
      },
    };
    const fresh = await freshSchema();
    const store = fresh.open({ client: shown });
    const joined = async () => {
      const client = await pool.connect();
      await client.query("BEGIN");
      try {
        return await store.joinTransaction(client, () => store.listSessionHandles("alice", undefined, 0));
      } finally {
        await client.query("COMMIT");
        client.release();
      }
    };
    await expect(joined()).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
      message: expect.stringContaining("Session.ready()"),
    });
    await expect.poll(() => joined().catch(() => "not yet"), { timeout: 5_000 }).toEqual([]);
    await store.close();
    await pool.end();
    await fresh.drop();
  });
});
