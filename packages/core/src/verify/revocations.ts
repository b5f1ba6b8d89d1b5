import { unauthorised } from "../errors/throwers.js";
import type { Clock } from "../runtime/clock.js";
import { emptyMemory, type Mark, type RevocationMemory, type UserMark } from "../store/revocation-memory.js";
import type { SessionRow } from "../store/session-store.js";
import type { TokenClaims } from "../tokens/access-token.js";

/** What must be known of a token before it is taken without a look at the store. */
export type Suspicion =
  /** Its session was revoked here: every use of the token looks at the row. */
  | "revoked"
  /** It is one of many that a revocation may have meant: its row is looked at once. */
  | "perhaps";

/** Bounds of what is remembered one by one; beyond them the oldest are remembered as a group. */
const MAX_HANDLES = 20_000;
const MAX_USERS = 10_000;
const MAX_TENANTS = 1_000;
const MAX_KIDS = 100;
const HOUR_MS = 3_600_000;
/** How far the clocks of the machines that mint may be apart. */
const CLOCKS_APART_MS = 60_000;
const DEFAULT_TENANT = "public";

/**
 * What this process has revoked on one set of data, as one instance sees it, for as long as access tokens of it may still
 * verify. Asked only where a token is not answered by the cache of verified ones; that one is told by `catchUp`. It
 * decides nothing: a token it knows something about is judged by its row, so that a revocation in a transaction that was
 * rolled back leaves no trace.
 *
 * Memory is bounded, and nothing is forgotten for that: what no longer fits is remembered by its tenant and time, and all
 * tokens of that tenant issued until then have their row looked at, once each.
 */
export class Revocations {
  /** What this instance's caches know of. */
  #seen = 0;
  /** Forgets verified tokens; set by whoever has the cache. */
  onRevoked: (concerns: (claims: TokenClaims) => boolean) => void = () => {};
  /** Forgets a signing key that another instance has found missing. */
  onKeyGone: (kid: string) => void = () => {};

  constructor(
    private readonly clock: Clock,
    /** The same limit as the verifier's: a token that ends later is refused anyway. */
    accessTokenValidityMs: number,
    private readonly readRow: (handle: string) => Promise<SessionRow | undefined>,
    /** Shared by all instances on the same data. */
    private readonly memory: RevocationMemory = emptyMemory(),
    /** Whether `readRow` shows what a transaction of the application does. */
    readonly isInTransaction: () => boolean = () => false,
  ) {
    memory.validityMs = Math.max(memory.validityMs, accessTokenValidityMs);
  }

  /** Grows with every revocation. */
  get sequence(): number {
    return this.memory.sequence;
  }

  /** Sessions that are over whatever their row says, until it is deleted. */
  get condemned(): Set<string> {
    return this.memory.condemned;
  }

  /** Before anything verified earlier is used: makes this instance forget what any has revoked since. */
  catchUp(): void {
    if (this.memory.sequence !== this.#seen) this.#tell();
  }

  #tell(): void {
    const since = this.#seen;
    this.#seen = this.memory.sequence;
    this.onRevoked((claims) => this.suspicionOf(claims, since) !== undefined);
    for (const [kid, sequence] of this.memory.kids) if (sequence > since) this.onKeyGone(kid);
  }

