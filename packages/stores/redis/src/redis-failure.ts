import { type Retry, StoreTimeout } from "@acme/session-core/store";

/** What a node says that cannot serve us: it is a replica, starting, without its master, or its part of the cluster is down. */
const WRONG_NODE: ReadonlySet<string> = new Set([
  "READONLY",
  "LOADING",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "NOREPLICAS",
]);
/** Passes by itself. */
const BUSY: ReadonlySet<string> = new Set(["BUSY", "TRYAGAIN", "LATE"]);

/** What only a person can put right, and how. */
const MISTAKES: Readonly<Record<string, string>> = {
  NOAUTH:
    "it asks for a password: put it into the URL (redis://user:password@host:6379), or into your client",
  WRONGPASS: "it does not know this user or password",
  NOPERM:
    "the user may not do this: it needs +eval +evalsha +time and the commands on hashes, sets, lists and strings, on ~*{acme}:* (with your `keyPrefix`)",
  MOVED:
    "it is a node of a cluster: give `client`, made with `createCluster` of @redis/client or `Cluster` of ioredis",
  DB_INDEX: "it has no database with this number: the path of the URL names it (redis://host:6379/0)",
  NO_SCRIPTS:
    "it does not know EVALSHA: it must be Redis 6.2 or newer or Valkey, no sentinel, with the command not renamed",
  NO_PASSWORD: "the URL has a password and it has none: leave the password out",
  MISSING_DRIVER:
    'the driver is not installed: `npm install @redis/client` (or `ioredis`, with `driver: "ioredis"`)',
  TLS: "TLS was refused: `rediss://` needs a server that speaks TLS, and a certificate that this machine trusts (NODE_EXTRA_CA_CERTS)",
};

/** What passes, and what a person may have to do for it. */
const ADVICE: Readonly<Record<string, string>> = {
  READONLY: "it is a replica, or has become one",
  OOM: "its memory is full: raise `maxmemory`, with `maxmemory-policy noeviction`",
  MISCONF: "it takes no writes because it cannot save to its disk",
  NOREPLICAS: "it takes no writes because it has too few replicas",
  NOT_REPLICATED: "the revocation took place, and not enough replicas have it: repeat it",
  LATE: "it was reached when nobody waited any more, and has done nothing",
  NOT_CONNECTED: "there is no connection",
  TIMEOUT: "no answer in time: Redis is slow or stopped, or something else listens there",
  CONNECTION: "the connection was cut: Redis is gone, or something else listens there",
};

/** A Redis without TLS says nothing to a handshake. */
export function noAnswer(cause: unknown, url: string | undefined, retry: Retry): RedisFailure {
  const isTls = url?.startsWith("rediss:") === true;
  const advice = isTls
    ? "no answer in time; does the server speak TLS? If not, begin the URL with `redis://`"
    : undefined;
  return new RedisFailure(cause, "TIMEOUT", retry, advice);
}

/** What the client or the server said, with the driver's own error as `cause`. */
export class RedisFailure extends Error {
  override readonly name = "RedisFailure";
  /**
   * First word of the server's error (`READONLY`, `OOM`), the system's code (`ECONNREFUSED`), or one of ours: `CONNECTION`,
   * `TIMEOUT`, `DB_INDEX`, `MISSING_DRIVER`, `TLS` …
   */
  readonly code: string;
  readonly retry: Retry;
  /** True: it stays so until somebody changes a setting; `message` says which. */
  readonly isPermanent: boolean;

  constructor(cause: unknown, code: string, retry: Retry, advice = MISTAKES[code] ?? ADVICE[code]) {
    super(advice === undefined ? `Redis: ${code}` : `Redis: ${code}: ${advice}`, { cause });
    this.code = code;
    this.retry = retry;
    this.isPermanent = Object.hasOwn(MISTAKES, code);
  }

  /** Whether the server has said this itself; else it is the connection that failed. */
  get isAnswer(): boolean {
    return this.#isAnswer;
  }

  #isAnswer = false;

