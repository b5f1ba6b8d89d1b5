import { storeUnavailable } from "../errors/throwers.js";
import type { Platform } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import { isPlainObject, type JsonObject } from "../runtime/json.js";
import type { SigningAlgorithm } from "../store/session-store.js";
import { isStrongKey } from "./key-strength.js";
import type { KeySource, VerificationKey } from "./signing-keys.js";

/** A process that has not even tried to read for so long, beyond the age of the keys, was frozen: it waits. */
const MAX_UNTRIED_MS = 24 * 3_600_000;

export interface PublishedKeySettings {
  readonly algorithms: readonly SigningAlgorithm[];
  /** Age at which the keys are read again although nothing asked for it; a withdrawn key verifies that long. */
  readonly cacheMs: number;
  /** Unknown kids, and failures, make the keys be read at most this often (security rule K-05). */
  readonly cooldownMs: number;
  /** Whether requests may wait for a reading that another request has begun; on Cloudflare Workers they may not. */
  readonly sharesReadings: boolean;
}

interface PublishedKey {
  readonly jwkJson: string;
  readonly key: VerificationKey;
}

/**
 * The public keys of an issuer elsewhere, as its JWKS endpoint hands them out (RFC 7517 §5). Like the signing keys:
 * read by age at the time of use, a known key goes on verifying while the endpoint is away (K-06, K-10).
 */
export class PublishedKeys implements KeySource {
  #byKid = new Map<string, PublishedKey>();
  #reading: Promise<void> | undefined;
  #readingsUnderWay = 0;
  /** Why the latest reading failed. */
  #failure: string | undefined;
  #freshSinceWallMs = Number.POSITIVE_INFINITY;
  #nextReadingWallMs = Number.NEGATIVE_INFINITY;
  #attemptedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Called when a key is no longer published, so that tokens verified with it can be forgotten. */
  onWithdrawn: (kid: string) => void = () => {};

  /** @param read the JSON of the key set; what it throws is shown to the developer, and not to the client */
  constructor(
    private readonly platform: Platform,
    private readonly clock: Clock,
    private readonly read: () => Promise<unknown>,
    private readonly settings: PublishedKeySettings,
  ) {}

  /** Only the request that finds the keys too old reads them again: the others go on with what is known. */
  isFresh(nowMs: number): boolean {
    return nowMs >= this.#freshSinceWallMs && nowMs < this.#nextReadingWallMs;
  }

  /**
   * A known key is used at once, and the keys are read again behind the request; so one that is no longer published goes
   * on for their age and one reading.
   *
   * @returns undefined when the issuer publishes no such key
   * @throws SessionError `STORE_UNAVAILABLE` when it would have to be asked and does not answer
   */
  async find(kid: string): Promise<VerificationKey | undefined> {
    const isStale = !this.isFresh(this.clock.wallMs());
    const inMemory = this.#byKid.get(kid)?.key;
    if (isStale && inMemory !== undefined && this.#mayReadBehind()) {
      this.#goOnFor(this.settings.cooldownMs);
      void this.#readKeys();
      return inMemory;
    }
    if (isStale) await this.#readKeys();
    const known = this.#byKid.get(kid)?.key;
    if (known !== undefined) return known;
    if (!isStale) {
      const isCooledDown = this.clock.monoMs() - this.#attemptedAtMonoMs >= this.settings.cooldownMs;
      if (isCooledDown || this.#readingsUnderWay > 0) await this.#readKeys();
    }
    const found = this.#byKid.get(kid)?.key;
    if (found === undefined && this.#failure !== undefined) {
      throw storeUnavailable(`the signing keys cannot be read: ${this.#failure}`);
    }
    return found;
  }

  /** Where requests share nothing, what is begun ends with the request; a process that was frozen for a day waits. */
  #mayReadBehind(): boolean {
    const untriedMs = this.clock.monoMs() - this.#attemptedAtMonoMs;
    return this.settings.sharesReadings && untriedMs < this.settings.cacheMs + MAX_UNTRIED_MS;
  }

  /** Never rejects: what went wrong is kept. */
  #readKeys(): Promise<void> {
    if (this.#reading !== undefined && this.settings.sharesReadings) return this.#reading;
    const { cooldownMs } = this.settings;
    this.#goOnFor(cooldownMs);
    this.#attemptedAtMonoMs = this.clock.monoMs();
    this.#readingsUnderWay += 1;
    this.#reading = this.#readOnce().finally(() => {
      this.#readingsUnderWay -= 1;
      this.#reading = undefined;
    });
    return this.#reading;
  }

  #goOnFor(ms: number): void {
    this.#freshSinceWallMs = this.clock.wallMs();
    this.#nextReadingWallMs = this.#freshSinceWallMs + ms;
  }

  async #readOnce(): Promise<void> {
    try {
      await this.#take(await this.read());
      this.#failure = undefined;
      this.#goOnFor(this.settings.cacheMs);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : "unknown reason";
    }
  }

  async #take(set: unknown): Promise<void> {
    if (!isPlainObject(set) || !Array.isArray(set.keys)) throw new Error("the answer is not a key set");
    const published = new Map<string, PublishedKey>();
    for (const jwk of set.keys as unknown[]) {
      if (!isPlainObject(jwk) || typeof jwk.kid !== "string" || published.has(jwk.kid)) continue;
      const jwkJson = JSON.stringify(jwk);
      const present = this.#byKid.get(jwk.kid);
      const key = present?.jwkJson === jwkJson ? present.key : await this.#import(jwk.kid, jwk as JsonObject);
      if (key !== undefined) published.set(jwk.kid, { jwkJson, key });
    }
    const before = this.#byKid;
    this.#byKid = published;
    for (const [kid, { key }] of before) if (published.get(kid)?.key !== key) this.onWithdrawn(kid);
  }

  /** One key that cannot be used must not take the others down with it. */
  async #import(kid: string, jwk: JsonObject): Promise<VerificationKey | undefined> {
    const algorithm = usableAlgorithm(jwk, this.settings.algorithms);
    if (algorithm === undefined) return undefined;
    try {
      const key = await this.platform.importVerifyKey(jwk, algorithm);
      const family = kid.startsWith("s-") ? "static" : "dynamic";
      return { kid, family, algorithm, key, verifiesUntilMs: Number.POSITIVE_INFINITY };
    } catch {
      return undefined;
    }
  }
}

/** The algorithm a published key may verify with, if it is one of these, strong enough, and public (K-01, T-01). */
export function usableAlgorithm(
  jwk: JsonObject,
  algorithms: readonly SigningAlgorithm[],
): SigningAlgorithm | undefined {
  const algorithm = algorithms.find((name) => name === jwk.alg);
  return algorithm !== undefined && jwk.d === undefined && isStrongKey(jwk, algorithm)
    ? algorithm
    : undefined;
}
