import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startPrivateServer } from "@acme/servers";
import { sqliteStore } from "@acme/session-core/sqlite";
import type { SessionStore } from "@acme/session-core/store";
import { mysqlStore } from "@acme/session-store-mysql";
import { postgresStore } from "@acme/session-store-postgres";
import { redisStore } from "@acme/session-store-redis";
import { Redis } from "ioredis";
import { createPool } from "mysql2/promise";
import pg from "pg";

export const targets = ["sqlite", "postgres", "mysql", "redis"] as const;
export type TargetName = (typeof targets)[number];

/** A database of its own, our store on it, and the bare driver to compare with. */
export interface Target {
  open(): SessionStore;
  /** The least that a compare-and-set of one row takes: one statement or script through the driver. */
  rawCas(id: number): Promise<unknown>;
  rawInsert(id: number): Promise<unknown>;
  stop(): Promise<void>;
}

const POOL = 10;
/** Rows that `rawCas` has, by number. */
export const RAW_ROWS = 1_000;
const LUA_CAS = "if redis.call('HGET', KEYS[1], 'n') then return redis.call('HINCRBY', KEYS[1], 'n', 1) end";

export async function startTarget(name: TargetName): Promise<Target> {
  if (name === "sqlite") return startSqlite();
  const server = await startPrivateServer(name, name === "redis" ? ["--appendonly", "yes"] : []);
  const { url } = server;
  if (name === "postgres") {
    const pool = new pg.Pool({ connectionString: url, max: POOL });
    await pool.query("CREATE TABLE raw (id bigint PRIMARY KEY, n bigint NOT NULL)");
    await pool.query(`INSERT INTO raw SELECT one, 0 FROM generate_series(0, ${RAW_ROWS - 1}) one`);
    return {
      open: () => postgresStore({ url, maxConnections: POOL }),
      rawCas: (id) => pool.query("UPDATE raw SET n = n + 1 WHERE id = $1 AND n >= 0 RETURNING n", [id]),
      rawInsert: (id) => pool.query("INSERT INTO raw VALUES ($1, 0)", [id + RAW_ROWS]),
      stop: () => pool.end().then(() => server.stop()),
    };
  }
  if (name === "mysql") {
    const pool = createPool({ uri: url, connectionLimit: POOL });
    await pool.query("CREATE TABLE raw (id BIGINT PRIMARY KEY, n BIGINT NOT NULL) ENGINE = InnoDB");
    for (let id = 0; id < RAW_ROWS; id += 1) await pool.query("INSERT INTO raw VALUES (?, 0)", [id]);
    return {
      open: () => mysqlStore({ url, maxConnections: POOL }),
      rawCas: (id) => pool.query("UPDATE raw SET n = n + 1 WHERE id = ? AND n >= 0", [id]),
      rawInsert: (id) => pool.query("INSERT INTO raw VALUES (?, 0)", [id + RAW_ROWS]),
      stop: () => pool.end().then(() => server.stop()),
    };
  }
  const client = new Redis(url);
  for (let id = 0; id < RAW_ROWS; id += 1) await client.hset(`raw:${id}`, "n", 0);
  return {
    open: () => redisStore({ url }),
    rawCas: (id) => client.eval(LUA_CAS, 1, `raw:${id}`),
    rawInsert: (id) => client.hset(`raw:${id + RAW_ROWS}`, "n", 0),
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

function startSqlite(): Target {
  const directory = mkdtempSync(join(tmpdir(), "store-load-"));
  const raw = new DatabaseSync(join(directory, "raw.db"));
  raw.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  raw.exec("CREATE TABLE raw (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)");
  const insert = raw.prepare("INSERT INTO raw VALUES (?, 0)");
  const update = raw.prepare("UPDATE raw SET n = n + 1 WHERE id = ? AND n >= 0");
  for (let id = 0; id < RAW_ROWS; id += 1) insert.run(id);
  return {
    open: () => sqliteStore({ path: join(directory, "sessions.db") }),
    rawCas: async (id) => update.run(id),
    rawInsert: async (id) => insert.run(id + RAW_ROWS),
    async stop() {
      raw.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
