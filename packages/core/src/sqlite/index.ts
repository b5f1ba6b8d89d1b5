/** Door of `@acme/session-core/sqlite`: sessions in one file, on Node, Bun and Deno. */
export type { Synchronous } from "./connection.js";
export type { SqliteDriverName } from "./driver.js";
export { SqliteStore, type SqliteStoreOptions, sqliteStore } from "./sqlite-store.js";
