import { type Retry, StoreTimeout } from "@acme/session-core/store";

/**
 * SQLSTATEs after which the connection is of no use: this server is stopping (57P01, 57P02), starting (57P03), full
 * (53300), read-only after a failover (25006), gone (class 08), or behind a pooler that lost our statement (26000).
 */
const CONNECTION_LOST = /^(08...|57P0[1-4]|53300|53400|25006|26000)$/;
/** Serialization failure, deadlock. */
const CONFLICT = /^(40001|40P01)$/;
/** No class starts with E, where the names of system errors do (EPIPE). */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/;

/** What a driver or the server said. Texts of statements and their values stay in `cause`. */
export class PostgresFailure extends Error {
  override readonly name = "PostgresFailure";
  /** SQLSTATE, or the driver's or system's code; `"TIMEOUT"` when we gave up. */
  readonly code: string;
  readonly retry: Retry;

  constructor(cause: unknown, code: string, retry: Retry) {
    super(`PostgreSQL: ${code}`, { cause });
    this.code = code;
    this.retry = retry;
  }

  /** Whether the connection it happened on must not be used again. */
  get endsConnection(): boolean {
    return this.retry === "outcome-unknown" || !SQLSTATE.test(this.code) || CONNECTION_LOST.test(this.code);
  }
}

/** Puts what was thrown by a driver into our terms; a `PostgresFailure` stays as it is. */
export function postgresFailure(error: unknown): PostgresFailure {
  if (error instanceof PostgresFailure) return error;
  if (error instanceof StoreTimeout) return new PostgresFailure(error, "TIMEOUT", "never");
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  if (typeof code !== "string") return new PostgresFailure(error, "CONNECTION", "outcome-unknown");
  if (CONFLICT.test(code)) return new PostgresFailure(error, code, "nothing-happened");
  // A server that is ending may have committed before it said so.
  if (!SQLSTATE.test(code) || CONNECTION_LOST.test(code)) {
    return new PostgresFailure(error, code, code === "25006" ? "nothing-happened" : "outcome-unknown");
  }
  return new PostgresFailure(error, code, "never");
}

/** For `StoreOperations`: what is not the driver's (an application's merge threw) is never tried again. */
export function judgePostgres(error: unknown): Retry {
  return error instanceof PostgresFailure ? error.retry : "never";
}

/** The server is a standby: it may not know what the primary knows (security.md MR-03). */
export function isStandby(): PostgresFailure {
  return new PostgresFailure(undefined, "25006", "nothing-happened");
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof PostgresFailure && error.code === "23505";
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof PostgresFailure && error.code === "42P01";
}
