/** A statement, and what makes values of its columns. */
export interface PgStatement {
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(): (value: string) => string };
  readonly name?: string;
}

/** The part of a `pg` client that is used: `Client` and `PoolClient` have it. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  query(statement: PgStatement): Promise<{ rows: unknown[] }>;
  /** What the server said last: `"I"` when no transaction is open. Older drivers do not tell. */
  getTransactionStatus?(): string | null;
  /** "drain": everything that was sent has been answered. */
  once?(event: "drain" | "end", listener: () => void): unknown;
  /** Which backend it leads to, and where that is. */
  readonly processID?: number | null;
  readonly secretKey?: number | null;
  readonly host?: string;
  readonly port?: number;
}

/** A `PoolClient` of `pg`. */
export interface PgPoolClient extends PgClient {
  release(destroy?: boolean | Error): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of `pg.Pool` that is used. */
export interface PgPool {
  connect(callback: (error: Error | undefined, client: PgPoolClient | undefined) => void): void;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount?: number;
  readonly options?: {
    readonly max?: number | undefined;
    readonly connectionTimeoutMillis?: number | undefined;
  };
}
