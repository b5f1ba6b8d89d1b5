/** Door of `@acme/session-store-postgres`. */
export type { NamesOptions, SchemaOptions } from "./names.js";
export type { PostgresDriverName } from "./open-database.js";
export type { PostgresStoreOptions } from "./options.js";
export type { PgClient, PgPool, PgPoolClient } from "./pg-parts.js";
export type { PostgresJsQuery, PostgresJsSql, PostgresJsTransaction } from "./postgres-js-database.js";
export { PostgresStore, postgresStore } from "./postgres-store.js";
export { postgresSchemaSql } from "./schema.js";
