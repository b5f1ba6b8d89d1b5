import { SessionError } from "../errors/session-error.js";
import { tryRefreshToken } from "../errors/throwers.js";
import type { KeySource, VerificationKey } from "../keys/signing-keys.js";
import type { Maybe, Platform } from "../platform/platform.js";
import type { Clock } from "../runtime/clock.js";
import { isCanonicalBase64Url } from "../runtime/encoding.js";
import { deepFreeze, parseJsonObject } from "../runtime/json.js";
import type { KeyFamily } from "../store/session-store.js";
import {
  type AccessTokenPayload,
  asAccessTokenPayload,
  isProvisional,
  parseAccessToken,
  splitToken,
} from "../tokens/access-token.js";
import type { Revocations } from "./revocations.js";
import type { VerifiedToken, VerifiedTokenCache } from "./verified-token-cache.js";

export interface VerifierSettings {
  /** Family that must have signed; the other one's tokens are to be refreshed (wire-contract.md Y-10). Undefined: either. */
  family: KeyFamily | undefined;
  /** Of the tokens that are minted; infinite where that is not known. */
  accessTokenValidityMs: number;
  /** Whom our tokens name. Undefined: not known, and no token is taken for another deployment's. */
  issuer?: string | undefined;
}

/** A token that one of our keys has signed, or one that is gone. */
export interface Identified {
  readonly payload: AccessTokenPayload;
  /** Undefined when it has expired, its session has ended, or it does not count for another reason. */
  readonly live: VerifiedToken | undefined;
}

const HOUR_MS = 3_600_000;
const MAX_KNOWN_HEADERS = 64;
const SKEW_MS = 60_000;
const SKEW_INTERVAL_MS = 60_000;

/**
 * Checks access tokens: size, shape, key and algorithm, signature, then claims (security rule T-09). Nothing from the
 * payload is used before the signature passes.
 */
export class AccessTokenVerifier {
  /**
   * First segment of our tokens → the key it names: all tokens of one key share it to the letter. Only headers that a
   * key of ours has signed get in, so there are about as many as keys.
   */
  readonly #keyByHeader = new Map<string, VerificationKey>();

  #skewReportedAtMonoMs = Number.NEGATIVE_INFINITY;
  /** Called when a token was minted more than a minute ahead of this clock; once a minute at most (TM-05). */
  onClockSkew: (aheadMs: number) => void = () => {};

  constructor(
    private readonly platform: Platform,
    private readonly keys: KeySource,
    private readonly clock: Clock,
    private readonly cache: VerifiedTokenCache | undefined,
    private readonly settings: VerifierSettings,
    /** What this process has revoked; undefined where there is no store. */
    private readonly revocations?: Revocations | undefined,
  ) {
    if (revocations !== undefined) revocations.onRevoked = (concerns) => this.cache?.dropSessions(concerns);
  }

  /** Forgets what was verified with a withdrawn key. */
  forgetKey(kid: string): void {
    this.#keyByHeader.clear();
    this.cache?.dropKey(kid);
  }

  /**
   * @param token as the client sent it; untrusted
   * @returns the verified token; undefined when the text is not a token of ours, which counts as "no token"
   * @throws SessionError `TRY_REFRESH_TOKEN` when it is one but does not verify, or no longer;
   *         `UNAUTHORISED` (not clearing) when this process has revoked its session;
   *         `STORE_UNAVAILABLE` when its key is not in memory, or its row is to be looked at, and the store does not answer
   */
  verify(token: string): Maybe<VerifiedToken | undefined> {
    this.revocations?.catchUp();
    const nowMs = this.clock.wallMs();
    if (!this.keys.isFresh(nowMs)) return this.#verifySlowly(token);
    const cached = this.cache?.get(token);
    if (cached !== undefined) {
      this.#checkTimes(cached, nowMs);
      return cached;
    }
    const parts = splitToken(token);
    if (parts === undefined) return undefined;
    const key = this.#keyByHeader.get(parts.header);
    if (key === undefined || !isCanonicalBase64Url(parts.signature)) return this.#verifySlowly(token);
    const verdict = key.key.verify(parts.signingInput, parts.signature);
    if (typeof verdict === "boolean") return this.#judge(verdict, token, parts.payload, key);
    return verdict.then((isGenuine) => this.#judge(isGenuine, token, parts.payload, key));
  }

  #judge(
    isGenuine: boolean,
    token: string,
    payload: string,
    key: VerificationKey,
  ): Maybe<VerifiedToken | undefined> {
    if (isGenuine) return this.#accept(token, payload, key, this.clock.wallMs());
    if (parseAccessToken(token) === undefined) return undefined;
    throw tryRefreshToken("the access token's signature is wrong");
  }

