import { sqliteStore } from "@acme/session-core/sqlite";
import { MemoryStore, type SessionStore } from "@acme/session-core/store";
import { mysqlStore } from "@acme/session-store-mysql";
import { postgresStore } from "@acme/session-store-postgres";
import { redisStore } from "@acme/session-store-redis";

export const storeKinds = ["memory", "sqlite", "postgres", "mysql", "redis"] as const;
export type StoreKind = (typeof storeKinds)[number];

/** All that a process needs to know to open a store; goes through JSON. */
export interface StoreAddress {
  readonly kind: StoreKind;
  /** URL, or path of the file; memory has none. */
  readonly at: string;
  readonly maxConnections?: number;
  /** Tables or keys of its own, as if the database were empty: a prefix. */
  readonly prefix?: string;
  /** Which of PostgreSQL's two drivers opens it. */
  readonly driver?: "pg" | "postgres";
}

export function openStore({ kind, at, maxConnections = 10, prefix, driver }: StoreAddress): SessionStore {
  const tablePrefix = prefix === undefined ? {} : { tablePrefix: `${prefix}_` };
  switch (kind) {
    case "memory":
      return new MemoryStore();
    case "sqlite":
      return sqliteStore({ path: prefix === undefined ? at : `${at}.${prefix}` });
    case "postgres":
      return postgresStore({ url: at, maxConnections, driver, ...tablePrefix });
    case "mysql":
      return mysqlStore({ url: at, maxConnections, ...tablePrefix });
    case "redis":
      return redisStore({
        url: at,
        onWarning: () => {},
        ...(prefix === undefined ? {} : { keyPrefix: prefix }),
      });
  }
}

/** Loads what the store would load at its first use: that takes a processor, and is not the database's time. */
export async function loadDriver(kind: StoreKind): Promise<void> {
  if (kind === "postgres") await import("pg");
  if (kind === "mysql") await import("mysql2/promise");
  if (kind === "redis") await import("@redis/client");
}
