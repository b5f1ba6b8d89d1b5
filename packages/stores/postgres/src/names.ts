import { checkSqlName, type TableNames, tableNames } from "@acme/session-core/store";

export interface Names extends TableNames {
  /** For the name of an index, which takes no schema. */
  index(name: string): string;
  /** Tells one set of tables apart from another in the same database. */
  readonly lockKey: string;
}

export interface NamesOptions {
  /** Schema of the tables. Default: the first of the connection's `search_path`. */
  schema?: string | undefined;
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

export const DEFAULT_PREFIX = "acme_";

/** @throws SessionError `INVALID_OPTION` */
export function namesOf({ schema, tablePrefix = DEFAULT_PREFIX }: NamesOptions): Names {
  if (schema !== undefined) checkSqlName("postgresStore", "schema", schema);
  checkSqlName("postgresStore", "tablePrefix", tablePrefix);
  const inSchema = schema === undefined ? "" : `"${schema}".`;
  return {
    ...tableNames((name) => `${inSchema}"${tablePrefix}${name}"`),
    index: (name) => `"${tablePrefix}${name}"`,
    lockKey: `${schema ?? ""}.${tablePrefix}`,
  };
}
