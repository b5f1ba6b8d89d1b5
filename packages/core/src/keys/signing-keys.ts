import { shared, storeUnavailable } from "../errors/throwers.js";
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
/** While the store is away, known keys are used and the table is asked for this often, by one request that does not wait. */
const REFRESH_COOLDOWN_MS = 5_000;
/** A process that has not even tried to read the table for so long, beyond its age, was frozen: it waits for the reading. */
const MAX_UNTRIED_MS = 24 * 3_600_000;
/** What answers with the keys in memory waits no longer than that for a reading that somebody else has begun. */
const SLOW_READING_MS = 250;
/** An unknown kid found missing is not asked for again for this long, if nothing else reloads the table. */
const MISSING_KID_MS = 30_000;
const MAX_MISSING_KIDS = 1000;

interface LoadedKey {
  row: SigningKeyRow;
  publicJwk: JsonObject;
  /** How long it verifies after it was made, in milliseconds: the longest that a service on the store asks for. */
  keepMs: number;
  verification: VerificationKey;
}

/** Member of a stored key's public JWK: `keepMs`. Not published. */
const KEEP = "acme_keep_ms";

/**
 * The signing keys all processes share. Nothing here runs on a timer: ages are looked at when a key is used, so that
 * a process that was frozen wakes up right (security rule K-10).
 */
export class SigningKeys implements KeySource {
  #keys: LoadedKey[] = [];
  readonly #byKid = new Map<string, LoadedKey>();
  readonly #signKeys = new Map<string, Promise<SignKey>>();
  /** Keys that are being made: one per family, however many ask. */
  readonly #creating = new Map<KeyFamily, Promise<void>>();
  /** The same, beside transactions of the application: they cannot wait for what may be waiting for their connection. */
  readonly #creatingBeside = new Map<KeyFamily, Promise<void>>();
  readonly #missing: BoundedMap<string, number>;
  #loading: Promise<void> | undefined;
  /** Readings that have begun, and which of them is in `#keys`. */
  #readings = 0;
  #newestReading = 0;
  /** Keys that were taken away: an old moment of the store does not bring them back. */
  readonly #gone = new Set<string>();
  #loadedAtMonoMs = Number.NEGATIVE_INFINITY;
  #loadedAtWallMs = Number.POSITIVE_INFINITY;
  /** Until then known keys are used without a thought of the store. */
  #nextReadingWallMs = Number.NEGATIVE_INFINITY;
  #freshSinceWallMs = Number.POSITIVE_INFINITY;
  #attemptedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Whether the latest reading failed. */
  #hasFailed = false;
  /** Whether the latest reading that ended has failed. */
  #isAway = false;
  /** When the table was last read because of an unknown kid. */
  #askedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Highest slot taken per family and algorithm, by keys that cannot be used here too. */
  readonly #lastSequence = new Map<string, number>();
  readonly #unusable = new Set<string>();
  /** Called when a key stops verifying, so that tokens verified with it can be forgotten. */
  onWithdrawn: (kid: string) => void = () => {};
  /** Called before a key is used other than to verify. */
  beforeUse: () => void = () => {};
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
   * Whether the table is so young that a known key can be used without asking the store, or the store has been asked a
   * moment ago. By the wall clock, which is cheaper to read; a step in either direction only makes the table be read again.
   */
  isFresh(nowMs: number): boolean {
    return nowMs >= this.#freshSinceWallMs && nowMs < this.#nextReadingWallMs;
  }

