/** Door of `@acme/session-store-mysql`. */
export type { MysqlConnection, MysqlPool, MysqlPoolConnection } from "./driver.js";
export { MysqlStore, mysqlStore } from "./mysql-store.js";
export type { NamesOptions, SchemaOptions } from "./names.js";
export type { MysqlStoreOptions } from "./options.js";
export { mysqlSchemaSql } from "./schema.js";
