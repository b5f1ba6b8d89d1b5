/** Door of `@acme/session-store-mysql`. */
export type { MysqlConnection, MysqlPool, MysqlPoolConnection } from "./database.js";
export { MysqlStore, type MysqlStoreOptions, mysqlStore } from "./mysql-store.js";
export type { NamesOptions } from "./names.js";
export { mysqlSchemaSql } from "./schema.js";