  #isYoungerThan(ageMs: number): boolean {
    const nowMs = this.clock.wallMs();
    const limitMs = Math.min(ageMs, this.settings.reloadIntervalMs);
    return nowMs >= this.#loadedAtWallMs && nowMs < this.#loadedAtWallMs + limitMs;
  }

  /** A key in memory that still verifies. */
  known(kid: string): VerificationKey | undefined {
    const loaded = this.#byKid.get(kid);
    return loaded && this.#verifies(loaded.row) ? loaded.verification : undefined;
  }

  /**
   * The key that verifies tokens with this kid. One that is known is used at once, however old the table and however
   * the store fares (K-06); the table is then read again behind the request. So a key that was withdrawn elsewhere goes
   * on for the age of the table and one reading.
   *
   * @returns undefined when the store knows no such key
   * @throws SessionError `STORE_UNAVAILABLE` when the store would have to be asked and does not answer
   */
  async find(kid: string): Promise<VerificationKey | undefined> {
    const isFresh = this.isFresh(this.clock.wallMs());
    const inMemory = this.known(kid);
    if (inMemory !== undefined && (isFresh || !this.#wasFrozen())) {
      if (!isFresh) {
        this.#goOnFor(REFRESH_COOLDOWN_MS);
        this.#reloadBehind();
      }
      return inMemory;
    }
    const isReading = this.#loading !== undefined;
    const wasRead = (isFresh && !isReading) || (await this.#reloadIfPossible());
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
    if (this.#loading !== undefined) await this.#load();
    else if (this.#hasFailed) throw storeUnavailable("the signing keys cannot be read");
    return this.known(kid);
  }

  /** The key that signs now; creates the next one when it is time (Y-3…Y-5). */
  signing(): Promise<SigningKey> {
    return this.#signingOf(this.settings.family);
  }

  /** A static key for tokens that are to outlive rotation. */
  staticSigning(): Promise<SigningKey> {
    return this.#signingOf("static");
  }

  async #signingOf(family: KeyFamily): Promise<SigningKey> {
    this.beforeUse();
    if (this.#keys.length === 0 || !this.#isYoungerThan(SIGNING_TABLE_MS)) await this.#load();
    if (this.#needsNewKey(family) && !this.#canWait(family)) await this.#createKey(family);
    const row = this.#signingRow(family);
    if (row === undefined) throw storeUnavailable("there is no signing key");
    return { kid: row.kid, algorithm: row.algorithm, key: await this.#signKeyOf(row) };
  }

  #signKeyOf({ kid, privateJwkJson, algorithm }: SigningKeyRow): Promise<SignKey> {
    let key = this.#signKeys.get(kid);
    if (key === undefined) {
      const importing = (async () => this.platform.importSignKey(parseJwk(privateJwkJson), algorithm))();
      importing.catch(() => this.#signKeys.delete(kid));
      this.#signKeys.set(kid, importing);
      key = importing;
    }
    return key;
  }

  /**
   * The public keys (RFC 7517 §5): verifying dynamic keys, newest first, then static ones; and for how many seconds
   * a copy is good: till a new key can appear (Y-7, Y-8), and half the time that a key is published before it signs at
   * most (K-12), so that a key which was withdrawn is soon forgotten everywhere. While the store is away it is what is
   * in memory, as long as that verifies.
   */
  async jwks(): Promise<{ keys: JsonObject[]; validityInSeconds: number }> {
    this.beforeUse();
    await this.#readyToPublish();
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
    const validityMs = Math.min(nextKeyMs, this.#overlapMs() / 2);
    return { keys, validityInSeconds: Math.max(1, Math.floor(validityMs / 1000)) };
  }

  /** The table not older than a copy of it may get; older where the store does not answer. */
  async #readyToPublish(): Promise<void> {
    const { family } = this.settings;
    const canAnswer = this.#keys.some(({ row }) => this.#verifies(row));
    const isYoung = this.#isYoungerThan(this.#overlapMs() / 2);
    if (canAnswer && isYoung && !this.#needsNewKey(family)) return;
    const untriedMs = this.clock.monoMs() - this.#attemptedAtMonoMs;
    if (canAnswer && this.#isAway && untriedMs < REFRESH_COOLDOWN_MS) return;
    const ready = (async () => {
      if (!this.#isYoungerThan(this.#overlapMs() / 2)) await this.#load();
      await this.signing();
    })();
    if (!canAnswer || this.store.joined?.() !== undefined) return ready;
    ready.catch(() => {});
    const isHanging =
      this.#loading !== undefined && this.clock.monoMs() - this.#attemptedAtMonoMs >= SLOW_READING_MS;
    if (!isHanging && !this.#isAway) await ready.catch(() => {});
  }

  /** Stops a key from verifying, here at once and elsewhere with the next reading. Sessions survive by refreshing. */
  async withdraw(kid: string): Promise<void> {
    await this.store.deleteSigningKeys([kid]);
    const transaction = this.store.joined?.();
    await (transaction === undefined ? this.#loadAfresh() : transaction.outside(() => this.#read()));
    // It may not have been known here, and is elsewhere in the process.
    if (!this.#byKid.has(kid)) this.onWithdrawn(kid);
  }

  /** Deletes dynamic keys that verify nothing at that time, in milliseconds since the epoch. */
  async deleteOutdated(nowMs: number): Promise<void> {
    const outdated = this.#keys
      .filter((key) => nowMs >= key.verification.verifiesUntilMs)
      .map(({ row }) => row.kid);
    if (outdated.length > 0) await this.store.deleteSigningKeys(outdated);
  }

  /** It has gone from the store, as another instance has read: what a reading under way may still show counts no more. */
  forget(kid: string): void {
    if (!this.#byKid.has(kid)) return;
    this.#drop(kid);
    this.#keys = this.#keys.filter(({ row }) => row.kid !== kid);
    this.#newestReading = this.#readings + 1;
  }

  #drop(kid: string): void {
    this.#byKid.delete(kid);
    this.#gone.add(kid);
    this.#signKeys.delete(kid);
  }

  #overlapMs(): number {
    return Math.min(MAX_OVERLAP_MS, this.settings.rotationIntervalMs / 5);
  }

  /**
   * What this service needs of a dynamic key: it verifies until `created + I + 2 × access token validity` (Y-6). Others
   * on the same store may need more, and each key says how much that is.
   */
  #neededMs(): number {
    return this.settings.rotationIntervalMs + 2 * this.settings.accessTokenValidityMs;
  }

  #verifies({ kid }: SigningKeyRow): boolean {
    const untilMs = this.#byKid.get(kid)?.verification.verifiesUntilMs;
    return untilMs !== undefined && this.clock.wallMs() < untilMs;
  }

  #keysOf(family: KeyFamily): LoadedKey[] {
    return this.#keys
      .filter(({ row }) => row.family === family && row.algorithm === this.settings.algorithm)
      .sort(newestFirst);
  }

  #newest(family: KeyFamily): SigningKeyRow | undefined {
    return this.#keysOf(family)[0]?.row;
  }

  #needsNewKey(family: KeyFamily): boolean {
    const [newest] = this.#keysOf(family);
    if (newest === undefined) return true;
    if (family === "static") return false;
    // Another service with shorter tokens has made it, and would delete it while tokens of this one are out.
    if (newest.keepMs < this.#neededMs()) return true;
    const nowMs = this.clock.wallMs();
    const { rotationIntervalMs } = this.settings;
    const { createdAtMs } = newest.row;
    // A key from the future was made while the clock was wrong; waiting for its birthday would stop rotation.
    const isFromTheFuture = createdAtMs > nowMs + rotationIntervalMs;
    return isFromTheFuture || nowMs >= createdAtMs + rotationIntervalMs - this.#overlapMs();
  }

  /** The newest, but not before it has been published long enough, if its predecessor is still good (Y-5). */
  #signingRow(family: KeyFamily): SigningKeyRow | undefined {
    const [newest, second] = this.#keysOf(family);
    if (newest === undefined || second === undefined || family === "static") return newest?.row;
    const nowMs = this.clock.wallMs();
    const isYoung = nowMs < newest.row.createdAtMs + this.#overlapMs();
    const isSecondGood =
      nowMs < second.row.createdAtMs + this.settings.rotationIntervalMs &&
      // By what the key itself says: that is all the others know.
      nowMs + this.settings.accessTokenValidityMs <= second.row.createdAtMs + second.keepMs;
    return isYoung && isSecondGood ? second.row : newest.row;
  }

  /** In a transaction of the application the next key is made afterwards, if the last one outlives what it signs now. */
  #canWait(family: KeyFamily): boolean {
    const transaction = this.store.joined?.();
    const row = this.#signingRow(family);
    const keepMs = row && this.#byKid.get(row.kid)?.keepMs;
    if (transaction === undefined || row === undefined || keepMs === undefined) return false;
    transaction.afterwards(() => this.#signingOf(family));
    // A token signed with it must verify as long as it lives.
    return this.clock.wallMs() + this.settings.accessTokenValidityMs <= row.createdAtMs + keepMs;
  }

  #createKey(family: KeyFamily): Promise<void> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#createBeside(transaction, family);
    let creating = this.#creating.get(family);
    if (creating === undefined) {
      creating = this.#createNow(family).finally(() => this.#creating.delete(family));
      this.#creating.set(family, creating);
    }
    return creating;
  }

  async #createNow(family: KeyFamily): Promise<void> {
    await this.#load();
    if (this.#needsNewKey(family)) await this.#insertKey(family);
  }

  /**
   * A key that others rely on cannot depend on a transaction of the application, nor wait for a reading that may be
   * waiting for its connection. Transactions that need one at the same time share it.
   */
  #createBeside(transaction: JoinedTransaction, family: KeyFamily): Promise<void> {
    this.#loadAfterwards(transaction);
    let creating = this.#creatingBeside.get(family);
    if (creating === undefined) {
      creating = transaction
        .outside(async () => {
          await this.#read();
          if (this.#needsNewKey(family)) await this.#insertKey(family, () => this.#read());
        })
        .finally(() => this.#creatingBeside.delete(family));
      this.#creatingBeside.set(family, creating);
    }
    return creating;
  }

  /** Insert-if-absent into the next slot; whoever loses the race reads what the winner wrote (K-03). */
  async #insertKey(family: KeyFamily, readAgain = () => this.#loadAfresh()): Promise<void> {
    const { algorithm } = this.settings;
    // Chosen before the key pair is made: a key that appears meanwhile takes the slot, and this one is not needed.
    const sequence = (this.#lastSequence.get(`${family} ${algorithm}`) ?? 0) + 1;
    const keepMs = Math.max(this.#neededMs(), ...this.#keysOf(family).map((key) => key.keepMs));
    const { publicJwk, privateJwk } = await this.platform.generateKeyPair(algorithm);
    const row: SigningKeyRow = {
      kid: `${family === "dynamic" ? "d" : "s"}-${hex(this.random(8))}`,
      family,
      algorithm,
      sequence,
      createdAtMs: this.clock.wallMs(),
      publicJwkJson: JSON.stringify(family === "static" ? publicJwk : { ...publicJwk, [KEEP]: keepMs }),
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

  #reloadBehind(): void {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) transaction.afterwards(() => this.#reloadIfPossible());
    else void this.#reloadIfPossible();
  }

  #wasFrozen(): boolean {
    const untriedMs = this.clock.monoMs() - this.#attemptedAtMonoMs;
    return untriedMs >= this.settings.reloadIntervalMs + MAX_UNTRIED_MS;
  }

  #load(): Promise<void> {
    const transaction = this.store.joined?.();
    if (transaction !== undefined) return this.#loadWithin(transaction);
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return shared(this.#loading);
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
    transaction.afterwards(() => (this.#isYoungerThan(SIGNING_TABLE_MS) ? undefined : this.#load()));
  }

  async #read(): Promise<void> {
    this.#attemptedAtMonoMs = this.clock.monoMs();
    this.#hasFailed = true;
    if (this.#keys.length > 0) this.#goOnFor(REFRESH_COOLDOWN_MS);
    this.#readings += 1;
    const reading = this.#readings;
    const rows = await this.store.listSigningKeys().catch((error: unknown) => {
      this.#isAway = true;
      throw error;
    });
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
      this.#drop(kid);
      this.onWithdrawn(kid);
    }
    for (const key of loaded) {
      this.#byKid.set(key.row.kid, key);
      this.#gone.delete(key.row.kid);
    }
    this.#keys = loaded;
    this.#hasFailed = false;
    this.#isAway = false;
    this.#loadedAtMonoMs = this.clock.monoMs();
    this.#loadedAtWallMs = this.clock.wallMs();
    this.#goOnFor(this.settings.reloadIntervalMs);
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

  #goOnFor(ms: number): void {
    this.#freshSinceWallMs = this.clock.wallMs();
    this.#nextReadingWallMs = this.#freshSinceWallMs + ms;
  }

  /** One key that cannot be used must not take the others down with it. */
  async #import(row: SigningKeyRow): Promise<LoadedKey | undefined> {
    const stored = parseJsonObject(row.publicJwkJson);
    if (stored === undefined || !isStrongKey(stored, row.algorithm)) return undefined;
    const { [KEEP]: kept, ...publicJwk } = stored;
    const keepMs = Math.max(this.#neededMs(), typeof kept === "number" ? kept : 0);
    try {
      const key = await this.platform.importVerifyKey(publicJwk, row.algorithm);
      const { kid, family, algorithm } = row;
      return {
        row,
        publicJwk,
        keepMs: typeof kept === "number" ? kept : this.#neededMs(),
        verification: {
          kid,
          family,
          algorithm,
          key,
          verifiesUntilMs: family === "static" ? Number.POSITIVE_INFINITY : row.createdAtMs + keepMs,
        },
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
