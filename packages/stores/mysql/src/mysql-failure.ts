import { type Retry, StoreTimeout } from "@acme/session-core/store";

/** Deadlock, lock wait (ours is short), lock not to be had at once, MariaDB's "record has changed since last read". */
const CONFLICT = new Set([1213, 1205, 3572, 1020]);
/** This server is stopping, full, read-only after a failover, or has ended our connection. */
const WRONG_SERVER = new Set([1040, 1053, 1077, 1079, 1152, 1203, 1290, 1792, 1836, 1927, 3024, 4031]);
/** Of those, the ones after which nothing can have happened. */
const REFUSED = new Set([1040, 1203, 1290, 1792, 1836]);

const GRANTS = "CREATE, REFERENCES, SELECT, INSERT, UPDATE and DELETE";
const UNTRUSTED = "the server's certificate is not trusted: give its authority, or correct the name in `url`";
const MISSING =
  "a table of the store is missing or older than this release, or the account may not see it: run the script that mysqlSchemaSql() gives, or leave `migrate` on, and grant it rights on all tables";

/** What stays wrong until somebody mends it, and what that is. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: "the driver is not installed: npm install mysql2",
  MODULE_NOT_FOUND: "the driver is not installed: npm install mysql2",
  POOL_CLOSED: "the pool given as `client` has been closed: close the store first, or give it another pool",
  NO_WAY_BESIDE:
    "a table or key has to be made, and the pool given as `client` does not show where it leads: use the store once before the first `joinTransaction`, or run the script that mysqlSchemaSql() gives",
  ER_TABLE_DEF_CHANGED:
    "the tables were made after this transaction began, which cannot see them: it has to be begun again",
  ER_ACCESS_DENIED_ERROR:
    'the server does not let this user in from this machine with this password: correct user or password in `url`, or the user\'s hosts; if it asks for TLS, add `?ssl={"rejectUnauthorized":true}` to the URL',
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    'the server does not let this user in from this machine, which needs another user or a password: correct them in `url`, or the user\'s hosts; if it asks for TLS, add `?ssl={"rejectUnauthorized":true}` to the URL',
  ER_HOST_NOT_PRIVILEGED: "the server lets nobody in from this machine: add it to the user's hosts",
  ER_NOT_SUPPORTED_AUTH_MODE: "the server signs this user in by a method that mysql2 does not know",
  AUTH_SWITCH_PLUGIN_ERROR: "the server signs this user in by a method that mysql2 does not know",
  ER_BAD_DB_ERROR: "there is no database of this name: create it, or correct the name in `url`",
  ER_NO_DB_ERROR: "no database is chosen: name one at the end of `url`, or as `database` of your pool",
  ER_DBACCESS_DENIED_ERROR: `this user may not use the database: grant it ${GRANTS}`,
  ER_TABLEACCESS_DENIED_ERROR: `this user lacks a right on the tables: grant it ${GRANTS}; without CREATE, run the script that mysqlSchemaSql() gives and set \`migrate: false\``,
  ER_NO_SUCH_TABLE: MISSING,
  ER_BAD_FIELD_ERROR: MISSING,
  HANDSHAKE_NO_SSL_SUPPORT: "the server has no TLS, which `url` asks for",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: UNTRUSTED,
  CERT_HAS_EXPIRED: "the server's certificate has expired",
};

const HELD =
  "another transaction holds what this one needs, for longer than we wait: look for one that stays open, or repeat";

const SILENT = "no answer in time: the server is slow or stopped, or something else listens there";

const OF_ITS_OWN = "give connections back sooner, or give the store connections of its own (`url`)";
const FULL = "all connections of the application's pool are in use";

/** What passes by itself, and what may be done about it meanwhile. */
const PASSES: Readonly<Record<string, string>> = {
  ER_LOCK_WAIT_TIMEOUT: HELD,
  ER_LOCK_NOWAIT: HELD,
  ETIMEDOUT: SILENT,
  TIMEOUT: SILENT,
  NO_FREE_CONNECTION: `no connection of the application's pool was free within 2 s: raise its \`connectionLimit\`, ${OF_ITS_OWN}`,
  POOL_DOES_NOT_WAIT: `${FULL}, and it waits for none (\`waitForConnections: false\`): let it wait, raise its \`connectionLimit\`, or ${OF_ITS_OWN}`,
  POOL_QUEUE_FULL: `${FULL}, and as many wait for one as may (\`queueLimit\`): raise its \`connectionLimit\` or \`queueLimit\`, or ${OF_ITS_OWN}`,
  PROTOCOL_CONNECTION_LOST: "the connection was cut: the server is gone, or something else listens there",
};

