import type { JoinedApplication, JoinedServer, LentConnection, Witness } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import type { PgClient, PostgresJsQuery, PostgresJsTransaction } from "../src/index.js";
import { freshSchema, sql, url } from "./fixture.js";

/** What the server refuses in place of a statement that is to fail. */
const REFUSED = "SELECT 1 / 0";

/** An application that begins transactions on its own `pg.Pool`, or with its own `postgres(…)`. */
export const joinedServers: Readonly<Record<"pg" | "postgres", JoinedServer>> = {
  pg: {
    async open(connections) {
      const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: 20_000 });
      pool.on("error", () => {});
      return application(
        { client: pool },
        () => pool.end(),
        async (isolation, work) => {
          const client = await pool.connect();
          let broken: unknown;
          try {
            await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
            const result = await work(client, (text, values) => client.query(text, values));
            // A transaction that has failed answers a COMMIT with ROLLBACK, without a word: what this suite is about.
            await client.query("COMMIT");
            return result;
          } catch (error) {
            await client.query("ROLLBACK").catch((reason: unknown) => {
              broken = reason;
            });
            throw error;
          } finally {
            client.release(broken !== undefined);
          }
        },
      );
    },
  },
  postgres: {
    async open(connections) {
      const own = postgres(url, { max: connections, onnotice: () => {} });
      return application(
        { client: own as never },
        () => own.end({ timeout: 1 }),
        (isolation, work) =>
          own.begin(`ISOLATION LEVEL ${isolation}`, (transaction) =>
            work(transaction as never, (text, values) => transaction.unsafe(text, values as never[])),
          ) as never,
      );
    },
  },
};

type Client = PgClient | PostgresJsTransaction;
type Send = (text: string, values: unknown[]) => PromiseLike<object>;

async function application(
  options: { client: never } | { client: pg.Pool },
  end: () => Promise<void>,
  transaction: <T>(isolation: string, work: (client: Client, send: Send) => Promise<T>) => Promise<T>,
): Promise<JoinedApplication> {
  const fresh = await freshSchema();
  await sql(`CREATE TABLE ${fresh.schema}.notes (text text NOT NULL)`);
  const store = fresh.open({ ...options, clock: "server" });
  return {
    store,
    transaction: (isolation, work) =>
      transaction(isolation, (client, send) => {
        const seenBy = new Map<Witness, Client>();
        const lent: LentConnection = {
          join(joined, witness) {
            const seen = seenBy.get(witness) ?? witnessed(client, witness);
            seenBy.set(witness, seen);
            return store.joinTransaction(seen, joined);
          },
          async note(text) {
            await send(`INSERT INTO ${fresh.schema}.notes VALUES ($1)`, [text]);
          },
          async settings() {
            const answer = await send("SHOW ALL", []);
            return JSON.stringify("rows" in answer ? answer.rows : answer);
          },
        };
        return work(lent);
      }),
    async notes() {
      const rows = await sql(`SELECT text FROM ${fresh.schema}.notes`);
      return rows.map(({ text }) => String(text));
    },
    elsewhere: () => fresh.open({ clock: "server", maxConnections: 3 }),
    async close() {
      await store.close();
      await end();
      await fresh.drop();
    },
  };
}

function witnessed(client: Client, witness: Witness): Client {
  if ("unsafe" in client) {
    return {
      unsafe: (text, values, options) =>
        witness.sends() === "fail"
          ? seen(client.unsafe(REFUSED), witness)
          : seen(client.unsafe(text, values, options), witness),
    };
  }
  const query = async (statement: never, values?: never): Promise<{ rows: unknown[] }> => {
    const fails = witness.sends() === "fail";
    try {
      return await (fails ? client.query(REFUSED) : client.query(statement, values));
    } finally {
      witness.isAnswered();
    }
  };
  return { query };
}

/** As lazy as the driver's own: under way as soon as it is awaited. */
function seen(query: PostgresJsQuery, witness: Witness): PostgresJsQuery {
  return {
    simple: () => seen(query.simple(), witness),
    raw: () => seen(query.raw(), witness),
    // biome-ignore lint/suspicious/noThenProperty: a query of this driver is a thenable
    then: (fulfilled, rejected) =>
      Promise.resolve(query)
        .finally(() => witness.isAnswered())
        .then(fulfilled, rejected),
  };
}
