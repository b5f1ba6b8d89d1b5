import { checkSqlName, type OptionCheck, type TableNames, tableNames } from "@acme/session-core/store";

export interface Names extends TableNames {
  /** Name of the lock under which tables are made. */
  readonly lock: string;
}

export interface NamesOptions {
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

export const isTablePrefix: OptionCheck = (value) =>
  checkSqlName("mysqlStore", "tablePrefix", value as string);

export const DEFAULT_PREFIX = "acme_";

/** @throws SessionError `INVALID_OPTION` */
export function namesOf({ tablePrefix = DEFAULT_PREFIX }: NamesOptions): Names {
  isTablePrefix(tablePrefix, "tablePrefix");
  return {
    ...tableNames((name) => `\`${tablePrefix}${name}\``),
    lock: `${tablePrefix}session_schema`,
  };
}
