import { randomBytes } from "node:crypto";
import { findServer } from "@acme/servers";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { type MysqlStore, type MysqlStoreOptions, mysqlStore } from "../src/index.js";

const found = await findServer("mysql");

/** Why these tests cannot run here; undefined when they can. */
export const missing: string | undefined = typeof found === "string" ? found : undefined;
export const url: string = typeof found === "string" ? "" : await firstThatLetsUsIn(found.urls);
if (typeof found !== "string")
  console.info(`MySQL: ${found.how}, ${(await sql("SELECT version() AS v"))[0]?.v}`);

export async function stopServer(): Promise<void> {
  if (typeof found !== "string") await found.stop();
}

/** Statements on a connection of its own, as an operator would give them. */
export async function sql(text: string, at = url): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: at, multipleStatements: true });
  connection.on("error", () => {});
  try {
    return (await connection.query<RowDataPacket[]>(text))[0];
  } finally {
    await connection.end();
  }
}

export interface FreshTables {
  readonly tablePrefix: string;
  open(options?: Partial<MysqlStoreOptions>): MysqlStore;
  /** Deletes all rows, of all tables but that of migrations. */
  empty(): Promise<void>;
  drop(): Promise<void>;
}

/** Tables of its own, so that test runs at the same time do not meet. */
export function freshTables(at = url): FreshTables {
  const tablePrefix = `t_${randomBytes(8).toString("hex")}_`;
  const named = (...names: string[]): string[] => names.map((name) => `${tablePrefix}${name}`);
  const filled = named(
    "sessions",
    "signing_keys",
    "secrets",
    "role_users",
    "roles",
    "role_clock",
    "clean_up",
  );
  return {
    tablePrefix,
    open: (options = {}) =>
      mysqlStore({
        tablePrefix,
        clock: "engine",
        ...(options.client === undefined ? { url: at } : {}),
        ...options,
      }),
    empty: async () => void (await sql(filled.map((table) => `DELETE FROM ${table}`).join(";"), at)),
    // Those of namespaces too.
    drop: async () => {
      const all = await sql(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = DATABASE() AND LEFT(table_name, ${tablePrefix.length}) = '${tablePrefix}'`,
        at,
      );
      if (all.length === 0) return;
      const names = all.map(({ name }) => String(name)).join(", ");
      await sql(`SET foreign_key_checks = 0; DROP TABLE IF EXISTS ${names}`, at);
    },
  };
}

async function firstThatLetsUsIn(urls: readonly string[]): Promise<string> {
  let reason: unknown;
  for (const candidate of urls) {
    try {
      await sql("SELECT 1", candidate);
      return candidate;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error("MySQL answers but lets none of the test accounts in: set TEST_MYSQL_URL", {
    cause: reason,
  });
}
