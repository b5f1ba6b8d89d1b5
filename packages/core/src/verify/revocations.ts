import { unauthorised } from "../errors/throwers.js";
import type { Clock } from "../runtime/clock.js";
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
const HOUR_MS = 3_600_000;
/** How far the clocks of the machines that mint may be apart. */
const CLOCKS_APART_MS = 60_000;
const DEFAULT_TENANT = "public";

interface Mark {
  /** Wall time of the revocation: tokens issued later are of other sessions. */
  atMs: number;
  atMonoMs: number;
  /** Tells this revocation from an earlier one of the same session. */
  sequence: number;
}

interface UserMark {
  atMs: number;
  /** Undefined: in all tenants. */
  tenantId: string | undefined;
}

/**
 * What this process has revoked, for as long as access tokens of it may still verify. Asked only where a token is not
 * answered by the cache of verified ones, so that a verified request pays nothing for it. It decides nothing: a token it
 * knows something about is judged by its row, so that a revocation in a transaction that was rolled back leaves no trace.
 *
 * Memory is bounded, and nothing is forgotten for that: what no longer fits is remembered by its tenant and time, and all
 * tokens of that tenant issued until then have their row looked at, once each.
 */
export class Revocations {
  readonly #handles = new Map<string, Mark>();
  readonly #users = new Map<string, UserMark>();
  /** Tenant → tokens issued until then are looked at. */
  readonly #tenants = new Map<string, number>();
  #everybodyUntilMs = Number.NEGATIVE_INFINITY;
  #sequence = 0;
  /** Forgets verified tokens; set by whoever has the cache. */
  onRevoked: (concerns: (claims: TokenClaims) => boolean) => void = () => {};

  constructor(
    private readonly clock: Clock,
    /** The same limit as the verifier's: a token that ends later is refused anyway. */
    private readonly accessTokenValidityMs: number,
    private readonly readRow: (handle: string) => Promise<SessionRow | undefined>,
  ) {}

  /** Grows with every revocation. */
  get sequence(): number {
    return this.#sequence;
  }

  /** These sessions are gone from the store. */
  sessions(handles: readonly string[]): void {
    if (handles.length === 0) return;
    this.#prune();
    const atMonoMs = this.clock.monoMs();
    const atMs = this.clock.wallMs();
    this.#sequence += 1;
    for (const handle of handles) {
      this.#handles.delete(handle);
      this.#handles.set(handle, { atMs, atMonoMs, sequence: this.#sequence });
    }
    if (handles.length === 1) {
      const [only] = handles;
      this.onRevoked((claims) => claims.sessionHandle === only);
    } else {
      const all = new Set(handles);
      this.onRevoked((claims) => all.has(claims.sessionHandle));
    }
    this.#shrink();
  }

  /** All sessions of a user are gone, those included that somebody else's call has deleted. */
  user(userId: string, tenantId: string | undefined): void {
    const before = this.#users.get(userId);
    const widest = before === undefined || before.tenantId === tenantId ? tenantId : undefined;
    this.#sequence += 1;
    this.#users.delete(userId);
    this.#users.set(userId, { atMs: this.clock.wallMs(), tenantId: widest });
    this.onRevoked((claims) => claims.sub === userId && (widest === undefined || claims.tId === widest));
    if (this.#users.size <= MAX_USERS) return;
    const [oldest, mark] = this.#users.entries().next().value as [string, UserMark];
    this.#users.delete(oldest);
    this.#group(mark.tenantId, mark.atMs);
  }

  /** All sessions of a tenant, or (undefined) of everybody, are gone. */
  tenant(tenantId: string | undefined): void {
    this.#sequence += 1;
    this.onRevoked((claims) => tenantId === undefined || claims.tId === tenantId);
    this.#group(tenantId, this.clock.wallMs());
  }

  /** What is known against a token whose signature has been checked. */
  suspicionOf({ sessionHandle, sub, tId, iat }: TokenClaims): Suspicion | undefined {
    if (this.#sequence === 0) return undefined;
    if (this.#handles.has(sessionHandle)) return "revoked";
    const issuedMs = iat * 1000 - CLOCKS_APART_MS;
    if (issuedMs <= this.#everybodyUntilMs) return "perhaps";
    if (issuedMs <= (this.#tenants.get(tId) ?? Number.NEGATIVE_INFINITY)) return "perhaps";
    const user = this.#users.get(sub);
    if (user === undefined || issuedMs > user.atMs) return undefined;
    return user.tenantId === undefined || user.tenantId === tId ? "perhaps" : undefined;
  }

  /**
   * For whoever has read a session's row a while ago and is about to hand out a token of it.
   *
   * @param clearTokens of the error
   * @throws SessionError `UNAUTHORISED` when this process has revoked the session meanwhile, `STORE_UNAVAILABLE`
   */
  async assertStands(handle: string, clearTokens: boolean): Promise<void> {
    for (;;) {
      const mark = this.#handles.get(handle);
      if (mark === undefined) return;
      if ((await this.readRow(handle)) === undefined) throw gone(clearTokens);
      if (this.#handles.get(handle)?.sequence === mark.sequence) return;
    }
  }

  /** @throws SessionError `UNAUTHORISED` (not clearing) when the token's session is gone, `STORE_UNAVAILABLE` */
  async assertLive({ sessionHandle }: TokenClaims): Promise<void> {
    if ((await this.readRow(sessionHandle)) === undefined) throw gone(false);
    await this.assertStands(sessionHandle, false);
  }

  /** The oldest are at the front. After so long no token of theirs verifies any more (security rule TM-08). */
  #prune(): void {
    const deadMonoMs = this.clock.monoMs() - this.accessTokenValidityMs - 25 * HOUR_MS;
    for (const [handle, { atMonoMs }] of this.#handles) {
      if (atMonoMs > deadMonoMs) return;
      this.#handles.delete(handle);
    }
  }

  #shrink(): void {
    for (const [handle, { atMs }] of this.#handles) {
      if (this.#handles.size <= MAX_HANDLES) return;
      this.#handles.delete(handle);
      const tenantId = tenantOf(handle);
      const isNews = (this.#tenants.get(tenantId) ?? Number.NEGATIVE_INFINITY) < atMs;
      if (isNews) this.#group(tenantId, atMs);
    }
  }

  #group(tenantId: string | undefined, atMs: number): void {
    if (tenantId === undefined || (!this.#tenants.has(tenantId) && this.#tenants.size >= MAX_TENANTS)) {
      this.#everybodyUntilMs = Math.max(this.#everybodyUntilMs, atMs);
    } else {
      this.#tenants.set(tenantId, Math.max(this.#tenants.get(tenantId) ?? Number.NEGATIVE_INFINITY, atMs));
    }
  }
}

/** A handle ends in the name of its tenant, unless that is the default one. */
function tenantOf(handle: string): string {
  const at = handle.indexOf("_");
  return at === -1 ? DEFAULT_TENANT : handle.slice(at + 1);
}

function gone(clearTokens: boolean): Error {
  return unauthorised("the session does not exist any more", clearTokens);
}