  /**
   * Sorts texts by what identifying them would cost; no signature is checked.
   *
   * @returns `known`: in the cache; `unknown`: of the shape of ours and not expired; `expired`: of that shape, with the
   *          session that it names
   */
  sift(texts: Iterable<string>): { known: string[]; unknown: string[]; expired: Map<string, string> } {
    const nowSeconds = Math.floor(this.clock.wallMs() / 1000);
    const known: string[] = [];
    const unknown: string[] = [];
    const expired = new Map<string, string>();
    for (const text of texts) {
      const payload = this.cache?.get(text) === undefined ? parseAccessToken(text)?.payload : undefined;
      if (payload === undefined) known.push(text);
      else if (payload.exp > nowSeconds) unknown.push(text);
      else expired.set(text, payload.sessionHandle);
    }
    return { known, unknown, expired };
  }

  /**
   * Whose a token is, dead or alive. One signature check at most, none for what is in the cache.
   *
   * @returns undefined for what nobody here has signed; `live` when it counts, as for {@link verify}. One that names us
   *          and whose key is gone cannot be judged: it may be of a user who comes back after weeks
   * @throws SessionError `STORE_UNAVAILABLE` as {@link verify}
   */
  async identify(token: string): Promise<Identified | undefined> {
    this.revocations?.catchUp();
    const cached = this.cache?.get(token);
    const genuine = cached === undefined ? await this.#genuine(token) : undefined;
    const payload = cached?.payload ?? genuine?.payload;
    if (payload === undefined) return this.#ofGoneKey(token);
    try {
      const live =
        genuine === undefined
          ? await this.verify(token)
          : await this.#accept(token, genuine.segment, genuine.key, this.clock.wallMs());
      return { payload, live };
    } catch (error) {
      // It has expired, or its session has ended.
      if (SessionError.is(error) && error.type !== "STORE_UNAVAILABLE") return { payload, live: undefined };
      throw error;
    }
  }

  /**
   * Those of the texts that are another deployment's: the key is not known here, and they name another issuer, which ours do
   * too after `apiDomain` was changed. No signature is checked.
   *
   * @returns with what kept it from being told, where the keys cannot be read
   */
  elsewhere(texts: Iterable<string>): Maybe<Map<string, unknown>> {
    const found = new Map<string, unknown>();
    for (const text of texts)
      if (this.#namesAnother(parseAccessToken(text)?.payload)) found.set(text, undefined);
    return found.size === 0 ? found : this.#withoutKeysOfOurs(found);
  }

  async #withoutKeysOfOurs(texts: Map<string, unknown>): Promise<Map<string, unknown>> {
    const [first, ...others] = [...texts.keys()].map((text) => async (): Promise<void> => {
      try {
        if ((await this.keys.find(parseAccessToken(text)?.kid ?? "")) !== undefined) texts.delete(text);
      } catch (error) {
        texts.set(text, error);
      }
    });
    // The reading that the first one causes answers the others.
    await first?.();
    await Promise.all(others.map((look) => look()));
    return texts;
  }

  /**
   * Those of the texts, each once, that count here: of the shape of ours, and not another deployment's.
   *
   * @throws SessionError `STORE_UNAVAILABLE` when there is none, and the keys cannot be read
   */
  ours(texts: Iterable<string>): Maybe<string[]> {
    const own = new Set([...texts].filter((text) => parseAccessToken(text) !== undefined));
    const rest = (elsewhere: ReadonlyMap<string, unknown>): string[] => {
      for (const text of elsewhere.keys()) own.delete(text);
      const doubt = [...elsewhere.values()].find(Boolean);
      if (own.size === 0 && doubt !== undefined) throw doubt;
      return [...own];
    };
    const elsewhere = this.elsewhere(own);
    return elsewhere instanceof Promise ? elsewhere.then(rest) : rest(elsewhere);
  }

