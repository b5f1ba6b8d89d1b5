/** A value as the driver hands it out, before anything is made of it. */
export interface Field {
  readonly type: string;
  buffer(): Buffer | null;
}

/** The part of a connection of `mysql2/promise` that is used. */
export interface MysqlConnection {
  query(statement: {
    sql: string;
    values: [];
    rowsAsArray: false;
    nestTables: false;
    typeCast: (field: Field) => unknown;
  }): Promise<[unknown, unknown]>;
  destroy(): void;
}

/** A connection of a pool of `mysql2/promise`. */
export interface MysqlPoolConnection extends MysqlConnection {
  release(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a pool of `mysql2/promise` that is used. */
export interface MysqlPool {
  getConnection(): Promise<MysqlPoolConnection>;
  end(): Promise<void>;
  /** Somebody waits until a connection is free. */
  on?(event: "enqueue", listener: () => void): unknown;
  removeListener?(event: "enqueue", listener: () => void): unknown;
}