  #mark(): Mark {
    this.memory.sequence += 1;
    return { atMs: this.clock.wallMs(), atMonoMs: this.clock.monoMs(), sequence: this.memory.sequence };
  }

  /** These sessions are gone from the store. */
  sessions(handles: readonly string[]): void {
    if (handles.length === 0) return;
    this.#prune();
    const mark = this.#mark();
    for (const handle of handles) {
      this.memory.handles.delete(handle);
      this.memory.handles.set(handle, mark);
    }
    this.#shrink();
  }

  /** All sessions of a user are gone, those included that somebody else's call has deleted. */
  user(userId: string, tenantId: string | undefined): void {
    const { users } = this.memory;
    const before = users.get(userId);
    const widest = before === undefined || before.tenantId === tenantId ? tenantId : undefined;
    users.delete(userId);
    users.set(userId, { ...this.#mark(), tenantId: widest });
    if (users.size <= MAX_USERS) return;
    const [oldest, mark] = users.entries().next().value as [string, UserMark];
    users.delete(oldest);
    this.#group(mark.tenantId, mark);
  }

  /** All sessions of a tenant, or (undefined) of everybody, are gone. */
  tenant(tenantId: string | undefined): void {
    this.#group(tenantId, this.#mark());
  }

  /** A signing key is gone from the store. */
  key(kid: string): void {
    const { kids } = this.memory;
    kids.delete(kid);
    kids.set(kid, this.#mark().sequence);
    if (kids.size > MAX_KIDS) kids.delete(kids.keys().next().value as string);
  }

  /**
   * What is known against a token whose signature has been checked.
   *
   * @param since sequence of the revocations that are no news
   */
  suspicionOf({ sessionHandle, sub, tId, iat }: TokenClaims, since = 0): Suspicion | undefined {
    const { sequence, handles, users, tenants } = this.memory;
    if (sequence === since) return undefined;
    if ((handles.get(sessionHandle)?.sequence ?? 0) > since) return "revoked";
    const user = users.get(sub);
    const isUsers = isMeant(user, iat, since) && (user?.tenantId ?? tId) === tId;
    return isUsers || isMeant(tenants.get(undefined), iat, since) || isMeant(tenants.get(tId), iat, since)
      ? "perhaps"
      : undefined;
  }

  /**
   * For whoever has read a session's row a while ago and is about to hand out a token of it.
   *
   * @param clearTokens of the error
   * @throws SessionError `UNAUTHORISED` when this process has revoked the session meanwhile, `STORE_UNAVAILABLE`
   */
  async assertStands(handle: string, clearTokens: boolean): Promise<void> {
    for (;;) {
      const mark = this.memory.handles.get(handle);
      if (mark === undefined) return;
      if ((await this.readRow(handle)) === undefined) throw gone(clearTokens);
      if (this.memory.handles.get(handle)?.sequence === mark.sequence) return;
    }
  }

  /** @throws SessionError `UNAUTHORISED` (not clearing) when the token's session is gone, `STORE_UNAVAILABLE` */
  async assertLive({ sessionHandle }: TokenClaims): Promise<void> {
    if ((await this.readRow(sessionHandle)) === undefined) throw gone(false);
    await this.assertStands(sessionHandle, false);
  }

  /** The oldest are at the front. After so long no token of theirs verifies any more (security rule TM-08). */
  #prune(): void {
    const { handles, validityMs } = this.memory;
    const deadMonoMs = this.clock.monoMs() - validityMs - 25 * HOUR_MS;
    for (const [handle, { atMonoMs }] of handles) {
      if (atMonoMs > deadMonoMs) return;
      handles.delete(handle);
    }
  }

  #shrink(): void {
    const { handles } = this.memory;
    for (const [handle, mark] of handles) {
      if (handles.size <= MAX_HANDLES) return;
      handles.delete(handle);
      this.#group(tenantOf(handle), mark);
    }
  }

  #group(tenantId: string | undefined, mark: Mark): void {
    const { tenants } = this.memory;
    const group = tenants.has(tenantId) || tenants.size < MAX_TENANTS ? tenantId : undefined;
    const before = tenants.get(group);
    const atMs = Math.max(mark.atMs, before?.atMs ?? 0);
    const sequence = Math.max(mark.sequence, before?.sequence ?? 0);
    if (before?.atMs !== atMs || before.sequence !== sequence)
      tenants.set(group, { ...mark, atMs, sequence });
  }
}

function isMeant(mark: Mark | undefined, issued: number, since: number): boolean {
  return mark !== undefined && mark.sequence > since && issued * 1000 - CLOCKS_APART_MS <= mark.atMs;
}

/** A handle ends in the name of its tenant, unless that is the default one. */
function tenantOf(handle: string): string {
  const at = handle.indexOf("_");
  return at === -1 ? DEFAULT_TENANT : handle.slice(at + 1);
}

function gone(clearTokens: boolean): Error {
  return unauthorised("the session does not exist any more", clearTokens);
}
