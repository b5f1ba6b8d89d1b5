/**
 * What a session has to do, from the specification alone (design.md decision 1, wire-contract.md 3.2, 3.3). Children
 * are deterministic, so the refresh tokens of a session form one chain and a token is named by its number in it.
 * Times are milliseconds.
 */
export interface ModelSettings {
  accessValidityMs: number;
  refreshValidityMs: number;
  absoluteLifetimeMs: number;
  graceMs: number;
}

export interface ModelAccessToken {
  /** Number of the refresh token it belongs to. */
  generation: number;
  /** It came out of a refresh whose child was not in use yet. */
  isMarked: boolean;
  /** Whole seconds. */
  expiresAtSeconds: number;
}

interface Row {
  current: number;
  previous: number | undefined;
  rotatedAtMs: number;
  expiresAtMs: number;
}

export type RefreshAnswer =
  | { answer: "ok"; child: number; accessToken: ModelAccessToken }
  | { answer: "gone" | "theft" };
export type UseAnswer = { answer: "ok"; accessToken?: ModelAccessToken } | { answer: "try-refresh" | "gone" };

export class SessionModel {
  #row: Row | undefined;
  readonly #absoluteExpiryMs: number;
  /** The row as it was before each promotion. */
  readonly #history: Row[] = [];

  constructor(
    private readonly settings: ModelSettings,
    nowMs: number,
  ) {
    this.#absoluteExpiryMs = nowMs + settings.absoluteLifetimeMs;
    this.#row = { current: 0, previous: undefined, rotatedAtMs: 0, expiresAtMs: this.#slide(nowMs) };
  }

  firstAccessToken(nowMs: number): ModelAccessToken {
    return this.#mint(0, false, nowMs);
  }

  refresh(presented: number, nowMs: number): RefreshAnswer {
    const row = this.#live(nowMs);
    if (row === undefined) return { answer: "gone" };
    if (presented === row.current + 1) this.#promote(row, presented, nowMs);
    if (presented === row.current) return this.#child(presented, true, nowMs);
    const isInGrace = presented === row.previous && nowMs <= row.rotatedAtMs + this.settings.graceMs;
    // Nothing is left to promote; its first use looks at the row all the same.
    if (isInGrace) return this.#child(presented, true, nowMs);
    // Newer than the store: the store lost something, nobody stole anything.
    if (presented > row.current) return { answer: "gone" };
    this.#row = undefined;
    return { answer: "theft" };
  }

  /** @param knowsEnd whether the process that is asked has ended the session itself */
  use(token: ModelAccessToken, checkDatabase: boolean, knowsEnd: boolean, nowMs: number): UseAnswer {
    if (token.expiresAtSeconds <= Math.floor(nowMs / 1000)) return { answer: "try-refresh" };
    if (!token.isMarked && !checkDatabase && !knowsEnd) return { answer: "ok" };
    const row = this.#live(nowMs);
    if (row === undefined) return { answer: "gone" };
    if (token.isMarked) {
      if (token.generation === row.current + 1) this.#promote(row, token.generation, nowMs);
      if (token.generation === row.current) {
        return { answer: "ok", accessToken: this.#mint(token.generation, false, nowMs) };
      }
      if (!checkDatabase) return { answer: "ok" };
    }
    const lineage = token.isMarked ? [token.generation, token.generation - 1] : [token.generation];
    const isKnown = lineage.some((generation) => generation === row.current || generation === row.previous);
    return isKnown ? { answer: "ok" } : { answer: "try-refresh" };
  }

  /** @returns whether there was something to revoke */
  revoke(nowMs: number): boolean {
    const wasLive = this.#live(nowMs) !== undefined;
    this.#row = undefined;
    return wasLive;
  }

  /** The store forgets the last promotion. @returns whether there was one */
  rollBack(): boolean {
    const older = this.#row && this.#history.pop();
    if (older === undefined) return false;
    this.#row = older;
    return true;
  }

  #live(nowMs: number): Row | undefined {
    return this.#row !== undefined && this.#row.expiresAtMs > nowMs ? this.#row : undefined;
  }

  #promote(row: Row, next: number, nowMs: number): void {
    this.#history.push({ ...row });
    row.previous = row.current;
    row.current = next;
    row.rotatedAtMs = nowMs;
    row.expiresAtMs = this.#slide(nowMs);
  }

  #child(parent: number, isMarked: boolean, nowMs: number): RefreshAnswer {
    return { answer: "ok", child: parent + 1, accessToken: this.#mint(parent + 1, isMarked, nowMs) };
  }

  #mint(generation: number, isMarked: boolean, nowMs: number): ModelAccessToken {
    const expiresAtMs = Math.min(nowMs + this.settings.accessValidityMs, this.#absoluteExpiryMs);
    return { generation, isMarked, expiresAtSeconds: Math.floor(expiresAtMs / 1000) };
  }

  #slide(nowMs: number): number {
    return Math.min(nowMs + this.settings.refreshValidityMs, this.#absoluteExpiryMs);
  }
}
