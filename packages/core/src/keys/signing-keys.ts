import { storeUnavailable } from "../errors/throwers.js";
import type { Platform, SignKey, VerifyKey } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import { hex } from "../runtime/encoding.js";
import { type JsonObject, parseJsonObject } from "../runtime/json.js";
import { BoundedMap } from "../runtime/lru.js";
import type { RandomBytes } from "../runtime/random.js";
import type {
  JoinedTransaction,
  KeyFamily,
  SessionStore,
  SigningAlgorithm,
  SigningKeyRow,
} from "../store/session-store.js";
import { isStrongKey } from "./key-strength.js";

/** A key that verifies, and the algorithm it is bound to. */
export interface VerificationKey {
  kid: string;
  family: KeyFamily;
  algorithm: SigningAlgorithm;
  key: VerifyKey;
  /** Milliseconds since the epoch from which on it verifies nothing any more (wire-contract.md Y-6). */
  verifiesUntilMs: number;
}

/** Where a verifier finds its keys. */
export interface KeySource {
  /** Whether a key found earlier can be used at this moment without asking. */
  isFresh(nowMs: number): boolean;
  /**
   * The key that verifies tokens with this kid; undefined when there is none.
   *
   * @throws SessionError `STORE_UNAVAILABLE` when somebody would have to be asked who does not answer
   */
  find(kid: string): Promise<VerificationKey | undefined>;
}

/** The key that signs now. */
export interface SigningKey {
  kid: string;
  algorithm: SigningAlgorithm;
  key: SignKey;
}

export interface SigningKeySettings {
  /** Algorithm of keys created from now on; keys of other algorithms in the store go on verifying. */
  algorithm: SigningAlgorithm;
  /** Which family signs. */
  family: KeyFamily;
  /** `I`: age at which a dynamic key is replaced. */
  rotationIntervalMs: number;
  accessTokenValidityMs: number;
  /** Age at which the key table is read again although nothing asked for it. */
  reloadIntervalMs: number;
}

/** A key is published this long before it signs (wire-contract.md Y-3). */
const MAX_OVERLAP_MS = 60_000;
/** Unknown kids make the table be read at most this often (security rule K-05). */
const RELOAD_COOLDOWN_MS = 1000;
/** Age of the table at which it is read again before something is signed, so that a withdrawn key soon signs nothing. */
const SIGNING_TABLE_MS = 60_000;
/** An unknown kid found missing is not asked for again for this long, if nothing else reloads the table. */
const MISSING_KID_MS = 30_000;
const MAX_MISSING_KIDS = 1000;

interface LoadedKey {
  row: SigningKeyRow;
  publicJwk: JsonObject;
  verification: VerificationKey;
}

/**
 * The signing keys all processes share. Nothing here runs on a timer: ages are looked at when a key is used, so that
 * a process that was frozen wakes up right (security rule K-10).
 */
export class SigningKeys implements KeySource {
  #keys: LoadedKey[] = [];
  readonly #byKid = new Map<string, LoadedKey>();
  readonly #signKeys = new Map<string, SignKey>();
  readonly #missing: BoundedMap<string, number>;
  #loading: Promise<void> | undefined;
  /** Readings that have begun, and which of them is in `#keys`. */
  #readings = 0;
  #newestReading = 0;
  /** Keys that were taken away: an old moment of the store does not bring them back. */
  readonly #gone = new Set<string>();
  /** A key in the making beside transactions of the application. */
  #beside: Promise<void> | undefined;
  #loadedAtMonoMs = Number.NEGATIVE_INFINITY;
  #loadedAtWallMs = Number.POSITIVE_INFINITY;
  #attemptedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Whether the latest reading failed. */
  #hasFailed = false;
  /** When the table was last read because of an unknown kid. */
  #askedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Highest slot taken per family and algorithm, by keys that cannot be used here too. */
  readonly #lastSequence = new Map<string, number>();
  readonly #unusable = new Set<string>();
  /** Called when a key stops verifying, so that tokens verified with it can be forgotten. */
  onWithdrawn: (kid: string) => void = () => {};
  onCreated: (kid: string) => void = () => {};
  /** Called once per key in the store that is too weak, malformed, or of an algorithm unknown here. */
  onUnusable: (kid: string) => void = () => {};

  constructor(
    private readonly platform: Platform,
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly random: RandomBytes,
    private readonly settings: SigningKeySettings,
  ) {
    this.#missing = new BoundedMap(MAX_MISSING_KIDS);
  }

  /**
   * Whether the table is so young that a known key can be used without asking the store. By the wall clock, which is
   * cheaper to read; a step in either direction only makes the table be read again.
   */
  isFresh(nowMs: number): boolean {
    return this.#isFreshFor(this.settings.reloadIntervalMs, nowMs);
  }

