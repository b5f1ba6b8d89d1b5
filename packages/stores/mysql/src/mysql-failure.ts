import { type Retry, StoreTimeout } from "@acme/session-core/store";

/** Deadlock, lock wait (ours is short), MariaDB's "record has changed since last read". */
const CONFLICT = new Set([1213, 1205, 1020]);
/** This server is stopping, full, read-only after a failover, or has ended our connection. */
const WRONG_SERVER = new Set([1040, 1053, 1077, 1079, 1152, 1203, 1290, 1792, 1836, 1927, 3024, 4031]);
/** Of those, the ones after which nothing can have happened. */
const REFUSED = new Set([1040, 1203, 1290, 1792, 1836]);

/** What the driver or the server said. Texts of statements and their values stay in `cause`. */
export class MysqlFailure extends Error {
  override readonly name = "MysqlFailure";
  /** The driver's name of the error (`ER_DUP_ENTRY`, `ECONNRESET`); `"TIMEOUT"` when we gave up. */
  readonly code: string;
  readonly retry: Retry;
  readonly endsConnection: boolean;

  constructor(cause: unknown, code: string, retry: Retry, endsConnection: boolean) {
    super(`MySQL: ${code}`, { cause });
    this.code = code;
    this.retry = retry;
    this.endsConnection = endsConnection;
  }
}

/** A statement that is larger than `max_allowed_packet`; the server closes the connection over it. */
export class PacketTooLarge extends MysqlFailure {
  readonly sizeBytes: number;

  constructor(cause: unknown, sizeBytes: number) {
    super(cause, "ER_NET_PACKET_TOO_LARGE", "never", true);
    this.sizeBytes = sizeBytes;
  }
}

/** Puts what was thrown by the driver into our terms. */
export function mysqlFailure(error: unknown): MysqlFailure {
  if (error instanceof MysqlFailure) return error;
  if (error instanceof StoreTimeout) return new MysqlFailure(error, "TIMEOUT", "never", true);
  const { code, errno } = (typeof error === "object" && error !== null ? error : {}) as {
    code?: unknown;
    errno?: unknown;
  };
  const name = typeof code === "string" ? code : "CONNECTION";
  if (!name.startsWith("ER_") || typeof errno !== "number") {
    return new MysqlFailure(error, name, "outcome-unknown", true);
  }
  if (CONFLICT.has(errno)) return new MysqlFailure(error, name, "nothing-happened", false);
  if (WRONG_SERVER.has(errno)) {
    return new MysqlFailure(error, name, REFUSED.has(errno) ? "nothing-happened" : "outcome-unknown", true);
  }
  return new MysqlFailure(error, name, "never", false);
}

/** For `StoreOperations`. */
export function judgeMysql(error: unknown): Retry {
  return error instanceof MysqlFailure ? error.retry : "never";
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MysqlFailure && error.code === "ER_DUP_ENTRY";
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof MysqlFailure && error.code === "ER_NO_SUCH_TABLE";
}
