import { type Retry, StoreTimeout } from "@acme/session-core/store";

/** What a node says that cannot serve us: it is a replica, starting, without its master, or its part of the cluster is down. */
const WRONG_NODE = new Set(["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS"]);
/** Passes by itself. */
const BUSY = new Set(["BUSY", "TRYAGAIN"]);

/** What the client or the server said. The text of a command stays in `cause`. */
export class RedisFailure extends Error {
  override readonly name = "RedisFailure";
  /** First word of the server's error (`READONLY`, `OOM`), the system's code, `"CONNECTION"` or `"TIMEOUT"`. */
  readonly code: string;
  readonly retry: Retry;

  constructor(cause: unknown, code: string, retry: Retry) {
    super(`Redis: ${code}`, { cause });
    this.code = code;
    this.retry = retry;
  }

  /** Whether another connection may reach a node that can serve us. */
  get endsConnection(): boolean {
    return this.code === "TIMEOUT" || this.code === "READONLY" || this.code === "MASTERDOWN";
  }
}

/** Puts what a client threw into our terms. */
export function redisFailure(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error;
  if (error instanceof StoreTimeout) return new RedisFailure(error, "TIMEOUT", "never");
  const { message, code } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { message: "", code: undefined };
  // Redis 6 wraps what a script meets: "ERR Error running script …: -READONLY You can't write …".
  const reply = /(?:^|[ :]-)([A-Z][A-Z0-9]{2,}) /.exec(message);
  const inner = /[ :]-([A-Z][A-Z0-9]{2,}) /.exec(message)?.[1] ?? reply?.[1];
  if (inner === undefined) {
    return new RedisFailure(error, typeof code === "string" ? code : "CONNECTION", "outcome-unknown");
  }
  return new RedisFailure(
    error,
    inner,
    WRONG_NODE.has(inner) || BUSY.has(inner) ? "nothing-happened" : "never",
  );
}

/** For `StoreOperations`. */
export function judgeRedis(error: unknown): Retry {
  return error instanceof RedisFailure ? error.retry : "never";
}
