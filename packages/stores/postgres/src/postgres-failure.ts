import { type Retry, StoreTimeout } from "@acme/session-core/store";
import type { PostgresRecord } from "./database.js";

/**
 * SQLSTATEs after which the connection is of no use: this server is stopping (57P01, 57P02), starting (57P03), full
 * (53300), read-only after a failover (25006), gone (class 08), or behind a pooler that lost our statement (26000).
 */
const CONNECTION_LOST = /^(08...|57P0[1-4]|53300|53400|25006|26000)$/;
/** Serialization failure, deadlock. */
const CONFLICT = /^(40001|40P01)$/;
/** No class starts with E, where the names of system errors do (EPIPE). */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/;
const MISSING_TABLE = "42P01";

/** What no waiting mends, and what does. */
const ADVICE: Readonly<Record<string, string>> = {
  "28P01":
    "the server refuses the password, or got none; check user and password in the URL (postgres://user:password@host/db), or in your pool",
  "28000":
    "the server refuses this account; check the user, pg_hba.conf, and whether the server asks for TLS",
  "3D000": "there is no such database; create it, or check the name in the URL",
  "3F000": "there is no such schema; create it, or check the option `schema`",
  "42501":
    "the account has no right to that; grant it SELECT, INSERT, UPDATE and DELETE on the tables, and CREATE on their schema, or run the script of postgresSchemaSql() as another account and set `migrate: false`",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is not trusted; give its CA to the driver",
  SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is not trusted; give its CA to the driver",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate is not trusted; give its CA to the driver",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another host name",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  NO_PASSWORD:
    "the server asks for a password and there is none; put one into the URL (postgres://user:password@host/db), or into your pool",
  UNKNOWN_SIGN_IN:
    "the server signs this user in by a method that the driver does not know; check pg_hba.conf, and that PostgreSQL listens there",
  TLS: "the server speaks no TLS; turn it on there, or leave `sslmode` out of the URL",
};

/** What passes by itself, and what may be done about it meanwhile. */
const PASSES: Readonly<Record<string, string>> = {
  "55P03":
    "another transaction holds what this one needs, for longer than we wait; look for one that stays open in pg_stat_activity and pg_locks, or repeat",
  CONNECTION: "the connection was cut; PostgreSQL is gone, or something else listens there",
  TIMEOUT:
    "no answer in time; PostgreSQL is slow or stopped, or something else listens there, or a table or row is locked: look into pg_stat_activity and pg_locks",
  "57014":
    "the server stopped the statement, which took too long; it is slow, a `statement_timeout` of the account or the database is short, or a table or row is locked: look into pg_stat_activity and pg_locks",
  TLS_CUT:
    "the connection was cut while TLS began; does the server speak TLS? If not, turn it on there, or leave `ssl` out",
};

/** What the same codes mean where the transaction is the application's. */
const JOINED: Readonly<Record<string, string>> = {
  "25P02":
    "a statement of the application's failed earlier in this transaction, in which PostgreSQL takes no more since; roll back, and look at that statement's own error",
  "25006":
    "the application's transaction is read-only, or its connection leads to a standby; begin it as READ WRITE, on the primary",
  "40001":
    "the application's transaction met another one that changed the same; roll back, and do all of it once more",
  "40P01":
    "the application's transaction and another one waited for each other; roll back, and do all of it once more",
};

/** What driver or server said. Texts of statements and their values stay in `cause`. */
export class PostgresFailure extends Error {
  override readonly name = "PostgresFailure";
  /** SQLSTATE, or the driver's or system's code; `"TIMEOUT"` when we or the driver gave up. */
  readonly code: string;
  readonly retry: Retry;
  /** Whether somebody has to mend something: it is no outage that passes. */
  readonly isPermanent: boolean;

  /** @param said what the message says of it; default what is known of the code */
  constructor(cause: unknown, code: string, retry: Retry, said?: string) {
    const advice = ADVICE[code];
    const words = said ?? advice ?? PASSES[code];
    super(`PostgreSQL: ${words === undefined ? code : `${words} (${code})`}`, { cause });
    this.code = code;
    this.retry = advice === undefined ? retry : "never";
    this.isPermanent = advice !== undefined;
  }

  /** Whether the connection it happened on must not be used again. */
  get endsConnection(): boolean {
    return this.retry === "outcome-unknown" || !SQLSTATE.test(this.code) || CONNECTION_LOST.test(this.code);
  }
}

