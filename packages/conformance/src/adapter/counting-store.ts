import { AsyncLocalStorage } from "node:async_hooks";
import {
  type JoinedTransaction,
  JoinedTransactions,
  MemoryStore,
  type Promotion,
  type SessionRow,
} from "@acme/session-core/store";

/** The memory store, with the calls about sessions counted; keys and secrets are not. */
export class CountingStore extends MemoryStore {
  reads = 0;
  writes = 0;
  /** What the next session that is stored or deleted waits for, with its answer in hand; then undefined again. */
  pause: (() => Promise<void>) | undefined;

  readonly #transactions = new JoinedTransactions<undefined>(new AsyncLocalStorage());

  /** As `joinTransaction` of a store with transactions; what is deleted in one that is refused stays. */
  join<T>(work: () => Promise<T>): Promise<T> {
    return this.#transactions.join(() => undefined, work);
  }

  joined(): JoinedTransaction | undefined {
    return this.#transactions.told();
  }

  override async insertSession(row: SessionRow): Promise<void> {
    this.writes += 1;
    await super.insertSession(row);
    await this.#paused();
  }

  override getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    this.reads += 1;
    return super.getSession(handle, nowMs);
  }

  override promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    this.writes += 1;
    return super.promoteSession(promotion);
  }

  override updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    this.writes += 1;
    return super.updateAccessTokenPayload(handle, nowMs, apply);
  }

  override replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    this.writes += 1;
    return super.replaceSessionData(handle, nowMs, sessionDataJson);
  }

  override async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    this.writes += 1;
    if (this.joined() !== undefined) return [...handles];
    const deleted = await super.deleteSessions(handles, nowMs);
    await this.#paused();
    return deleted;
  }

  override listSessionHandles(
    userId: string,
    tenantId: string | undefined,
    nowMs: number,
  ): Promise<string[]> {
    this.reads += 1;
    return super.listSessionHandles(userId, tenantId, nowMs);
  }

  override deleteSessionsOfUser(
    userId: string,
    tenantId: string | undefined,
    nowMs: number,
  ): Promise<string[]> {
    this.writes += 1;
    return super.deleteSessionsOfUser(userId, tenantId, nowMs);
  }

  async #paused(): Promise<void> {
    const { pause } = this;
    this.pause = undefined;
    await pause?.();
  }
}
