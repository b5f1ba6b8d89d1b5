import {
  checkSqlName,
  checkTablePrefix,
  prefixIn,
  type TableNames,
  tableNames,
} from "@acme/session-core/store";

export interface Names extends TableNames {
  /** Names of all tables. */
  readonly all: readonly string[];
  /** For the name of an index, which takes no schema. */
  index(name: string): string;
  /** Tells one set of tables apart from another in the same database. */
  readonly lockKey: string;
  /** Whether they name their schema, so that they mean the same tables on every connection. */
  readonly isQualified: boolean;
  /** The same tables, in the schema that they were found in. */
  foundIn(schema: string): Names;
  /** A statement on the tables of names that are not qualified, as one on these. */
  qualify(sql: string): string;
  /** Those of a namespace. @throws SessionError `INVALID_OPTION` */
  in(namespace: string): Names;
}

export interface NamesOptions {
  /** Schema of the tables. Default: the first of the connection's `search_path`. */
  schema?: string | undefined;
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

/** Which tables a script makes. */
export interface SchemaOptions extends NamesOptions {
  /** The instances' `namespace`. Default: none. */
  namespace?: string | undefined;
  /** Whether the script is a transaction by itself. `false` for a tool that begins one for each script. Default `true`. */
  transaction?: boolean | undefined;
}

/** @throws SessionError `INVALID_OPTION` */
export function namesOf({ schema, tablePrefix = "acme_" }: NamesOptions): Names {
  if (schema !== undefined) checkSqlName("postgresStore", "schema", schema);
  checkTablePrefix("postgresStore", tablePrefix);
  return namesWith(schema, tablePrefix);
}

function namesWith(schema: string | undefined, prefix: string, lockKey = `${schema ?? ""}.${prefix}`): Names {
  const inSchema = schema === undefined ? "" : `"${schema.replaceAll('"', '""')}".`;
  const own = Object.values<string>({ ...tableNames((name) => `"${prefix}${name}"`) });
  const tables = tableNames((name) => `${inSchema}"${prefix}${name}"`);
  return {
    ...tables,
    all: Object.values<string>({ ...tables }),
    index: (name) => `"${prefix}${name}"`,
    lockKey,
    isQualified: schema !== undefined,
    foundIn: (found) => namesWith(found, prefix, lockKey),
    qualify: (sql) => sql.replace(/"[^"]+"/g, (name) => (own.includes(name) ? `${inSchema}${name}` : name)),
    in: (namespace) => namesWith(schema, prefixIn(namespace, prefix)),
  };
}