  #namesAnother(payload: AccessTokenPayload | undefined): boolean {
    const { issuer } = this.settings;
    return issuer !== undefined && typeof payload?.iss === "string" && payload.iss !== issuer;
  }

  /**
   * Payload of a token that one of our keys signed, expired or not: whose it was, for a clean-up after it. Never a
   * session. One signature check.
   *
   * @returns undefined for anything else
   * @throws SessionError `STORE_UNAVAILABLE` when its key is not in memory and the store does not answer
   */
  async authenticate(token: string): Promise<AccessTokenPayload | undefined> {
    return (await this.#genuine(token))?.payload;
  }

  /** As {@link authenticate}, and one that names us and whose key is gone: it may tell sessions apart, and no more. */
  async namedBy(token: string): Promise<AccessTokenPayload | undefined> {
    return (await this.authenticate(token)) ?? (await this.#ofGoneKey(token))?.payload;
  }

  async #ofGoneKey(token: string): Promise<Identified | undefined> {
    const { issuer } = this.settings;
    const unverified = parseAccessToken(token);
    if (issuer === undefined || unverified?.payload.iss !== issuer) return undefined;
    const isGone = (await this.keys.find(unverified.kid)) === undefined;
    return isGone ? { payload: unverified.payload, live: undefined } : undefined;
  }

  async #genuine(
    token: string,
  ): Promise<{ payload: AccessTokenPayload; segment: string; key: VerificationKey } | undefined> {
    const unverified = parseAccessToken(token);
    const parts = splitToken(token);
    if (unverified === undefined || parts === undefined || !isCanonicalBase64Url(parts.signature))
      return undefined;
    const key = await this.keys.find(unverified.kid);
    if (key === undefined || unverified.alg !== key.algorithm) return undefined;
    const isGenuine = await key.key.verify(parts.signingInput, parts.signature);
    return isGenuine ? { payload: unverified.payload, segment: parts.payload, key } : undefined;
  }

  async #verifySlowly(token: string): Promise<VerifiedToken | undefined> {
    const unverified = parseAccessToken(token);
    const parts = splitToken(token);
    if (unverified === undefined || parts === undefined) return undefined;
    if (!isCanonicalBase64Url(parts.signature))
      throw tryRefreshToken("the access token's signature is malformed");
    const key = await this.keys.find(unverified.kid);
    if (key === undefined) {
      // Another deployment's, on a domain that both can set cookies for. One of ours whose key is gone names us.
      if (this.#namesAnother(unverified.payload)) return undefined;
      throw tryRefreshToken("the access token's key is not known, or no longer");
    }
    if (unverified.alg !== key.algorithm)
      throw tryRefreshToken("the access token names another algorithm than its key");
    if (!(await key.key.verify(parts.signingInput, parts.signature))) {
      throw tryRefreshToken("the access token's signature is wrong");
    }
    if (this.#keyByHeader.size >= MAX_KNOWN_HEADERS) this.#keyByHeader.clear();
    this.#keyByHeader.set(parts.header, key);
    return this.#accept(token, parts.payload, key, this.clock.wallMs());
  }

  #accept(
    token: string,
    payloadSegment: string,
    key: VerificationKey,
    nowMs: number,
  ): Maybe<VerifiedToken | undefined> {
    // As strict as the structural check, which a token whose header is known has not been through.
    const text = this.platform.decodeSegment(payloadSegment);
    const payload = text === undefined ? undefined : asAccessTokenPayload(parseJsonObject(text));
    if (payload === undefined) return undefined;
    // The header of an old key may still be known here.
    if (nowMs >= key.verifiesUntilMs) throw tryRefreshToken("the access token's key is out of use");
    const { family } = this.settings;
    if (family !== undefined && key.family !== family)
      throw tryRefreshToken("the access token is of the other key family");
    const verified: VerifiedToken = { token, kid: key.kid, payload: deepFreeze(payload) };
    this.#checkTimes(verified, nowMs);
    this.#reportSkew(verified.payload.iat * 1000 - nowMs);
    if (this.revocations?.suspicionOf(verified.payload) !== undefined) {
      return this.#confirm(this.revocations, verified);
    }
    return this.cache?.add(token, key.kid, verified.payload) ?? verified;
  }

  /**
   * A token of a session that may have been revoked here counts as long as its row is there. What a transaction of the
   * application shows, which may be old, counts for nobody else.
   */
  async #confirm(revocations: Revocations, verified: VerifiedToken): Promise<VerifiedToken> {
    const { sequence } = revocations;
    await revocations.assertLive(verified.payload);
    const isKnown =
      revocations.sequence === sequence && revocations.suspicionOf(verified.payload) !== "revoked";
    if (!isKnown || revocations.isInTransaction()) return verified;
    return this.cache?.add(verified.token, verified.kid, verified.payload) ?? verified;
  }

  #reportSkew(aheadMs: number): void {
    if (aheadMs <= SKEW_MS) return;
    const monoMs = this.clock.monoMs();
    if (monoMs - this.#skewReportedAtMonoMs < SKEW_INTERVAL_MS) return;
    this.#skewReportedAtMonoMs = monoMs;
    this.onClockSkew(aheadMs);
  }

  /** Expired from the second `exp` on (RFC 7519 §4.1.4), without tolerance. */
  #checkTimes({ payload }: VerifiedToken, nowMs: number): void {
    const nowSeconds = Math.floor(nowMs / 1000);
    if (payload.exp <= nowSeconds) throw tryRefreshToken("the access token has expired");
    const isEarly = typeof payload.nbf === "number" && payload.nbf > nowSeconds;
    // Whoever has the store looks at the row.
    if (isEarly && !(this.revocations !== undefined && isProvisional(payload))) {
      throw tryRefreshToken("the access token is not valid yet");
    }
    // Minted by a host whose clock is far off (security rule TM-08).
    if (payload.exp * 1000 > nowMs + this.settings.accessTokenValidityMs + 25 * HOUR_MS) {
      throw tryRefreshToken("the access token would live longer than any that is minted here");
    }
  }
}
