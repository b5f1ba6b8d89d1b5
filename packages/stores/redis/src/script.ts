import { createHash } from "node:crypto";
import { STATEMENT_LIMIT_MS, TIME_ERROR_MS } from "./server-time.js";

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
 * ARGV[1] is the caller's time, or empty for Redis's own (security.md TM-01), and after a colon the moment, by Redis's
 * clock, from which nobody waits for the answer any more. A script that comes later does nothing: a client may keep it
 * through an outage, or a server that stood still may have it before it. Nor does one whose moment is too far away: the
 * caller has Redis's time wrong, and is told it.
 */
const IN_TIME = `local given, due = string.match(ARGV[1], '^(.*):(%d+)$')
local clock = redis.call('TIME')
local serverNow = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
if serverNow > tonumber(due) or tonumber(due) > serverNow + ${STATEMENT_LIMIT_MS + TIME_ERROR_MS} then
  return redis.error_reply('LATE ' .. string.format('%.0f', serverNow))
end
`;

/**
 * What a script does first, on a key that never exists: it changes nothing, and makes a node that has become a replica
 * answer READONLY, to a read too (MR-03). A script that needs memory is refused here when there is none (OOM), and not
 * half-way: after its first write Redis lets it go on.
 */
const FIRST_COMMAND = {
  "needs no memory": "redis.call('DEL', prefix .. 'never')",
  "needs memory": "redis.call('SETRANGE', prefix .. 'never', 0, '')",
} as const;

/**
 * Every key of a store has the same hash tag, so that in a cluster one script reaches all it needs; KEYS[1] leads it to
 * the right node, and says how keys begin.
 */
export function script(need: keyof typeof FIRST_COMMAND, prelude: string, body: string): Script {
  const source = `${PREFIX}${IN_TIME}${FIRST_COMMAND[need]}${prelude}${body}`;
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}
