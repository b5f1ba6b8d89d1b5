import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { postgresSchemaSql } from "../src/index.js";
import { freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  it("the script without a transaction stays in that of the tool that runs it", async () => {
    const { schema, open, drop } = await freshSchema();
    const tables = () => sql("SELECT 1 FROM pg_tables WHERE schemaname = $1", [schema]);
    await sql(`BEGIN; ${postgresSchemaSql({ schema, transaction: false })} ROLLBACK`, undefined);
    expect(await tables()).toEqual([]);
    await sql(`BEGIN; ${postgresSchemaSql({ schema, transaction: false })} COMMIT`, undefined);
    const store = open({ migrate: false });
    expect(await store.listSecrets()).toEqual([]);
    await store.close();
    await drop();
  });

  it("a statement that the account's `statement_timeout` has ended says what to look for", async () => {
    const { schema, open, drop } = await freshSchema();
    const pool = new pg.Pool({ connectionString: url, options: "-c statement_timeout=100" });
    const store = open({ client: pool });
    await store.listSecrets();
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query(`BEGIN; LOCK TABLE ${schema}.acme_sessions`);
    await expect(store.insertSession(liveSession())).rejects.toMatchObject({
      message: expect.stringContaining("`statement_timeout`"),
    });
    await other.end();
    await store.close();
    await pool.end();
    await drop();
  });
});
