import { createHash } from "node:crypto";

export interface Script {
  readonly source: string;
  /** For EVALSHA. */
  readonly sha1: string;
}

/**
 * What a script begins with, on a key that never exists: it changes nothing, and makes a node that has become a replica
 * answer READONLY, to a read too (MR-03). A script that needs memory is refused here when there is none (OOM), and not
 * half-way: after its first write Redis lets it go on.
 */
const FIRST_COMMAND = {
  "needs no memory": "redis.call('DEL', ARGV[1] .. 'never')",
  "needs memory": "redis.call('SETRANGE', ARGV[1] .. 'never', 0, '')",
} as const;

/**
 * Every key of a store has the same hash tag, so that in a cluster one script reaches all it needs; KEYS[1] leads it to
 * the right node. ARGV[1] is the common start of the keys, ARGV[2] the caller's time, or empty for Redis's own
 * (security.md TM-01).
 */
export function script(need: keyof typeof FIRST_COMMAND, prelude: string, body: string): Script {
  const source = `${FIRST_COMMAND[need]}${prelude}${body}`;
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}
