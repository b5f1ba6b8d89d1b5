import { invalidArgument, shared, storeUnavailable } from "../errors/throwers.js";
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

/** What the ring knows of one secret; never the secret. */
export interface SecretInformation {
  id: string;
  /** Whether it stands in the option `secret`, or in the store. */
  from: "option" | "store";
  /** Whether new refresh tokens are made with it. `false`: none any more; those that are out may still need it. */
  makesNewTokens: boolean;
}

/** In the option `secret`: the one that the store keeps. */
export const STORED = "stored";

/** An unknown secret id makes the store be asked again at most this often. */
const RELOAD_COOLDOWN_MS = 1000;
/** Requests that wait for it, of those that name unknown ones; more are told to ask again. */
const MAX_WAITING = 10_000;
/** Age at which the store is asked whether it still has the secret, before something is made with it. */
const MAX_AGE_MS = 60_000;

const nothing = (): void => {};

/**
 * The application's secrets: those of the option `secret`, newest first, and those in the store. All are accepted. New
 * sessions use the first; where the option does not name the store's, that is the store's while it has one: processes
 * without the option know no other, and a first deployment of the option must not sign out whom it has met.
 */
export class SecretRing {
  readonly #keys = new Map<string, SecretKeys>();
  /** Ids of the configured ones, in order; `STORED` in its place. */
  #order: readonly string[] = [STORED];
  #primary: SecretKeys | undefined;
  /** The newest row of the store that has not been withdrawn. */
  #stored: SecretRow | undefined;
  #loading: Promise<SecretKeys> | undefined;
  /** One secret configured in two namespaces gives keys that have nothing in common (RFC 5869 §3.2). */
  readonly #purpose: string;
  #loadedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Readings that have begun, and which was the last of them that ended well. */
  #begun = 0;
  #ended = 0;
  /** When the store was last asked because of an unknown id. */
  #askedAtMonoMs = Number.NEGATIVE_INFINITY;
  #asked: Promise<void> | undefined;
  #waiting = 0;
  /** Called once when the store's secret is used although others are configured. */
  onStoredUsed: () => void = () => {};

  /** @param configured texts of the option `secret`, and `STORED` */
  constructor(
    private readonly platform: Platform,
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly random: RandomBytes,
    private readonly configured: readonly string[],
    namespace?: string,
    /** Never accepted again, whoever brings it back: by all instances on this store. */
    private readonly withdrawn = new Set<string>(),
  ) {
    this.#purpose = namespace === undefined ? "acme-session" : `acme-session/${namespace}`;
  }

