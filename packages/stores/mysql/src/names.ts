import {
  checkTablePrefix,
  type OptionCheck,
  prefixIn,
  type TableNames,
  tableNames,
} from "@acme/session-core/store";

export interface Names extends TableNames {
  /** Names of all tables, without a database. */
  readonly all: readonly string[];
  /** SQL of the name of the lock under which tables are made; the locks of a server are for all of its databases. */
  readonly lock: string;
  /** SQL of the name of the database that the tables are in. */
  readonly database: string;
  /** The same tables, in the database that they were found in. */
  foundIn(database: string): Names;
  /** A statement on the tables of names without a database, as one on these. */
  qualify(sql: string): string;
  /** Those of a namespace. @throws SessionError `INVALID_OPTION` */
  in(namespace: string): Names;
}

export interface NamesOptions {
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

/** Which tables a script makes. */
export interface SchemaOptions extends NamesOptions {
  /** The instances' `namespace`. Default: none. */
  namespace?: string | undefined;
}

export const isTablePrefix: OptionCheck = (value) => checkTablePrefix("mysqlStore", value as string);

/** @throws SessionError `INVALID_OPTION` */
export function namesOf({ tablePrefix = "acme_" }: NamesOptions): Names {
  isTablePrefix(tablePrefix, "tablePrefix");
  return namesWith(tablePrefix);
}

function namesWith(prefix: string, database?: string): Names {
  const inDatabase = database === undefined ? "" : `\`${database.replaceAll("`", "``")}\`.`;
  const plain = Object.values<string>({ ...tableNames((name) => `\`${prefix}${name}\``) });
  const tables = tableNames((name) => `${inDatabase}\`${prefix}${name}\``);
  return {
    ...tables,
    all: plain,
    lock: `CONCAT('acme_session_schema.', SHA1(CONCAT(DATABASE(), '.${prefix}')))`,
    database:
      database === undefined
        ? "DATABASE()"
        : `CONVERT(X'${Buffer.from(database).toString("hex")}' USING utf8)`,
    foundIn: (found) => namesWith(prefix, found),
    qualify: (sql) =>
      sql.replace(/`[^`]+`/g, (name) => (plain.includes(name) ? `${inDatabase}${name}` : name)),
    in: (namespace) => namesWith(prefixIn(namespace, prefix)),
  };
}
