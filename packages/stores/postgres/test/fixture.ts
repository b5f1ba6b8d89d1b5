import { randomBytes } from "node:crypto";
import { findServer } from "@acme/servers";
import pg from "pg";
import postgres from "postgres";
import { type PostgresStore, type PostgresStoreOptions, postgresStore } from "../src/index.js";

const found = await findServer("postgres");

/** Why these tests cannot run here; undefined when they can. */
export const missing: string | undefined = typeof found === "string" ? found : undefined;
export const url: string = typeof found === "string" ? "" : await firstThatLetsUsIn(found.urls);
if (typeof found !== "string") console.info(`PostgreSQL: ${found.how}`);

export async function stopServer(): Promise<void> {
  if (typeof found !== "string") await found.stop();
}

/** One statement on a connection of its own, as an operator would give it. */
export async function sql(
  text: string,
  values: unknown[] | undefined = [],
  at = url,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: at, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

export interface FreshSchema {
  readonly schema: string;
  open(options?: Partial<PostgresStoreOptions>): PostgresStore;
  /** Deletes all rows, of all tables but that of migrations. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

/** An empty schema of its own, so that test runs at the same time do not meet. */
export async function freshSchema(): Promise<FreshSchema> {
  const schema = `t_${randomBytes(8).toString("hex")}`;
  await sql(`CREATE SCHEMA ${schema}`);
  return {
    schema,
    open: (options = {}) =>
      postgresStore({
        schema,
        clock: "engine",
        ...(options.client === undefined ? { url } : {}),
        ...options,
      }),
    empty: async () =>
      void (await sql(
        ["sessions", "signing_keys", "secrets", "roles", "role_users", "role_clock", "clean_up"]
          .map((table) => `DELETE FROM ${schema}.acme_${table}`)
          .join(";"),
        undefined,
      )),
    drop: async () => void (await sql(`SET client_min_messages = error; DROP SCHEMA ${schema} CASCADE`)),
  };
}

/** The four ways to give the store its connections. */
export const ways: readonly {
  name: string;
  connect(maxConnections: number): { options: Partial<PostgresStoreOptions>; end(): Promise<void> };
}[] = [
  {
    name: "pg, url",
    connect: (maxConnections) => ({ options: { driver: "pg", maxConnections }, end: async () => {} }),
  },
  {
    name: "postgres, url",
    connect: (maxConnections) => ({ options: { driver: "postgres", maxConnections }, end: async () => {} }),
  },
  {
    name: "pg, the application's pool",
    connect(max) {
      const pool = new pg.Pool({ connectionString: url, max });
      return { options: { client: pool }, end: () => pool.end() };
    },
  },
  {
    name: "postgres, the application's sql",
    connect(max) {
      const client = postgres(url, { max, onnotice: () => {} });
      return { options: { client: client as never }, end: () => client.end({ timeout: 1 }) };
    },
  },
];

async function firstThatLetsUsIn(urls: readonly string[]): Promise<string> {
  let reason: unknown;
  for (const candidate of urls) {
    try {
      await sql("SELECT 1", [], candidate);
      return candidate;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error("PostgreSQL answers but lets none of the test accounts in: set TEST_POSTGRES_URL", {
    cause: reason,
  });
}
