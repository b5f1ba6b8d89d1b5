/** Groups of codes that drivers and servers give, with what to do. */
const GROUPS: readonly { codes: string; isPermanent: boolean; advice: string }[] = [
  {
    codes:
      "28P01 28000 ER_ACCESS_DENIED_ERROR ER_NOT_SUPPORTED_AUTH_MODE AUTH_SWITCH_PLUGIN_ERROR WRONGPASS NOAUTH",
    isPermanent: true,
    advice: "Check user and password, and from where the server lets that user in.",
  },
  {
    codes: "3D000 3F000 ER_BAD_DB_ERROR",
    isPermanent: true,
    advice: "Create it, or correct its name.",
  },
  {
    codes: "42P01 42703 ER_NO_SUCH_TABLE ER_BAD_FIELD_ERROR",
    isPermanent: true,
    advice:
      "Tables are missing: let the store make them, or run its script, on this very database and schema.",
  },
  {
    codes:
      "42501 NOPERM ER_DBACCESS_DENIED_ERROR ER_TABLEACCESS_DENIED_ERROR ER_SPECIFIC_ACCESS_DENIED_ERROR ER_COLUMNACCESS_DENIED_ERROR ER_PROCACCESS_DENIED_ERROR",
    isPermanent: true,
    advice: "Grant the user what is missing.",
  },
  {
    codes: "ERR_MODULE_NOT_FOUND MODULE_NOT_FOUND",
    isPermanent: true,
    advice: "Install the driver that the store's README names.",
  },
  {
    codes:
      "ERR_TLS_CERT_ALTNAME_INVALID DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY CERT_HAS_EXPIRED CERT_NOT_YET_VALID HOSTNAME_MISMATCH HANDSHAKE_NO_SSL_SUPPORT HANDSHAKE_SSL_ERROR ER_SECURE_TRANSPORT_REQUIRED ERR_SSL_WRONG_VERSION_NUMBER",
    isPermanent: true,
    advice:
      "TLS failed: give the driver the certificate authority of the server, or turn TLS on or off on both sides.",
  },
  {
    codes: "ENOTFOUND EAI_AGAIN",
    isPermanent: false,
    advice: "The host's name does not resolve: check the address.",
  },
  {
    codes: "ECONNREFUSED",
    isPermanent: false,
    advice: "Nothing listens there: check that the server runs, and the address.",
  },
  {
    codes: "ETIMEDOUT EHOSTUNREACH ENETUNREACH TIMEOUT",
    isPermanent: false,
    advice: "The server is slow, stopped, or cannot be reached: check its load, the network, firewalls.",
  },
  {
    codes: "53300 53400 ER_CON_COUNT_ERROR ER_USER_LIMIT_REACHED ER_TOO_MANY_USER_CONNECTIONS",
    isPermanent: false,
    advice: "The server takes no more connections: lower the pool size of each process, or raise its limit.",
  },
  {
    codes: "53100 53200 OOM MISCONF SQLITE_FULL ER_DISK_FULL ER_RECORD_FILE_FULL ENOSPC",
    isPermanent: false,
    advice: "The server is out of disk or memory.",
  },
  {
    codes:
      "25006 READONLY ER_OPTION_PREVENTS_STATEMENT ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION SQLITE_READONLY",
    isPermanent: false,
    advice: "It is read-only: a replica, or a failover under way.",
  },
  {
    codes: "57P01 57P02 57P03 LOADING MASTERDOWN CLUSTERDOWN NOREPLICAS ER_SERVER_SHUTDOWN",
    isPermanent: false,
    advice: "The server is starting, stopping, or failing over.",
  },
];

/** What to do, by code. */
export const ADVICE: Readonly<Record<string, string>> = Object.fromEntries(
  GROUPS.flatMap(({ codes, advice }) => codes.split(" ").map((code) => [code, advice])),
);

/** Codes of mistakes that do not pass by themselves. */
export const PERMANENT: ReadonlySet<string> = new Set(
  GROUPS.filter(({ isPermanent }) => isPermanent).flatMap(({ codes }) => codes.split(" ")),
);

/** Texts of drivers that have no code, word for word. */
const TEXTS: ReadonlySet<string> = new Set([
  "Connection terminated unexpectedly",
  "Connection terminated due to connection timeout",
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "The server does not support SSL connections",
  "Client has encountered a connection error and is not queryable",
  "Cannot use a pool after calling end on the pool",
  "Pool is closed.",
  "Connection is closed.",
  "Socket closed unexpectedly",
]);

/** SQLite names tables and columns in its texts, and never a bound value. */
const SQLITE = /^(SQLITE_[A-Z_]+|ERR_SQLITE_ERROR)$/;

/** Whether an error with this code says in its text whom and what it is about, and never a value of a row. */
export function isShownWhole(message: string, code: string | undefined): boolean {
  if (TEXTS.has(message)) return true;
  return code !== undefined && (Object.hasOwn(ADVICE, code) || SQLITE.test(code));
}