/** @param driver of the application's: the one of the two does not tell whether a connection was being made meanwhile */
export function noFreeConnection(
  cause: unknown,
  driver: "pg" | "postgres",
  limitMs: number,
): PostgresFailure {
  const pool = driver === "pg" ? "pool" : "`sql`";
  const orElse = driver === "pg" ? "" : "; if none is in use, the server takes no new one";
  return new PostgresFailure(
    cause,
    "NO_FREE_CONNECTION",
    "never",
    `no connection of the application's ${pool} was free within ${limitMs / 1000} s: raise its \`max\`, give connections back sooner, or give the store connections of its own (\`url\`)${orElse}`,
  );
}

/** Nothing works until somebody has installed, run or changed something; the message says what. */
export class PostgresSetupError extends Error {
  override readonly name = "PostgresSetupError";
  readonly isPermanent = true;
}

/** What drivers say by themselves. */
const WITHOUT_CODE: readonly (readonly [text: RegExp, code: string])[] = [
  [/does not support SSL/i, "TLS"],
  [/client password must be a/, "NO_PASSWORD"],
  [/^Unknown authenticationOk message type/, "UNKNOWN_SIGN_IN"],
  // By `query_timeout`; the statement goes on.
  [/^Query read timeout$/, "TIMEOUT"],
  // By `connectionTimeoutMillis`: no connection was free, or none could be made.
  [/^timeout exceeded when trying to connect$/, "TIMEOUT"],
  [/^Connection terminated due to connection timeout$/, "TIMEOUT"],
];

/** Puts what was thrown by a driver into our terms; a `PostgresFailure` stays as it is. */
export function postgresFailure(error: unknown): PostgresFailure {
  if (error instanceof PostgresFailure) return error;
  if (error instanceof StoreTimeout) return new PostgresFailure(error, "TIMEOUT", "never");
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  if (typeof code !== "string") {
    const said = error instanceof Error ? WITHOUT_CODE.find(([text]) => text.test(error.message)) : undefined;
    const name = said?.[1] ?? "CONNECTION";
    return new PostgresFailure(error, name, name === "TIMEOUT" ? "never" : "outcome-unknown");
  }
  // `postgres` begins TLS also where the server says that it speaks none.
  if (code === "ECONNRESET" && error instanceof Error && /before secure TLS connection/.test(error.message)) {
    return new PostgresFailure(error, "TLS_CUT", "outcome-unknown");
  }
  if (CONFLICT.test(code)) return new PostgresFailure(error, code, "nothing-happened");
  // A server that is ending may have committed before it said so.
  if (!SQLSTATE.test(code) || CONNECTION_LOST.test(code)) {
    return new PostgresFailure(error, code, code === "25006" ? "nothing-happened" : "outcome-unknown");
  }
  // Once more, after the tables have been made.
  return new PostgresFailure(error, code, code === MISSING_TABLE ? "nothing-happened" : "never");
}

/** The same for a statement in the application's transaction, where nothing can be tried again. */
export function joinedFailure(error: unknown): PostgresFailure {
  const { cause, code } = postgresFailure(error);
  return new PostgresFailure(cause, code, "never", JOINED[code]);
}

/** For what a driver threw there. @throws PostgresFailure; PostgresSetupError as it is */
export function failJoined(error: unknown): never {
  throw error instanceof PostgresSetupError ? error : joinedFailure(error);
}

/** For `StoreOperations`: what is not the driver's (an application's merge threw) is never tried again. */
export function judgePostgres(error: unknown): Retry {
  return error instanceof PostgresFailure ? error.retry : "never";
}

/**
 * Where a statement asks the server what it is: a standby may not know what the primary knows (security.md MR-03). Such
 * a statement always has a record, so that no record is no answer: a connection that was ended under it may look so.
 *
 * @throws PostgresFailure
 */
export function assertPrimary(text: string, records: readonly PostgresRecord[]): void {
  if (!text.includes('AS "isStandby"')) return;
  if (records[0] === undefined) throw new PostgresFailure(undefined, "08006", "nothing-happened");
  // As a number, which no parser of the application's makes into anything that is not one.
  if (Number(records[0].isStandby) === 1) throw new PostgresFailure(undefined, "25006", "nothing-happened");
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof PostgresFailure && error.code === "23505";
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof PostgresFailure && error.code === MISSING_TABLE;
}