  #isFreshForSigning(): boolean {
    return this.#isFreshFor(Math.min(SIGNING_TABLE_MS, this.settings.reloadIntervalMs), this.clock.wallMs());
  }

  #isFreshFor(ageMs: number, nowMs: number): boolean {
    return nowMs >= this.#loadedAtWallMs && nowMs < this.#loadedAtWallMs + ageMs;
  }

  /** A key in memory that still verifies. */
  known(kid: string): VerificationKey | undefined {
    const loaded = this.#byKid.get(kid);
    return loaded && this.#verifies(loaded.row) ? loaded.verification : undefined;
  }

  /**
   * The key that verifies tokens with this kid.
   *
   * @returns undefined when the store knows no such key
   * @throws SessionError `STORE_UNAVAILABLE` when the store would have to be asked and does not answer
   */
  async find(kid: string): Promise<VerificationKey | undefined> {
    const wasRead = this.isFresh(this.clock.wallMs()) || (await this.#reloadIfPossible());
    const known = this.known(kid);
    if (known !== undefined) return known;
    if (this.#byKid.has(kid)) return undefined;
    // A second attempt would take as long again, and one operation is all the time there is (security rule ST-02).
    if (!wasRead) throw storeUnavailable("the signing keys cannot be read");
    const now = this.clock.monoMs();
    const missingSince = this.#missing.get(kid);
    const isMissing = missingSince !== undefined && now - missingSince < MISSING_KID_MS;
    if (isMissing && missingSince >= this.#loadedAtMonoMs) return undefined;
    if (now - this.#askedAtMonoMs >= RELOAD_COOLDOWN_MS) {
      this.#askedAtMonoMs = now;
      await this.#loadAfresh();
      const found = this.known(kid);
      if (found === undefined) this.#missing.set(kid, this.clock.monoMs());
      return found;
    }
    if (this.store.joined?.() !== undefined) return undefined;
    if (this.#loading !== undefined) await this.#loading;
    else if (this.#hasFailed) throw storeUnavailable("the signing keys cannot be read");
    return this.known(kid);
  }

  /** The key that signs now; creates the next one when it is time (Y-3…Y-5). */
  async signing(): Promise<SigningKey> {
    if (this.#keys.length === 0 || !this.#isFreshForSigning()) await this.#load();
    if (this.#needsNewKey() && !this.#canWait()) await this.#createKey();
    const row = this.#signingRow();
    if (row === undefined) throw storeUnavailable("there is no signing key");
    let key = this.#signKeys.get(row.kid);
    if (key === undefined) {
      key = await this.platform.importSignKey(parseJwk(row.privateJwkJson), row.algorithm);
      this.#signKeys.set(row.kid, key);
    }
    return { kid: row.kid, algorithm: row.algorithm, key };
  }

  /** A static key for tokens that are to outlive rotation. */
  async staticSigning(): Promise<SigningKey> {
    if (!this.#newest("static")) {
      await this.#load();
      const transaction = this.store.joined?.();
      if (!this.#newest("static")) {
        await (transaction ? this.#createBeside(transaction, "static") : this.#insertKey("static"));
      }
    }
    const row = this.#newest("static");
    if (row === undefined) throw storeUnavailable("there is no static signing key");
    const key = await this.platform.importSignKey(parseJwk(row.privateJwkJson), row.algorithm);
    return { kid: row.kid, algorithm: row.algorithm, key };
  }

  /**
   * The public keys (RFC 7517 §5): verifying dynamic keys, newest first, then static ones; and for how many seconds
   * a copy is good, which ends exactly when a new key can appear (Y-7, Y-8).
   */
  async jwks(): Promise<{ keys: JsonObject[]; validityInSeconds: number }> {
    await this.signing();
    const dynamic = this.#keys
      .filter(({ row }) => row.family === "dynamic" && this.#verifies(row))
      .sort((a, b) => b.row.createdAtMs - a.row.createdAtMs || newestFirst(a, b));
    const fixed = this.#keys.filter(({ row }) => row.family === "static").sort(newestFirst);
    const keys = [...dynamic, ...fixed].map(({ publicJwk, row }) => ({
      ...publicJwk,
      kid: row.kid,
      alg: row.algorithm,
      use: "sig",
    }));
    const newest = this.#newest("dynamic");
    const nextKeyMs = newest
      ? newest.createdAtMs + this.settings.rotationIntervalMs - this.#overlapMs() - this.clock.wallMs()
      : this.settings.rotationIntervalMs;
    return { keys, validityInSeconds: Math.max(1, Math.floor(nextKeyMs / 1000)) };
  }

  /** Stops a key from verifying, here at once and elsewhere at the next reload. Sessions survive by refreshing. */
  async withdraw(kid: string): Promise<void> {
    await this.store.deleteSigningKeys([kid]);
    await this.#loadAfresh();
  }

  /** Deletes dynamic keys that no longer verify. */
  async deleteOutdated(): Promise<void> {
    const outdated = this.#keys.filter(({ row }) => !this.#verifies(row)).map(({ row }) => row.kid);
    if (outdated.length > 0) await this.store.deleteSigningKeys(outdated);
  }

  #overlapMs(): number {
    return Math.min(MAX_OVERLAP_MS, this.settings.rotationIntervalMs / 5);
  }

  /** A dynamic key verifies until `created + I + 2 × access token validity` (Y-6). */
  #verifiesUntilMs({ family, createdAtMs }: SigningKeyRow): number {
    if (family === "static") return Number.POSITIVE_INFINITY;
    return createdAtMs + this.settings.rotationIntervalMs + 2 * this.settings.accessTokenValidityMs;
  }

  #verifies(row: SigningKeyRow): boolean {
    return this.clock.wallMs() < this.#verifiesUntilMs(row);
  }

  #rowsOf(family: KeyFamily): SigningKeyRow[] {
    return this.#keys
      .filter(({ row }) => row.family === family && row.algorithm === this.settings.algorithm)
      .sort(newestFirst)
      .map(({ row }) => row);
  }

  #newest(family: KeyFamily): SigningKeyRow | undefined {
    return this.#rowsOf(family)[0];
  }

  #needsNewKey(): boolean {
    const newest = this.#newest(this.settings.family);
    if (newest === undefined) return true;
    if (this.settings.family === "static") return false;
    const nowMs = this.clock.wallMs();
    const { rotationIntervalMs } = this.settings;
    // A key from the future was made while the clock was wrong; waiting for its birthday would stop rotation.
    const isFromTheFuture = newest.createdAtMs > nowMs + rotationIntervalMs;
    return isFromTheFuture || nowMs >= newest.createdAtMs + rotationIntervalMs - this.#overlapMs();
  }

  /** The newest, but not before it has been published long enough, if its predecessor is still good (Y-5). */
  #signingRow(): SigningKeyRow | undefined {
    const [newest, second] = this.#rowsOf(this.settings.family);
    if (newest === undefined || second === undefined || this.settings.family === "static") return newest;
    const nowMs = this.clock.wallMs();
    const isYoung = nowMs < newest.createdAtMs + this.#overlapMs();
    return isYoung && nowMs < second.createdAtMs + this.settings.rotationIntervalMs ? second : newest;
  }

  /** In a transaction of the application the next key is made afterwards, if the last one outlives what it signs now. */
  #canWait(): boolean {
    const transaction = this.store.joined?.();
    const row = this.#signingRow();
    if (transaction === undefined || row === undefined) return false;
    transaction.afterwards(() => this.signing());
    // A token signed with it must verify as long as it lives.
    return this.clock.wallMs() + this.settings.accessTokenValidityMs <= this.#verifiesUntilMs(row);
  }

  async #createKey(): Promise<void> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#createBeside(transaction, this.settings.family);
    await this.#load();
    if (this.#needsNewKey()) await this.#insertKey(this.settings.family);
  }

  /**
   * A key that others rely on cannot depend on a transaction of the application, nor wait for a reading that may be
   * waiting for its connection. Transactions that need one at the same time share it.
   */
  #createBeside(transaction: JoinedTransaction, family: KeyFamily): Promise<void> {
    this.#loadAfterwards(transaction);
    this.#beside ??= transaction
      .outside(async () => {
        await this.#read();
        const isMissing = family === this.settings.family ? this.#needsNewKey() : !this.#newest(family);
        if (isMissing) await this.#insertKey(family, () => this.#read());
      })
      .finally(() => {
        this.#beside = undefined;
      });
    return this.#beside;
  }

  /** Insert-if-absent into the next slot; whoever loses the race reads what the winner wrote (K-03). */
  async #insertKey(family: KeyFamily, readAgain = () => this.#loadAfresh()): Promise<void> {
    const { algorithm } = this.settings;
    // Chosen before the key pair is made: a key that appears meanwhile takes the slot, and this one is not needed.
    const sequence = (this.#lastSequence.get(`${family} ${algorithm}`) ?? 0) + 1;
    const { publicJwk, privateJwk } = await this.platform.generateKeyPair(algorithm);
    const row: SigningKeyRow = {
      kid: `${family === "dynamic" ? "d" : "s"}-${hex(this.random(8))}`,
      family,
      algorithm,
      sequence,
      createdAtMs: this.clock.wallMs(),
      publicJwkJson: JSON.stringify(publicJwk),
      privateJwkJson: JSON.stringify(privateJwk),
    };
    if (await this.store.insertSigningKey(row)) this.onCreated(row.kid);
    await readAgain();
  }

  /** @returns false when it was tried and failed: known keys go on verifying while the store is away (K-06) */
  async #reloadIfPossible(): Promise<boolean> {
    if (this.clock.monoMs() - this.#attemptedAtMonoMs < RELOAD_COOLDOWN_MS && !this.#loading) return true;
    return this.#load().then(
      () => true,
      () => false,
    );
  }

  #load(): Promise<void> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#loadWithin(transaction);
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** A reading that began after now: one that is under way may not see what has just been written. */
  async #loadAfresh(): Promise<void> {
    if (this.store.joined?.() === undefined) await this.#loading?.catch(() => {});
    await this.#load();
  }

  /**
   * What a transaction of the application shows may be old, and a reading of others may be waiting for its connection:
   * what it shows is added to what is known, nothing is taken away, and the table is read when the transaction is over.
   */
  async #loadWithin(transaction: JoinedTransaction): Promise<void> {
    this.#loadAfterwards(transaction);
    const loaded = await this.#importAll(await this.store.listSigningKeys());
    for (const key of loaded) {
      if (this.#byKid.has(key.row.kid) || this.#gone.has(key.row.kid)) continue;
      this.#keys = [...this.#keys, key];
      this.#byKid.set(key.row.kid, key);
    }
  }

  #loadAfterwards(transaction: JoinedTransaction): void {
    transaction.afterwards(() => (this.#isFreshForSigning() ? undefined : this.#load()));
  }

  async #read(): Promise<void> {
    this.#attemptedAtMonoMs = this.clock.monoMs();
    this.#hasFailed = true;
    this.#readings += 1;
    const reading = this.#readings;
    const rows = await this.store.listSigningKeys();
    const loaded = await this.#importAll(rows);
    // One that began later has been here: it knows of more.
    if (reading < this.#newestReading) return;
    this.#newestReading = reading;
    this.#lastSequence.clear();
    for (const { family, algorithm, sequence } of rows) {
      const slots = `${family} ${algorithm}`;
      this.#lastSequence.set(slots, Math.max(this.#lastSequence.get(slots) ?? 0, sequence));
    }
    const kids = new Set(rows.map((row) => row.kid));
    for (const kid of [...this.#byKid.keys()]) {
      if (kids.has(kid)) continue;
      this.#byKid.delete(kid);
      this.#gone.add(kid);
      this.#signKeys.delete(kid);
      this.onWithdrawn(kid);
    }
    for (const key of loaded) {
      this.#byKid.set(key.row.kid, key);
      this.#gone.delete(key.row.kid);
    }
    this.#keys = loaded;
    this.#hasFailed = false;
    this.#loadedAtMonoMs = this.clock.monoMs();
    this.#loadedAtWallMs = this.clock.wallMs();
  }

  async #importAll(rows: readonly SigningKeyRow[]): Promise<LoadedKey[]> {
    const loaded: LoadedKey[] = [];
    for (const row of rows) {
      const present = this.#byKid.get(row.kid);
      if (present !== undefined) {
        loaded.push(present);
        continue;
      }
      const key = await this.#import(row);
      if (key !== undefined) loaded.push(key);
      else if (!this.#unusable.has(row.kid)) {
        this.#unusable.add(row.kid);
        this.onUnusable(row.kid);
      }
    }
    return loaded;
  }

  /** One key that cannot be used must not take the others down with it. */
  async #import(row: SigningKeyRow): Promise<LoadedKey | undefined> {
    const publicJwk = parseJsonObject(row.publicJwkJson);
    if (publicJwk === undefined || !isStrongKey(publicJwk, row.algorithm)) return undefined;
    try {
      const key = await this.platform.importVerifyKey(publicJwk, row.algorithm);
      const { kid, family, algorithm } = row;
      return {
        row,
        publicJwk,
        verification: { kid, family, algorithm, key, verifiesUntilMs: this.#verifiesUntilMs(row) },
      };
    } catch {
      return undefined;
    }
  }
}

function newestFirst(a: { row: SigningKeyRow }, b: { row: SigningKeyRow }): number {
  return b.row.sequence - a.row.sequence;
}

function parseJwk(text: string): JsonObject {
  const jwk = parseJsonObject(text);
  if (jwk === undefined) throw new Error("the store holds a key that is not a JWK");
  return jwk;
}
