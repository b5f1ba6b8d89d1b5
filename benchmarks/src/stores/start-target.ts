import { startMemory } from "./memory-target.ts";
import { startMysql } from "./mysql-target.ts";
import { startPostgres } from "./postgres-target.ts";
import { startRedis } from "./redis-target.ts";
import { startSqlite } from "./sqlite-target.ts";
import type { Target } from "./target.ts";

const starts = {
  memory: startMemory,
  sqlite: startSqlite,
  postgres: () => startPostgres({ prepared: false }),
  "postgres-prepared": () => startPostgres({ prepared: true }),
  mysql: startMysql,
  redis: startRedis,
} as const;

export type TargetName = keyof typeof starts;
export const targetNames = Object.keys(starts) as TargetName[];
/** Those that are measured where none is named. */
export const usualTargets = targetNames.filter((name) => name !== "postgres-prepared");

/** Starts one, hands it to `use`, and stops it whatever comes of that. */
export async function withTarget<T>(name: TargetName, use: (target: Target) => Promise<T>): Promise<T> {
  const target = await starts[name]();
  try {
    return await use(target);
  } finally {
    await target.stop();
  }
}
