import type { JoinedServer, Witness } from "@acme/session-conformance";
import { createPool, type PoolConnection, type RowDataPacket } from "mysql2/promise";
import { type MysqlConnection, mysqlSchemaSql } from "../src/index.js";
import { type FreshTables, freshTables, sql, url } from "./fixture.js";

/** What the server refuses in place of a statement that is to fail. */
const REFUSED = "SELECT (SELECT 1 UNION SELECT 2)";

/** Variables that tell what has happened, not what is set. */
const MOVES =
  /^(timestamp|rand_seed\d|last_insert_id|insert_id|identity|last_gtid|gtid_|warning_count|error_count|in_transaction)/;

/**
 * Tables that were made beforehand, the application's own too: a transaction of this server never sees tables that were
 * made after its snapshot, and cannot make any.
 */
export async function tablesToJoin(): Promise<FreshTables> {
  const fresh = freshTables();
  await sql(mysqlSchemaSql({ tablePrefix: fresh.tablePrefix }));
  for (const name of ["notes", "moment"]) {
    await sql(`CREATE TABLE ${fresh.tablePrefix}${name} (text VARCHAR(100) NOT NULL) ENGINE = InnoDB`);
  }
  return {
    ...fresh,
    async drop() {
      await sql(`DROP TABLE ${fresh.tablePrefix}notes, ${fresh.tablePrefix}moment`);
      await fresh.drop();
    },
  };
}

/** An application that begins transactions on its own pool of `mysql2/promise`. One at a time on these tables. */
export const joinedServer = (fresh: FreshTables): JoinedServer => ({
  async open(connections) {
    const pool = createPool({ uri: url, connectionLimit: connections });
    const notes = `${fresh.tablePrefix}notes`;
    const store = fresh.open({ client: pool, clock: "server" });
    return {
      store,
      async transaction(isolation, work) {
        const connection = await pool.getConnection();
        try {
          await connection.query(`SET TRANSACTION ISOLATION LEVEL ${isolation}`);
          await connection.beginTransaction();
          const seenBy = new Map<Witness, MysqlConnection>();
          const result = await work({
            join(joined, witness) {
              const seen = seenBy.get(witness) ?? witnessed(connection, witness);
              seenBy.set(witness, seen);
              return store.joinTransaction(seen, joined);
            },
            async note(text) {
              await connection.query(`SELECT text FROM ${fresh.tablePrefix}moment`);
              await connection.query(`INSERT INTO ${notes} VALUES (?)`, [text]);
            },
            async settings() {
              const [rows] = await connection.query<RowDataPacket[]>("SHOW SESSION VARIABLES");
              return JSON.stringify(rows.filter(({ Variable_name }) => !MOVES.test(String(Variable_name))));
            },
          });
          await connection.commit();
          return result;
        } catch (error) {
          await connection.rollback();
          throw error;
        } finally {
          connection.release();
        }
      },
      async notes() {
        const rows = await sql(`SELECT text FROM ${notes}`);
        return rows.map(({ text }) => String(text));
      },
      elsewhere: () => fresh.open({ clock: "server", maxConnections: 3 }),
      async close() {
        await store.close();
        await pool.end();
        await sql(`DELETE FROM ${notes}`);
        await fresh.empty();
      },
    };
  },
});

function witnessed(connection: PoolConnection, witness: Witness): MysqlConnection {
  return {
    async query(statement) {
      const fails = witness.sends() === "fail";
      try {
        return await connection.query(fails ? { ...statement, sql: REFUSED } : statement);
      } finally {
        witness.isAnswered();
      }
    },
    destroy: () => connection.destroy(),
  };
}