  /**
   * The secret that new sessions are made with. Asks the store the first time, and once a minute: one that has lost
   * everything (FLUSHALL, an old backup) gets the secret back, or processes that start later would make another, and
   * end the sessions made meanwhile.
   */
  async primary(): Promise<SecretKeys> {
    if (this.#primary === undefined || this.withdrawn.has(this.#primary.id)) return this.#load();
    if (!this.#isOld()) return this.#primary;
    if (this.#primary.id === this.#stored?.id) return this.#load();
    this.#loadBehind();
    return this.#primary;
  }

  /**
   * The secret with this id, or undefined when nobody knows it, as a reading of the store has shown that began after it
   * was asked for: one that is not there yet ends a session. For that it waits, where the store was asked a short time ago.
   *
   * @throws SessionError `STORE_UNAVAILABLE` when the store does not answer, or too many are waiting
   */
  async find(id: string): Promise<SecretKeys | undefined> {
    if (this.withdrawn.has(id)) return undefined;
    const known = this.#keys.get(id);
    if (known !== undefined) {
      if (this.#isOld()) this.#loadBehind();
      return known;
    }
    const readingsBefore = this.#begun;
    if (this.#waiting < MAX_WAITING) {
      this.#waiting += 1;
      await this.#look(readingsBefore).finally(() => {
        this.#waiting -= 1;
      });
    }
    const found = this.#keys.get(id);
    if (found === undefined && this.#ended <= readingsBefore) {
      throw storeUnavailable(
        "whether a secret is known cannot be told just now; ask again",
        RELOAD_COOLDOWN_MS,
      );
    }
    return found;
  }

  /** A reading that begins after so many, if there may be one. Each waits by its own timer: requests may share none. */
  async #look(readingsBefore: number): Promise<void> {
    const before = this.#asked;
    if (this.#remainingMs() > 0) {
      // Who waits here may hold what others need to end theirs: a connection.
      if (this.store.joined?.() !== undefined) return;
      await before;
      if (this.#begun <= readingsBefore) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, this.#remainingMs())));
      }
      if (this.#begun > readingsBefore) return this.#loading?.then(nothing, nothing);
      // The first one to wake asks.
      if (this.#asked !== before) return this.#asked;
    }
    this.#askedAtMonoMs = this.clock.monoMs();
    const asked = this.#loadAfresh();
    this.#asked = asked.then(nothing, nothing);
    await asked;
  }

  #remainingMs(): number {
    return RELOAD_COOLDOWN_MS - (this.clock.monoMs() - this.#askedAtMonoMs);
  }

  /** Whether the secret with this id is known by now; nobody is asked. */
  has(id: string): boolean {
    return this.#keys.has(id) && !this.withdrawn.has(id);
  }

  /** Every secret that is accepted, those of the option first. */
  async list(): Promise<SecretInformation[]> {
    const { id: used } = await this.#loadAfresh();
    const configured = this.#order.filter((id) => id !== STORED);
    return [...this.#keys.keys()]
      .map((id) => ({
        id,
        from: configured.includes(id) ? ("option" as const) : ("store" as const),
        makesNewTokens: id === used,
      }))
      .sort((a, b) => Number(a.from === "store") - Number(b.from === "store"));
  }

  /**
   * Makes a secret of the store accepted no more: here at once, in other processes within a minute. The store keeps its
   * id, so that none of them gives it back, and gets another secret where it needs one.
   *
   * @returns whether the store had it
   * @throws SessionError `INVALID_ARGUMENT` for one of the option, or when the store cannot do it
   */
  async withdraw(id: string): Promise<boolean> {
    await this.primary();
    if (this.#order.includes(id)) {
      throw invalidArgument("this secret stands in the option `secret`: take it out there, in all processes");
    }
    if (this.store.withdrawSecret === undefined) {
      throw invalidArgument(`the ${this.store.name} store cannot withdraw a secret`);
    }
    const wasThere = await this.store.withdrawSecret(id);
    if (wasThere) this.#forget(id);
    await this.#loadAfresh();
    return wasThere;
  }

  #isOld(): boolean {
    return this.clock.monoMs() - this.#loadedAtMonoMs >= MAX_AGE_MS;
  }

  #loadBehind(): void {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) transaction.afterwards(() => this.primary());
    else this.#load().catch(() => {});
  }

  /** A reading that began after now. */
  async #loadAfresh(): Promise<SecretKeys> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return transaction.outside(() => this.#read());
    await this.#loading?.catch(() => {});
    return this.#load();
  }

  #load(): Promise<SecretKeys> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#loadWithin(transaction);
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return shared(this.#loading);
  }

  /**
   * In a transaction of the application only its connection is sure to be there: a reading of others may be waiting for
   * it. What the transaction shows may be old, so it counts as no reading of the store, which follows when it is over.
   */
  async #loadWithin(transaction: JoinedTransaction): Promise<SecretKeys> {
    transaction.afterwards(() => this.primary());
    const rows = await this.store.listSecrets();
    await this.#deriveConfigured();
    const first = this.#firstOf((await this.#newestOf(rows))?.keys);
    if (first === undefined) return transaction.outside(() => this.#read());
    this.#primary ??= first;
    return this.#primary;
  }

  async #read(): Promise<SecretKeys> {
    this.#begun += 1;
    const reading = this.#begun;
    const isNamed = await this.#deriveConfigured();
    // Only where it is asked for is one made.
    const makes = isNamed && this.#order[0] === STORED;
    let stored = await this.#readStored(makes);
    // What it was to get back has been withdrawn: it gets another.
    if (makes && stored === undefined) stored = await this.#readStored(makes);
    const first = this.#firstOf(stored);
    if (first === undefined) throw new Error("the store returned no secret");
    if (!isNamed && first === stored && this.#primary !== first) this.onStoredUsed();
    this.#primary = first;
    this.#loadedAtMonoMs = this.clock.monoMs();
    this.#ended = Math.max(this.#ended, reading);
    return first;
  }

  /** @returns whether the option names the place of the store's own, or there is no option */
  async #deriveConfigured(): Promise<boolean> {
    const order: string[] = [];
    for (const text of this.configured) {
      const secret = utf8Bytes(text);
      order.push(text === STORED ? STORED : (await this.#derive(await this.#idOf(secret), secret)).id);
    }
    const isNamed = order.length === 0 || order.includes(STORED);
    if (!isNamed || order.length === 0) order.unshift(STORED);
    this.#order = order;
    return isNamed;
  }

  #firstOf(stored: SecretKeys | undefined): SecretKeys | undefined {
    return this.#order.map((id) => (id === STORED ? stored : this.#keys.get(id))).find(Boolean);
  }

  async #readStored(makes: boolean): Promise<SecretKeys | undefined> {
    const rows = await this.store.listSecrets(makes ? this.#candidate() : undefined);
    const newest = await this.#newestOf(rows);
    for (const { id, secret } of rows) {
      // A process that has slept since gave it back to a store that had lost everything.
      if (this.withdrawn.has(id) && secret !== "") await this.store.withdrawSecret?.(id);
    }
    if (newest !== undefined) this.#stored = newest.row;
    return newest?.keys;
  }

  /** Makes keys of all that are not withdrawn. Oldest first: the last one is the newest. */
  async #newestOf(rows: readonly SecretRow[]): Promise<{ row: SecretRow; keys: SecretKeys } | undefined> {
    for (const { id } of rows.filter(({ secret }) => secret === "")) this.#forget(id);
    let newest: { row: SecretRow; keys: SecretKeys } | undefined;
    for (const row of rows) {
      if (this.withdrawn.has(row.id)) continue;
      const secret = fromBase64Url(row.secret);
      if (secret === undefined) throw new Error("the store holds a secret that is not base64url");
      newest = { row, keys: await this.#derive(row.id, secret) };
    }
    return newest;
  }

  #forget(id: string): void {
    this.withdrawn.add(id);
    this.#keys.delete(id);
    if (this.#stored?.id === id) this.#stored = undefined;
    if (this.#primary?.id === id) this.#primary = undefined;
  }

  #candidate(): SecretRow {
    if (this.#stored !== undefined) return this.#stored;
    return { id: base64Url(this.random(6)), secret: base64Url(this.random(32)) };
  }

  async #idOf(secret: Bytes): Promise<string> {
    return base64Url((await this.platform.hkdf(secret, `${this.#purpose} id`)).subarray(0, 6));
  }

  async #derive(id: string, secret: Bytes): Promise<SecretKeys> {
    let keys = this.#keys.get(id);
    if (keys === undefined) {
      const keyFor = async (purpose: string): Promise<MacKey> =>
        this.platform.importMacKey(await this.platform.hkdf(secret, `${this.#purpose} ${purpose}`));
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
