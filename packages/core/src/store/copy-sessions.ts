import { systemClock } from "../runtime/clock.js";
import { guardedStore } from "./guarded-store.js";
import type { SessionRow, SessionStore } from "./session-store.js";

export interface CopyOptions {
  /**
   * What the run before gave: brings what has changed in `from` since, and takes out of `to` what was revoked there.
   * Without it, nothing is taken out.
   */
  after?: Pick<CopyResult, "startedAtMs" | "late"> | undefined;
  /**
   * Once, after the switch: takes over only what is missing and was created at or after this time (`startedAtMs` of the
   * copy before), and touches nothing else. What the new store has is the truth by then.
   */
  createdSinceMs?: number | undefined;
  /** Default the system's. */
  nowMs?: (() => number) | undefined;
}

export interface CopyResult {
  /** When the copy began, for `createdSinceMs` of the next one. */
  startedAtMs: number;
  inserted: number;
  replaced: number;
  removed: number;
  unchanged: number;
  /** Handles that were copied and are about as new as the copy itself: only by them can the next run tell them from logins on `to`. */
  late: string[];
}

const PAGE = 200;
const AT_ONCE = 10;
/** By how much the clocks of machines may differ, in what they say of when a session was created. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/**
 * Brings the live sessions, the signing keys and the secret of one store to another, such that every token goes on
 * working there. Roles are not copied.
 *
 * While the application runs on `from`, copy, and copy again (`after` the first) just before it is switched to `to`: the
 * second time brings what changed and takes out what was revoked. A session whose token is used in the moments between is
 * one step behind in `to`, which the next refresh there makes up for. Then copy once more with `createdSinceMs`, for
 * logins of those moments.
 *
 * Run a second time by mistake, it undoes nothing: as soon as `to` has a login, or a refresh, that `from` does not know,
 * the first two kinds of run refuse to start, and nothing is changed. A sign-out leaves no such trace: a run repeated
 * after the switch and before the first login or refresh on `to` brings back who signed out there.
 *
 * @throws Error when `from` cannot be walked over, `to` has keys or a secret of its own, or `to` is in use already;
 *         SessionError `STORE_UNAVAILABLE` when a store does not answer or refuses, with a `cause` that holds no values
 */
export function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: CopyOptions = {},
): Promise<CopyResult> {
  // Drivers put statements and values into their errors; these become ours.
  const [source, target] = [from, to].map((store) => guardedStore(store, () => {})) as [
    SessionStore,
    SessionStore,
  ];
  return copy(source, target, options);
}

async function copy(from: SessionStore, to: SessionStore, options: CopyOptions): Promise<CopyResult> {
  const nowMs = options.nowMs ?? (() => systemClock.wallMs());
  const { createdSinceMs, after } = options;
  if (createdSinceMs !== undefined && after !== undefined) {
    throw new Error("`after` is for before the switch and `createdSinceMs` for after it: give one of them");
  }
  const startedAtMs = nowMs();
  const result: CopyResult = { startedAtMs, inserted: 0, replaced: 0, removed: 0, unchanged: 0, late: [] };
  if (createdSinceMs === undefined) await assertUnused(from, to, after, nowMs);
  await copySecrets(from, to);
  await copyKeys(from, to);
  await walk(from, async (row) => {
    if (row.expiresAtMs <= nowMs()) return;
    if (createdSinceMs !== undefined && row.createdAtMs < createdSinceMs) return;
    const kept = await to.getSession(row.handle, nowMs());
    if (isLate(row, startedAtMs)) result.late.push(row.handle);
    if (kept === undefined) {
      await to.insertSession(row);
      result.inserted += 1;
    } else if (createdSinceMs !== undefined || kept.generation > row.generation || isSame(kept, row)) {
      result.unchanged += 1;
    } else {
      await to.deleteSessions([row.handle], nowMs());
      await to.insertSession(row);
      result.replaced += 1;
    }
  });
  if (after !== undefined) {
    const known = new Set(after.late);
    await walk(to, async (row) => {
      if (isLate(row, after.startedAtMs) && !known.has(row.handle)) return;
      if ((await from.getSession(row.handle, nowMs())) !== undefined) return;
      result.removed += (await to.deleteSessions([row.handle], nowMs())).length;
    });
  }
  return result;
}

/**
 * What the application does on `to` leaves sessions that `from` does not have, or that have gone further than there: from
 * then on `from` is the past.
 *
 * @throws Error
 */
async function assertUnused(
  from: SessionStore,
  to: SessionStore,
  after: CopyOptions["after"],
  nowMs: () => number,
): Promise<void> {
  const known = new Set(after?.late);
  await walk(to, async (row) => {
    if (row.expiresAtMs <= nowMs()) return;
    const there = await from.getSession(row.handle, nowMs());
    if (there !== undefined) {
      // It may have been used there between the two reads, which only makes it greater.
      if (row.generation > there.generation) throw inUse(to, "a session has been refreshed there");
    } else if (after === undefined) {
      throw inUse(to, "it has a session that the other one does not have");
    } else if (isLate(row, after.startedAtMs) && !known.has(row.handle)) {
      throw inUse(to, "somebody has signed in there");
    }
  });
}

function inUse({ name }: SessionStore, sign: string): Error {
  return new Error(
    `nothing was copied: the ${name} store is in use already (${sign}). The first copy is into an empty store, the next ones take \`after\`, what the one before gave; after the switch there is only \`createdSinceMs\``,
  );
}

function isLate({ createdAtMs }: SessionRow, startedAtMs: number): boolean {
  return createdAtMs >= startedAtMs - CLOCKS_DIFFER_MS;
}

async function copySecrets(from: SessionStore, to: SessionStore): Promise<void> {
  const [secret] = await from.listSecrets();
  if (secret === undefined) return;
  const [kept] = await to.listSecrets(secret);
  if (kept?.id !== secret.id || kept.secret !== secret.secret) {
    throw new Error(`the ${to.name} store has a secret of its own: copy into an empty store`);
  }
}

async function copyKeys(from: SessionStore, to: SessionStore): Promise<void> {
  for (const key of await from.listSigningKeys()) {
    if (await to.insertSigningKey(key)) continue;
    const isThere = (await to.listSigningKeys()).some(({ kid }) => kid === key.kid);
    if (!isThere)
      throw new Error(`the ${to.name} store has signing keys of its own: copy into an empty store`);
  }
}

async function walk(store: SessionStore, visit: (row: SessionRow) => Promise<void>): Promise<void> {
  if (store.scanSessions === undefined) throw new Error(`the ${store.name} store has no \`scanSessions\``);
  let cursor: string | undefined;
  do {
    const { rows, next } = await store.scanSessions(cursor, PAGE);
    for (let start = 0; start < rows.length; start += AT_ONCE) {
      await Promise.all(rows.slice(start, start + AT_ONCE).map(visit));
    }
    cursor = next;
  } while (cursor !== undefined);
}

/** `rotatedAtMs` is left out: a store with a clock of its own gives it back as an age. */
function isSame(a: SessionRow, b: SessionRow): boolean {
  return (
    a.generation === b.generation &&
    a.refreshTokenHash2 === b.refreshTokenHash2 &&
    a.expiresAtMs === b.expiresAtMs &&
    a.accessTokenPayloadJson === b.accessTokenPayloadJson &&
    a.sessionDataJson === b.sessionDataJson
  );
}
