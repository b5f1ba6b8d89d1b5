import {
  checkTablePrefix,
  type OptionCheck,
  prefixIn,
  type TableNames,
  tableNames,
} from "@acme/session-core/store";

export interface Names extends TableNames {
  /** Names of all tables. */
  readonly all: readonly string[];
  /** SQL of the name of the lock under which tables are made; the locks of a server are for all of its databases. */
  readonly lock: string;
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

function namesWith(prefix: string): Names {
  const tables = tableNames((name) => `\`${prefix}${name}\``);
  return {
    ...tables,
    all: Object.values<string>({ ...tables }),
    lock: `CONCAT('acme_session_schema.', SHA1(CONCAT(DATABASE(), '.${prefix}')))`,
    in: (namespace) => namesWith(prefixIn(namespace, prefix)),
  };
}
