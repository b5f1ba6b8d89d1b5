import { storeUnavailable } from "../errors/throwers.js";
import type { Platform, SignKey, VerifyKey } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import { hex } from "../runtime/encoding.js";
import { type JsonObject, parseJsonObject } from "../runtime/json.js";
import { BoundedMap } from "../runtime/lru.js";
import type { RandomBytes } from "../runtime/random.js";
import type { KeyFamily, SessionStore, SigningAlgorithm, SigningKeyRow } from "../store/session-store.js";
import { isStrongKey } from "./key-strength.js";

/** A key that verifies, and the algorithm it is bound to. */
export interface VerificationKey {
  kid: string;
  family: KeyFamily;
  algorithm: SigningAlgorithm;
  key: VerifyKey;
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
/** An unknown kid makes the table be read again at most this often (security rule K-05). */
const RELOAD_COOLDOWN_MS = 500;
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
export class SigningKeys {
  #keys: LoadedKey[] = [];
  readonly #byKid = new Map<string, LoadedKey>();
  readonly #signKeys = new Map<string, SignKey>();
  readonly #missing: BoundedMap<string, number>;
  #loading: Promise<void> | undefined;
  #loadedAtMonoMs = Number.NEGATIVE_INFINITY;
  #loadedAtWallMs = Number.POSITIVE_INFINITY;
  #attemptedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Called when a key stops verifying, so that tokens verified with it can be forgotten. */
  onWithdrawn: (kid: string) => void = () => {};
  onCreated: (kid: string) => void = () => {};

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
    return nowMs >= this.#loadedAtWallMs && nowMs < this.#loadedAtWallMs + this.settings.reloadIntervalMs;
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
    if (!this.isFresh(this.clock.wallMs())) await this.#reloadIfPossible();
    const known = this.known(kid);
    if (known !== undefined) return known;
    if (this.#byKid.has(kid)) return undefined;
    const now = this.clock.monoMs();
    const missingSince = this.#missing.get(kid);
    if (
      missingSince !== undefined &&
      now - missingSince < MISSING_KID_MS &&
      missingSince >= this.#loadedAtMonoMs
    ) {
      return undefined;
    }
    if (now - this.#attemptedAtMonoMs >= RELOAD_COOLDOWN_MS) await this.#load();
    else if (this.#loading) await this.#loading;
    else if (this.#attemptedAtMonoMs > this.#loadedAtMonoMs)
      throw storeUnavailable("the signing keys cannot be read");
    const found = this.known(kid);
    if (found === undefined) this.#missing.set(kid, this.clock.monoMs());
    return found;
  }

  /** The key that signs now; creates the next one when it is time (Y-3…Y-5). */
  async signing(): Promise<SigningKey> {
    if (this.#keys.length === 0 || !this.isFresh(this.clock.wallMs())) await this.#load();
    if (this.#needsNewKey()) await this.#createKey();
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
      if (!this.#newest("static")) await this.#insertKey("static");
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
      .sort(newestFirst);
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
    await this.#load();
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
  #verifies(row: SigningKeyRow): boolean {
    if (row.family === "static") return true;
    const { rotationIntervalMs, accessTokenValidityMs } = this.settings;
    return this.clock.wallMs() < row.createdAtMs + rotationIntervalMs + 2 * accessTokenValidityMs;
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

  async #createKey(): Promise<void> {
    await this.#load();
    if (this.#needsNewKey()) await this.#insertKey(this.settings.family);
  }

  /** Insert-if-absent into the next slot; whoever loses the race reads what the winner wrote (K-03). */
  async #insertKey(family: KeyFamily): Promise<void> {
    const { algorithm } = this.settings;
    const { publicJwk, privateJwk } = await this.platform.generateKeyPair(algorithm);
    const row: SigningKeyRow = {
      kid: `${family === "dynamic" ? "d" : "s"}-${hex(this.random(8))}`,
      family,
      algorithm,
      sequence: (this.#newest(family)?.sequence ?? 0) + 1,
      createdAtMs: this.clock.wallMs(),
      publicJwkJson: JSON.stringify(publicJwk),
      privateJwkJson: JSON.stringify(privateJwk),
    };
    if (await this.store.insertSigningKey(row)) this.onCreated(row.kid);
    await this.#load();
  }

  async #reloadIfPossible(): Promise<void> {
    if (this.clock.monoMs() - this.#attemptedAtMonoMs < RELOAD_COOLDOWN_MS && !this.#loading) return;
    try {
      await this.#load();
    } catch {
      // Known keys go on verifying while the store is away (K-06).
    }
  }

  #load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    this.#attemptedAtMonoMs = this.clock.monoMs();
    const rows = await this.store.listSigningKeys();
    const loaded: LoadedKey[] = [];
    for (const row of rows) {
      const present = this.#byKid.get(row.kid);
      if (present !== undefined) {
        loaded.push(present);
        continue;
      }
      const publicJwk = parseJwk(row.publicJwkJson);
      if (!isStrongKey(publicJwk, row.algorithm)) continue;
      const key = await this.platform.importVerifyKey(publicJwk, row.algorithm);
      const { kid, family, algorithm } = row;
      loaded.push({ row, publicJwk, verification: { kid, family, algorithm, key } });
    }
    const kids = new Set(rows.map((row) => row.kid));
    for (const kid of [...this.#byKid.keys()]) {
      if (kids.has(kid)) continue;
      this.#byKid.delete(kid);
      this.#signKeys.delete(kid);
      this.onWithdrawn(kid);
    }
    for (const key of loaded) this.#byKid.set(key.row.kid, key);
    this.#keys = loaded;
    this.#loadedAtMonoMs = this.clock.monoMs();
    this.#loadedAtWallMs = this.clock.wallMs();
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
