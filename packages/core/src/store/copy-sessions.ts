import { systemClock } from "../runtime/clock.js";
import type { SessionRow, SessionStore } from "./session-store.js";

export interface CopyOptions {
  /**
   * After the switch: takes over only what is missing and was created at or after this time (`startedAtMs` of the copy
   * before), and touches nothing else. What the new store has is the truth by then.
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
}

const PAGE = 200;
const AT_ONCE = 10;

/**
 * Brings the live sessions, the signing keys and the secret of one store to another, such that every token goes on
 * working there. Roles are not copied.
 *
 * While the application runs on `from`, copy, and copy again just before it is switched to `to`: the second time brings
 * what changed and takes out what was revoked. A session whose token is used in the moments between is one step behind
 * in `to`, which the next refresh there makes up for. Then copy once more with `createdSinceMs`, for logins of those
 * moments.
 *
 * @throws Error when `from` cannot be walked over, or `to` has keys or a secret of its own
 */
export async function copySessions(
  from: SessionStore,
  to: SessionStore,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const nowMs = options.nowMs ?? (() => systemClock.wallMs());
  const result: CopyResult = { startedAtMs: nowMs(), inserted: 0, replaced: 0, removed: 0, unchanged: 0 };
  const { createdSinceMs } = options;
  await copySecrets(from, to);
  await copyKeys(from, to);
  await walk(from, async (row) => {
    if (row.expiresAtMs <= nowMs()) return;
    if (createdSinceMs !== undefined && row.createdAtMs < createdSinceMs) return;
    const kept = await to.getSession(row.handle, nowMs());
    if (kept === undefined) {
      await to.insertSession(row);
      result.inserted += 1;
    } else if (createdSinceMs !== undefined || isSame(kept, row)) {
      result.unchanged += 1;
    } else {
      await to.deleteSessions([row.handle], nowMs());
      await to.insertSession(row);
      result.replaced += 1;
    }
  });
  if (createdSinceMs === undefined) {
    await walk(to, async ({ handle }) => {
      if ((await from.getSession(handle, nowMs())) !== undefined) return;
      result.removed += (await to.deleteSessions([handle], nowMs())).length;
    });
  }
  return result;
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
