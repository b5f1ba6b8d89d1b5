import type { SessionStore } from "@acme/session-core/store";
import { startMemory } from "./memory-target.ts";
import { startMysql } from "./mysql-target.ts";
import { startPostgres } from "./postgres-target.ts";
import { startRedis } from "./redis-target.ts";
import { startSqlite } from "./sqlite-target.ts";

/** A database of its own, our store on it, and the bare driver to compare with: same settings, same number of connections. */
export interface Target {
  /** Another instance on the same rows. */
  open(): SessionStore;
  /** A row as ours into a table as ours, by one statement or script. */
  rawInsert(handle: string): unknown;
  /** Hash, counter and expiry of a row that `rawInsert` made, if the hash is the one it was made with. */
  rawCas(handle: string): unknown;
  /** Makes rows, see `filled`, inside the database. @param expiredEvery 1: all of them have expired */
  fill(count: number, expiredEvery: number): Promise<void>;
  /** Watches how long statements wait for locks, where the database tells. */
  watchLocks?(): Promise<LockWatch>;
  stop(): Promise<void>;
}

export interface LockWatch {
  /** @returns the longest wait so far */
  stop(): Promise<number>;
}

const starts = {
  memory: startMemory,
  sqlite: startSqlite,
  postgres: startPostgres,
  mysql: startMysql,
  redis: startRedis,
} as const;

export type TargetName = keyof typeof starts;
export const targetNames = Object.keys(starts) as TargetName[];

/** Starts one, hands it to `use`, and stops it whatever comes of that. */
export async function withTarget<T>(name: TargetName, use: (target: Target) => Promise<T>): Promise<T> {
  const target = await starts[name]();
  try {
    return await use(target);
  } finally {
    await target.stop();
  }
}
