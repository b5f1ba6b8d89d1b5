import { checkSqlName, type TableNames, tableNames } from "@acme/session-core/store";

export interface Names extends TableNames {
  /** Name of the lock under which tables are made. */
  readonly lock: string;
}

export interface NamesOptions {
  /** Start of every table's name. Default `acme_`. */
  tablePrefix?: string | undefined;
}

/** @throws TypeError */
export function namesOf({ tablePrefix = "acme_" }: NamesOptions): Names {
  checkSqlName("mysqlStore", "tablePrefix", tablePrefix);
  return {
    ...tableNames((name) => `\`${tablePrefix}${name}\``),
    lock: `${tablePrefix}session_schema`,
  };
}