const BEGIN_AGAIN = "roll back, and do all of it once more";
const LOCKED_TABLES =
  "the application's connection has locked other tables (`LOCK TABLES`), and may use no more than those: `UNLOCK TABLES` first, and lock rows instead";

/** What the same codes mean where the transaction is the application's. */
const JOINED: Readonly<Record<string, string>> = {
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
    "the application's transaction is read-only: begin it as READ WRITE",
  ER_TABLE_NOT_LOCKED: LOCKED_TABLES,
  ER_TABLE_NOT_LOCKED_FOR_WRITE: LOCKED_TABLES,
  ER_LOCK_DEADLOCK: `the application's transaction and another one waited for each other, and the server has ended this one: ${BEGIN_AGAIN}`,
  ER_CHECKREAD: `a row has changed since the application's transaction first read: ${BEGIN_AGAIN}`,
  NO_TRANSACTION: `the application's transaction has ended, by a deadlock or by a statement of the application's: ${BEGIN_AGAIN}`,
};

/** What the driver or the server said. Texts of statements and their values stay in `cause`. */
export class MysqlFailure extends Error {
  override readonly name = "MysqlFailure";
  /** The driver's name of the error (`ER_DUP_ENTRY`, `ECONNRESET`); `"TIMEOUT"` when we gave up. */
  readonly code: string;
  readonly retry: Retry;
  readonly endsConnection: boolean;
  /** Whether it stays so until somebody mends it; the message then says what. */
  readonly isPermanent: boolean;
  /** What the connection ended under: how large the statement was, and the values in it. */
  sent: { readonly bytes: number; readonly values: number } | undefined;

  /**
   * @param cause what the driver threw
   * @param said what the message says of it; default what is known of the code
   */
  constructor(cause: unknown, code: string, retry: Retry, endsConnection: boolean, said?: string) {
    const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined;
    const words = said ?? advice ?? (Object.hasOwn(PASSES, code) ? PASSES[code] : undefined);
    super(words === undefined ? `MySQL: ${code}` : `MySQL: ${words} (${code})`, { cause });
    this.code = code;
    this.isPermanent = advice !== undefined;
    this.retry = this.isPermanent ? "never" : retry;
    this.endsConnection = endsConnection;
  }

  /** The same, where no statement had been sent. */
  beforeAnything(): MysqlFailure {
    const isWorthRetrying = this.retry !== "never" && this.code !== "ETIMEDOUT";
    return new MysqlFailure(this.cause, this.code, isWorthRetrying ? "nothing-happened" : "never", false);
  }

  /** The same, where nothing can be tried again: in the application's transaction. */
  forGood(): MysqlFailure {
    const said = Object.hasOwn(JOINED, this.code) ? JOINED[this.code] : undefined;
    return new MysqlFailure(this.cause, this.code, "never", this.endsConnection, said);
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

/** What the driver's pool says by itself. */
const WITHOUT_CODE: ReadonlyMap<unknown, string> = new Map([
  ["No connections available.", "POOL_DOES_NOT_WAIT"],
  ["Queue limit reached.", "POOL_QUEUE_FULL"],
]);

/** Puts what was thrown by the driver into our terms. */
export function mysqlFailure(error: unknown): MysqlFailure {
  if (error instanceof MysqlFailure) return error;
  if (error instanceof StoreTimeout) return new MysqlFailure(error, "TIMEOUT", "never", true);
  const { code, errno, message } = (typeof error === "object" && error !== null ? error : {}) as {
    code?: unknown;
    errno?: unknown;
    message?: unknown;
  };
  if (message === "Pool is closed.") return new MysqlFailure(error, "POOL_CLOSED", "never", true);
  const name = typeof code === "string" ? code : (WITHOUT_CODE.get(message) ?? "CONNECTION");
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

export function hasNoWayBeside(error: unknown): boolean {
  return error instanceof MysqlFailure && error.code === "NO_WAY_BESIDE";
}
