import { createHash } from "node:crypto";

export interface Script {
  readonly source: string;
  /** For EVALSHA. */
  readonly sha1: string;
}

/** What KEYS[1] ends with; what stands before it is the start of every key. */
export const FIRST_KEY = "expiry";

/**
 * The start of every key, as the server sees it: a client may have put something before the key that it was given
 * (`keyPrefix`), and two applications that rely on it must never meet in a key that a script puts together itself.
 */
const PREFIX = `local prefix = string.sub(KEYS[1], 1, -${FIRST_KEY.length + 1})\n`;

/**
 * What a script begins with, on a key that never exists: it changes nothing, and makes a node that has become a replica
 * answer READONLY, to a read too (MR-03). A script that needs memory is refused here when there is none (OOM), and not
 * half-way: after its first write Redis lets it go on.
 */
const FIRST_COMMAND = {
  "needs no memory": "redis.call('DEL', prefix .. 'never')",
  "needs memory": "redis.call('SETRANGE', prefix .. 'never', 0, '')",
} as const;

/**
 * Every key of a store has the same hash tag, so that in a cluster one script reaches all it needs; KEYS[1] leads it to
 * the right node, and says how keys begin. ARGV[1] is the caller's time, or empty for Redis's own (security.md TM-01).
 */
export function script(need: keyof typeof FIRST_COMMAND, prelude: string, body: string): Script {
  const source = `${PREFIX}${FIRST_COMMAND[need]}${prelude}${body}`;
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}
