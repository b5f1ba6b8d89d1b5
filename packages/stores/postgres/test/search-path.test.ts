import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { type PostgresStore, postgresSchemaSql, postgresStore } from "../src/index.js";
import { freshSchema, missing, sql, stopServer, url } from "./fixture.js";

afterAll(stopServer);

interface Application {
  readonly store: PostgresStore;
  /** Runs `work` in a transaction whose `search_path` was set before. */
  inTransaction<T>(searchPath: string, work: () => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

/** Applications whose connections find our tables in `schema`, which the store was not told. */
const applications: Readonly<Record<"pg" | "postgres", (schema: string) => Application>> = {
  pg(schema) {
    const pool = new pg.Pool({ connectionString: url, max: 2, options: `-c search_path=${schema}` });
    const store = postgresStore({ client: pool, clock: "engine" });
    return {
      store,
      async inTransaction(searchPath, work) {
        const client = await pool.connect();
        try {
          await client.query(`BEGIN; SET LOCAL search_path = ${searchPath}`);
          const result = await store.joinTransaction(client, work);
          await client.query("COMMIT");
          return result;
        } finally {
          client.release(true);
        }
      },
      end: () => pool.end(),
    };
  },
  postgres(schema) {
    const own = postgres(url, { max: 2, onnotice: () => {}, connection: { search_path: schema } });
    const store = postgresStore({ client: own as never, clock: "engine" });
    return {
      store,
      inTransaction: (searchPath, work) =>
        own.begin(async (transaction) => {
          await transaction.unsafe(`SET LOCAL search_path = ${searchPath}`);
          return store.joinTransaction(transaction as never, work);
        }) as never,
      end: () => own.end({ timeout: 1 }),
    };
  },
};

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  describe.each(Object.entries(applications))(
    "%s: a transaction with a tenant's search_path",
    (_, application) => {
      it.each([
        { tables: "no tables of ours", isUsed: true },
        { tables: "tables of the same names", isUsed: true },
        { tables: "tables of the same names", isUsed: false },
      ])(
        "in whose schema are $tables keeps sessions and roles where the store has them; used before: $isUsed",
        async ({ tables, isUsed }) => {
          const [ours, tenant] = [await freshSchema(), await freshSchema()];
          if (tables !== "no tables of ours")
            await sql(postgresSchemaSql({ schema: tenant.schema }), undefined);
          const { store, inTransaction, end } = application(ours.schema);
          if (isUsed) await store.listSecrets();
          const row = liveSession({ userId: "alice" });
          for (const path of [tenant.schema, `${tenant.schema}, ${ours.schema}`]) {
            await inTransaction(path, async () => {
              await store.roles.grantPermissions("admin", [path]);
              await store.roles.assignRole("public", "alice", "admin");
              if (path === tenant.schema) await store.insertSession(row);
              expect(await store.getSession(row.handle, 0)).toBeDefined();
            });
          }
          expect(await store.getSession(row.handle, 0)).toBeDefined();
          expect((await store.roles.readAuthorization("public", "alice")).permissions).toHaveLength(2);
          if (tables !== "no tables of ours") {
            for (const table of ["sessions", "roles"])
              expect(await sql(`SELECT 1 FROM ${tenant.schema}.acme_${table}`)).toEqual([]);
          }
          await store.close();
          await end();
          await ours.drop();
          await tenant.drop();
        },
      );
    },
  );

  it("tables that were moved to another schema under an open store are found again", async () => {
    const [before, after] = [await freshSchema(), await freshSchema()];
    const pool = new pg.Pool({
      connectionString: url,
      options: `-c search_path=${before.schema},${after.schema}`,
    });
    const store = postgresStore({ client: pool, clock: "engine" });
    const row = liveSession({ userId: "alice" });
    await store.insertSession(row);
    await after.drop();
    await sql(`ALTER SCHEMA ${before.schema} RENAME TO ${after.schema}`);
    expect(await store.getSession(row.handle, 0)).toBeDefined();
    await store.close();
    await pool.end();
    await after.drop();
  });
});