  static answered(cause: unknown, code: string, retry: Retry): RedisFailure {
    const failure = new RedisFailure(cause, code, retry);
    failure.#isAnswer = true;
    return failure;
  }

  /** Whether another connection may reach a node that can serve us. */
  get isOfNode(): boolean {
    return this.code === "READONLY" || this.code === "MASTERDOWN";
  }
}

/** Puts what a client threw into our terms. */
export function redisFailure(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error;
  if (error instanceof StoreTimeout) return new RedisFailure(error, "TIMEOUT", "never");
  withoutValues(error);
  // `commandTimeout` of ioredis: it has been sent, and may be carried out.
  if (error instanceof Error && error.message === "Command timed out") {
    return new RedisFailure(error, "TIMEOUT", "never");
  }
  const { message, code } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { message: "", code: undefined };
  const word = typeof code === "string" ? code : undefined;
  if (word === "ERR_MODULE_NOT_FOUND" || word === "MODULE_NOT_FOUND") {
    return new RedisFailure(error, "MISSING_DRIVER", "never");
  }
  if (isRefusedByTls(word, message)) return new RedisFailure(error, "TLS", "never");
  // Redis 6 wraps what a script meets: "ERR Error running script …: -READONLY You can't write …".
  const reply = /(?:^|[ :]-)([A-Z][A-Z0-9]{2,}) /.exec(message);
  const inner = /[ :]-([A-Z][A-Z0-9]{2,}) /.exec(message)?.[1] ?? reply?.[1];
  if (inner === undefined) return new RedisFailure(error, word ?? "CONNECTION", "outcome-unknown");
  const damage = damageIn(message);
  if (damage !== undefined) return damage;
  return RedisFailure.answered(
    error,
    inner === "ERR" ? nameOfMistake(message) : inner,
    WRONG_NODE.has(inner) || BUSY.has(inner) ? "nothing-happened" : "never",
  );
}

/** `ioredis` hangs the whole command on an error: hashes of tokens, payloads, session data (security rule L-03). */
function withoutValues(error: unknown): void {
  if (typeof error !== "object" || error === null || !("command" in error)) return;
  const { name } = (error.command ?? {}) as { name?: unknown };
  error.command = { name };
}

/** Redis's time, where a script was refused by it; nothing has happened then. */
export function timeOfRefusal(error: unknown): number | undefined {
  const { code, cause } = redisFailure(error);
  const said = code === "LATE" && cause instanceof Error ? /LATE (\d+)/.exec(cause.message)?.[1] : undefined;
  return said === undefined ? undefined : Number(said);
}

/** For `StoreOperations`. */
export function judgeRedis(error: unknown): Retry {
  return error instanceof RedisFailure ? error.retry : "never";
}

/** What is kept under a key is not what was put there: nothing can be said of it, and nothing was changed. */
export function damaged(what: string, cause?: unknown): RedisFailure {
  return new RedisFailure(
    cause,
    "DAMAGED",
    "never",
    `${what} cannot be read whole; restore it, or delete it (a session: \`revokeSession(handle)\`)`,
  );
}

/** A script says so before it writes anything: "… DAMAGED session <handle> field <name> …". */
function damageIn(message: string): RedisFailure | undefined {
  const found = /DAMAGED session (.*?) field (\w+)/s.exec(message);
  return found === null ? undefined : damaged(`the field \`${found[2]}\` of session ${found[1]}`);
}

function nameOfMistake(message: string): string {
  if (/db index|DB index/.test(message)) return "DB_INDEX";
  if (/unknown command.*eval/i.test(message)) return "NO_SCRIPTS";
  if (/without any password|no password is set/i.test(message)) return "NO_PASSWORD";
  // What a script is refused, Redis 7 does not call NOPERM.
  if (/user executing the script can't/i.test(message)) return "NOPERM";
  return "ERR";
}

function isRefusedByTls(code: string | undefined, message: string): boolean {
  if (code === undefined) return false;
  return (
    /^(?:ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|CERT_)/.test(code) ||
    (code === "EPROTO" && /ssl|tls/i.test(message))
  );
}
