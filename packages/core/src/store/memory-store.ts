import { sinceCleanUpMs } from "./clean-up-mark.js";
import { MemoryRoleStore } from "./memory-role-store.js";
import type {
  Promotion,
  SecretRow,
  SessionPage,
  SessionRow,
  SessionStore,
  SigningKeyRow,
} from "./session-store.js";

/**
 * Keeps everything in this process's memory: the reference implementation of the contract, for tests and for trying
 * things out. Sessions end with the process. Every method is synchronous inside, hence atomic.
 */
export class MemoryStore implements SessionStore {
  readonly name = "memory";
  readonly roles = new MemoryRoleStore();
  readonly #sessions = new Map<string, SessionRow>();
  readonly #handlesByUser = new Map<string, Set<string>>();
  #keys: SigningKeyRow[] = [];
  #secrets: SecretRow[] = [];
  #cleanedUpAtMs: number | undefined;
  readonly #namespaces = new Map<string, MemoryStore>();

  inNamespace(namespace: string): MemoryStore {
    const present = this.#namespaces.get(namespace) ?? new MemoryStore();
    this.#namespaces.set(namespace, present);
    return present;
  }

  async insertSession(row: SessionRow): Promise<void> {
    if (this.#sessions.has(row.handle)) throw new Error("a session with this handle exists already");
    this.#sessions.set(row.handle, { ...row });
    const handles = this.#handlesByUser.get(row.userId);
    if (handles) handles.add(row.handle);
    else this.#handlesByUser.set(row.userId, new Set([row.handle]));
  }

  async getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    const row = this.#live(handle, nowMs);
    return row && { ...row };
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const row = this.#live(promotion.handle, promotion.nowMs);
    if (row?.refreshTokenHash2 !== promotion.expectedRefreshTokenHash2) return undefined;
    row.previousRefreshTokenHash2 = row.refreshTokenHash2;
    row.previousSecretId = row.secretId;
    row.refreshTokenHash2 = promotion.nextRefreshTokenHash2;
    row.secretId = promotion.nextSecretId;
    row.generation += 1;
    row.rotatedAtMs = promotion.nowMs;
    row.expiresAtMs = Math.min(promotion.expiresAtMs, row.absoluteExpiresAtMs);
    return { ...row };
  }

  async updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    const row = this.#live(handle, nowMs);
    if (row === undefined) return undefined;
    row.accessTokenPayloadJson = apply(row.accessTokenPayloadJson, { ...row });
    return { ...row };
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const row = this.#live(handle, nowMs);
    if (row === undefined) return false;
    row.sessionDataJson = sessionDataJson;
    return true;
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    return handles.filter((handle) => this.#delete(handle, nowMs));
  }

  async listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    return [...(this.#handlesByUser.get(userId) ?? [])].filter((handle) => {
      const row = this.#live(handle, nowMs);
      return row !== undefined && (tenantId === undefined || row.tenantId === tenantId);
    });
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    return [...(this.#handlesByUser.get(userId) ?? [])].filter((handle) => {
      const row = this.#sessions.get(handle);
      return (tenantId === undefined || row?.tenantId === tenantId) && this.#delete(handle, nowMs);
    });
  }

  async deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    let deleted = 0;
    for (const row of this.#sessions.values()) {
      if (deleted === limit) break;
      if (row.expiresAtMs <= nowMs) {
        this.#delete(row.handle, nowMs);
        deleted += 1;
      }
    }
    return deleted;
  }

  async claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    const sinceMs = sinceCleanUpMs(this.#cleanedUpAtMs, nowMs, intervalMs);
    if (sinceMs !== undefined) this.#cleanedUpAtMs = nowMs;
    return sinceMs;
  }

  async listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#keys.map((key) => ({ ...key }));
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    const taken = this.#keys.some(
      (key) => key.family === row.family && key.algorithm === row.algorithm && key.sequence === row.sequence,
    );
    if (!taken) this.#keys.push({ ...row });
    return !taken;
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    this.#keys = this.#keys.filter((key) => !kids.includes(key.kid));
  }

  async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const isFree = this.#secrets.every(({ id, secret }) => secret === "" && id !== candidate?.id);
    if (isFree && candidate) this.#secrets.push({ ...candidate });
    return this.#secrets.map((secret) => ({ ...secret }));
  }

  async withdrawSecret(id: string): Promise<boolean> {
    const row = this.#secrets.find((candidate) => candidate.id === id && candidate.secret !== "");
    if (row === undefined) return false;
    row.secret = "";
    return true;
  }

  async scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    const handles = [...this.#sessions.keys()]
      .filter((handle) => cursor === undefined || handle > cursor)
      .sort();
    const rows = handles.slice(0, limit).flatMap((handle) => {
      const row = this.#sessions.get(handle);
      return row === undefined ? [] : [{ ...row }];
    });
    return { rows, next: handles.length > limit ? handles[limit - 1] : undefined };
  }

  async close(): Promise<void> {}

  #live(handle: string, nowMs: number): SessionRow | undefined {
    const row = this.#sessions.get(handle);
    return row && row.expiresAtMs > nowMs ? row : undefined;
  }

  #delete(handle: string, nowMs: number): boolean {
    const row = this.#sessions.get(handle);
    if (row === undefined) return false;
    this.#sessions.delete(handle);
    const handles = this.#handlesByUser.get(row.userId);
    handles?.delete(handle);
    if (handles?.size === 0) this.#handlesByUser.delete(row.userId);
    return row.expiresAtMs > nowMs;
  }
}
