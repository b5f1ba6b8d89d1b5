import type { MacKey, Platform } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import { type Bytes, base64Url, fromBase64Url, utf8Bytes } from "../runtime/encoding.js";
import type { RandomBytes } from "../runtime/random.js";
import type { JoinedTransaction, SecretRow, SessionStore } from "../store/session-store.js";

/** Keys derived from one application secret, each for one purpose (security rule K-11; RFC 5869 §3.2). */
export interface SecretKeys {
  id: string;
  /** Authenticates refresh tokens. */
  tag: MacKey;
  /** Derives a child's secret from its parent's. */
  succession: MacKey;
  /** Derives anti-CSRF tokens. */
  antiCsrf: MacKey;
}

/** An unknown secret id makes the store be asked again at most this often. */
const RELOAD_COOLDOWN_MS = 1000;
/** Age at which the store is asked whether it still has the secret, before something is made with it. */
const PRIMARY_AGE_MS = 60_000;

/**
 * The application's secrets: those of the option `secret`, newest first, and those in the store. New sessions use the
 * first; all of them are accepted.
 */
export class SecretRing {
  readonly #keys = new Map<string, SecretKeys>();
  #primary: SecretKeys | undefined;
  /** The row behind `#primary`, unless that is configured. */
  #stored: SecretRow | undefined;
  #loading: Promise<SecretKeys> | undefined;
  #loadedAtMonoMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly platform: Platform,
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly random: RandomBytes,
    private readonly configured: readonly string[],
  ) {}

  /**
   * The secret that new sessions are made with. Asks the store the first time, and once a minute: one that has lost
   * everything (FLUSHALL, an old backup) gets the secret back, or processes that start later would make another, and
   * end the sessions made meanwhile.
   */
  async primary(): Promise<SecretKeys> {
    if (this.#primary === undefined) return this.#load();
    const ageMs = this.clock.monoMs() - this.#loadedAtMonoMs;
    return this.configured.length > 0 || ageMs < PRIMARY_AGE_MS ? this.#primary : this.#load();
  }

  /** The secret with this id, or undefined when nobody knows it. */
  async find(id: string): Promise<SecretKeys | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    if (this.#primary === undefined || this.clock.monoMs() - this.#loadedAtMonoMs >= RELOAD_COOLDOWN_MS) {
      await this.#load();
    }
    return this.#keys.get(id);
  }

  #load(): Promise<SecretKeys> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#loadWithin(transaction);
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /**
   * In a transaction of the application only its connection is sure to be there: a reading of others may be waiting for
   * it. What the transaction shows may be old, so it counts as no reading of the store, which follows when it is over.
   */
  async #loadWithin(transaction: JoinedTransaction): Promise<SecretKeys> {
    transaction.afterwards(() => this.primary());
    const rows = await this.store.listSecrets();
    if (this.configured.length === 0 && rows.length === 0) return transaction.outside(() => this.#read());
    const primary = await this.#take(rows);
    this.#primary ??= primary;
    return primary;
  }

  async #read(): Promise<SecretKeys> {
    const rows = await this.store.listSecrets(this.configured.length === 0 ? this.#candidate() : undefined);
    const primary = await this.#take(rows);
    if (this.configured.length === 0) this.#stored = rows.at(-1);
    this.#primary = primary;
    this.#loadedAtMonoMs = this.clock.monoMs();
    return primary;
  }

  /** Makes keys of the configured secrets and of these. @returns those of the newest */
  async #take(rows: readonly SecretRow[]): Promise<SecretKeys> {
    let primary: SecretKeys | undefined;
    for (const text of this.configured) {
      const secret = utf8Bytes(text);
      const keys = await this.#derive(await this.#idOf(secret), secret);
      primary ??= keys;
    }
    for (const row of rows) {
      const secret = fromBase64Url(row.secret);
      if (secret === undefined) throw new Error("the store holds a secret that is not base64url");
      const keys = await this.#derive(row.id, secret);
      // Oldest first: the last one is the newest.
      if (this.configured.length === 0) primary = keys;
    }
    if (primary === undefined) throw new Error("the store returned no secret");
    return primary;
  }

  #candidate(): SecretRow {
    if (this.#stored !== undefined) return this.#stored;
    return { id: base64Url(this.random(6)), secret: base64Url(this.random(32)) };
  }

  async #idOf(secret: Bytes): Promise<string> {
    return base64Url((await this.platform.hkdf(secret, "acme-session id")).subarray(0, 6));
  }

  async #derive(id: string, secret: Bytes): Promise<SecretKeys> {
    let keys = this.#keys.get(id);
    if (keys === undefined) {
      const keyFor = async (purpose: string): Promise<MacKey> =>
        this.platform.importMacKey(await this.platform.hkdf(secret, `acme-session ${purpose}`));
      keys = {
        id,
        tag: await keyFor("refresh-token tag"),
        succession: await keyFor("refresh-token succession"),
        antiCsrf: await keyFor("anti-csrf"),
      };
      this.#keys.set(id, keys);
    }
    return keys;
  }
}
