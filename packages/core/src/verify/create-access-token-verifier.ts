import { platform } from "#platform";
import {
  between,
  checkOptions,
  falseOr,
  having,
  holds,
  isBoolean,
  isFunction,
  isNonEmptyText,
  oneOf,
  shaped,
} from "../errors/option-check.js";
import { invalidArgument, invalidOption, tryRefreshToken, unauthorised } from "../errors/throwers.js";
import { bearerToken } from "../extract/bearer-token.js";
import { DUPLICATED, findCookies, findOnlyCookie, MAX_COOKIE_HEADER_LENGTH } from "../http/cookie-header.js";
import { PublishedKeys, usableAlgorithm } from "../keys/published-keys.js";
import type { Maybe } from "../platform/platform.js";
import { type Clock, systemClock } from "../runtime/clock.js";
import { isPlainObject, type JsonObject } from "../runtime/json.js";
import type { SigningAlgorithm } from "../store/session-store.js";
import type { AccessTokenPayload } from "../tokens/access-token.js";
import { AccessTokenVerifier } from "./access-token-verifier.js";
import { type AntiCsrfMode, checkAntiCsrfToken } from "./check-anti-csrf.js";
import { chooseDuplicate } from "./choose-duplicate.js";
import { fetchKeySet, type KeyFetch, keySetUrl } from "./fetch-key-set.js";
import { type VerifiedToken, VerifiedTokenCache } from "./verified-token-cache.js";

/** Where the issuer's public keys come from: its endpoint, or a copy of what the endpoint says. */
export type PublicKeySource =
  | {
      /** The issuer's JWKS endpoint, e.g. `https://api.example.com/auth/jwt/jwks.json`. Read on first use. */
      jwks: string | URL;
      keys?: undefined;
    }
  | {
      jwks?: undefined;
      /** Public JWKs with `kid` and `alg`, as the endpoint has them. Tokens signed with a later key are refused. */
      keys: readonly object[];
    };

/** What `createAccessTokenVerifier` takes. */
export type AccessTokenVerifierOptions = PublicKeySource & {
  /** Seconds for which published keys are used before they are read again; a withdrawn key verifies that long. Default 600. */
  jwksCacheSeconds?: number | undefined;
  /** Seconds that pass at least between two readings, whatever tokens come. Default 5. */
  jwksCooldownSeconds?: number | undefined;
  /** Seconds after which a reading is given up. Default 3. */
  jwksTimeoutSeconds?: number | undefined;
  /** Take the keys over plain http from another host than this one. Default false: whoever is in between could sign in as anybody. */
  allowPlainHttp?: boolean | undefined;
  /** Reads the keys: a Worker's service binding, a proxy. Default: the global `fetch`. */
  fetch?: KeyFetch | undefined;
  /**
   * Whom the tokens name: `apiDomain` and `apiBasePath`, e.g. `https://api.example.com/auth`. With it the token of another
   * application on the same domain, whose key is not published, counts as none. Default: it is to be refreshed.
   */
  issuer?: string | undefined;
  /** Algorithms that may have signed. Default all three. */
  algorithms?: readonly SigningAlgorithm[] | undefined;
  /** Where a request's token is looked for. Default `auto`: the header, then the cookie. */
  tokenTransfer?: "cookie" | "header" | "auto" | undefined;
  /** Name of the access token's cookie. Default `sAccessToken`; with the issuer's `cookiePrefixes`, `__Host-sAccessToken`. */
  cookieName?: string | undefined;
  /**
   * What a request that may change something must show beside its cookie; as the issuer's option of this name. Default
   * `VIA_CUSTOM_HEADER`: a `rid` header, which the browser client sends.
   */
  antiCsrf?: AntiCsrfMode | undefined;
  /** Bounds of the cache of verified tokens, or false for none. Default 10 000 entries, 16 MB. */
  verifiedTokenCache?: { maxEntries?: number | undefined; maxBytes?: number | undefined } | false | undefined;
  clock?: Clock | undefined;
};

/** As much of a request as is looked at: a Fetch `Request` has it, and a request of Node's. */
export interface VerifiableRequest {
  readonly method?: string | undefined;
  readonly headers:
    | { get(name: string): string | null }
    | Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface VerifyTokenOptions {
  /** Default true, except for GET and HEAD. */
  antiCsrfCheck?: boolean | undefined;
  /** With false a request without a token of ours gives undefined. Default true. */
  sessionRequired?: boolean | undefined;
}

/** Verifies access tokens that another process mints. */
export interface TokenVerifier {
  /**
   * @param from a token, or the request that carries one
   * @returns the token's payload, frozen: `sub` is the user's id, `sessionHandle` the session's
   * @throws SessionError `UNAUTHORISED` without a token of ours, `TRY_REFRESH_TOKEN` when it does not verify or has
   *         expired, `STORE_UNAVAILABLE` when its key is not known and cannot be read
   */
  verify(
    from: string | VerifiableRequest,
    options?: VerifyTokenOptions & { sessionRequired?: true | undefined },
  ): Promise<AccessTokenPayload>;
  verify(
    from: string | VerifiableRequest,
    options: VerifyTokenOptions,
  ): Promise<AccessTokenPayload | undefined>;
}

const ALGORITHMS: readonly SigningAlgorithm[] = ["ES256", "RS256", "EdDSA"];
const SECOND_MS = 1000;

const checkForm = shaped({
  jwks: () => {},
  keys: () => {},
  jwksCacheSeconds: between(1, 86_400, "seconds"),
  jwksCooldownSeconds: between(1, 3600, "seconds"),
  jwksTimeoutSeconds: between(0.01, 60, "seconds"),
  allowPlainHttp: isBoolean,
  fetch: isFunction,
  issuer: isNonEmptyText,
  algorithms: holds(
    (value) => Array.isArray(value) && value.length > 0 && value.every((name) => ALGORITHMS.includes(name)),
    `must be a list of ${ALGORITHMS.join(", ")}`,
  ),
  tokenTransfer: oneOf("cookie", "header", "auto"),
  cookieName: isNonEmptyText,
  antiCsrf: oneOf("VIA_TOKEN", "VIA_CUSTOM_HEADER", "NONE"),
  verifiedTokenCache: falseOr(
    shaped({ maxEntries: between(1, 10_000_000, "entries"), maxBytes: between(1, 2 ** 40, "bytes") }),
  ),
  clock: having("wallMs", "monoMs"),
});

/**
 * For a service or an edge function that only checks who a request is from: no store, no refresh, no endpoint. The rules
 * are the engine's own. What it cannot see is a session that was revoked before its token expired.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createAccessTokenVerifier(given: AccessTokenVerifierOptions): TokenVerifier {
  const options = checkForm(given, "") as AccessTokenVerifierOptions;
  const { clock = systemClock, algorithms = ALGORITHMS, verifiedTokenCache } = options;
  const keys = new PublishedKeys(platform, clock, keyReader(options, algorithms), {
    algorithms,
    cacheMs:
      options.keys === undefined ? (options.jwksCacheSeconds ?? 600) * SECOND_MS : Number.POSITIVE_INFINITY,
    cooldownMs: (options.jwksCooldownSeconds ?? 5) * SECOND_MS,
    sharesReadings: !isCloudflareWorker(),
  });
  const cache =
    verifiedTokenCache === false
      ? undefined
      : new VerifiedTokenCache({
          maxEntries: verifiedTokenCache?.maxEntries ?? 10_000,
          maxBytes: verifiedTokenCache?.maxBytes ?? 16 * 1024 * 1024,
        });
  const verifier = new AccessTokenVerifier(platform, keys, clock, cache, {
    family: undefined,
    issuer: options.issuer,
    accessTokenValidityMs: Number.POSITIVE_INFINITY,
  });
  keys.onWithdrawn = (kid) => verifier.forgetKey(kid);
  const rules: RequestRules = {
    tokenTransfer: options.tokenTransfer ?? "auto",
    cookieName: options.cookieName ?? "sAccessToken",
    antiCsrf: options.antiCsrf ?? "VIA_CUSTOM_HEADER",
  };

  async function verify(
    from: string | VerifiableRequest,
    given?: VerifyTokenOptions | undefined,
  ): Promise<AccessTokenPayload> {
    if (typeof from !== "string" && typeof from?.headers !== "object") {
      throw invalidArgument("verify() takes an access token, or a request with `headers`");
    }
    const how = given === undefined ? undefined : checkHow(given);
    const found = typeof from === "string" ? verifier.verify(from) : fromRequest(verifier, rules, from, how);
    const verified = found instanceof Promise ? await found : found;
    if (verified !== undefined) return verified.payload;
    // The overloads of TokenVerifier say when.
    if (how?.sessionRequired === false) return undefined as never;
    throw unauthorised("no access token of this application was presented", false);
  }
  return { verify };
}

/** Looked at for each request, so without an allocation where it is plain and right. @throws SessionError `INVALID_OPTION` */
function checkHow(how: VerifyTokenOptions): VerifyTokenOptions {
  const isPlain = Object.getPrototypeOf(how ?? 0) === Object.prototype;
  const isRight = isPlain && isFlag(how.sessionRequired) && isFlag(how.antiCsrfCheck);
  for (const name in how) if (!Object.hasOwn(HOW, name)) return checkOptions("verify", HOW, how);
  return isRight ? how : checkOptions("verify", HOW, how);
}

const isFlag = (value: unknown): boolean => value === undefined || typeof value === "boolean";
const HOW = { sessionRequired: isBoolean, antiCsrfCheck: isBoolean };

interface RequestRules {
  readonly tokenTransfer: "cookie" | "header" | "auto";
  readonly cookieName: string;
  readonly antiCsrf: AntiCsrfMode;
}

/** Header before cookie, where both are allowed; a foreign token in the header counts as none (T-6 to T-15). */
function fromRequest(
  verifier: AccessTokenVerifier,
  rules: RequestRules,
  request: VerifiableRequest,
  how: VerifyTokenOptions | undefined,
): Maybe<VerifiedToken | undefined> {
  const fromCookie = (): Maybe<VerifiedToken | undefined> =>
    rules.tokenTransfer === "header" ? undefined : fromCookies(verifier, rules, request, how);
  const bearer =
    rules.tokenTransfer === "cookie" ? undefined : bearerToken(headerOf(request, "authorization"));
  if (bearer === undefined) return fromCookie();
  const found = verifier.verify(bearer);
  return found instanceof Promise ? found.then((token) => token ?? fromCookie()) : (found ?? fromCookie());
}

function fromCookies(
  verifier: AccessTokenVerifier,
  rules: RequestRules,
  request: VerifiableRequest,
  how: VerifyTokenOptions | undefined,
): Maybe<VerifiedToken | undefined> {
  const header = headerOf(request, "cookie");
  if (header === undefined || header.length > MAX_COOKIE_HEADER_LENGTH) return undefined;
  const value = findOnlyCookie(header, rules.cookieName);
  if (value === undefined) return undefined;
  const found =
    value === DUPLICATED
      ? chooseDuplicate(verifier, findCookies(header, rules.cookieName))
      : verifier.verify(value);
  const { method } = request;
  const mayChange = how?.antiCsrfCheck ?? (method !== "GET" && method !== "HEAD");
  if (!mayChange || rules.antiCsrf === "NONE") return found;
  const check = (token: VerifiedToken | undefined): VerifiedToken | undefined => {
    if (token === undefined) return undefined;
    if (rules.antiCsrf === "VIA_TOKEN") {
      checkAntiCsrfToken(token.payload.antiCsrfToken, headerOf(request, "anti-csrf"));
    } else if (headerOf(request, "rid") === undefined) {
      throw tryRefreshToken("the request has no `rid` header");
    }
    return token;
  };
  return found instanceof Promise ? found.then(check) : check(found);
}

/** @param name lower-case; repeated `cookie` fields are one (RFC 9113 §8.2.3) */
function headerOf({ headers }: VerifiableRequest, name: string): string | undefined {
  if (typeof headers.get === "function") return headers.get(name) ?? undefined;
  const value = (headers as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
  return typeof value === "object" ? value.join(name === "cookie" ? "; " : ", ") : value;
}

function keyReader(
  options: AccessTokenVerifierOptions,
  algorithms: readonly SigningAlgorithm[],
): () => Promise<unknown> {
  const { jwks, keys } = options as { jwks?: unknown; keys?: unknown };
  if ((jwks === undefined) === (keys === undefined)) {
    throw invalidOption(
      "jwks",
      "is required: the address of the issuer's JWKS; or else `keys`, a copy of them",
    );
  }
  if (keys === undefined) {
    const url = keySetUrl(jwks, options.allowPlainHttp ?? false);
    const timeoutMs = (options.jwksTimeoutSeconds ?? 3) * SECOND_MS;
    return () => fetchKeySet(url, options.fetch, timeoutMs);
  }
  if (!Array.isArray(keys) || keys.length === 0) throw invalidOption("keys", "must be a list of public JWKs");
  keys.forEach((jwk: unknown, index) => {
    const isUsable =
      isPlainObject(jwk) &&
      typeof jwk.kid === "string" &&
      usableAlgorithm(jwk as JsonObject, algorithms) !== undefined;
    if (!isUsable) {
      throw invalidOption(
        `keys[${index}]`,
        `must be a public JWK with \`kid\`, and with \`alg\` one of ${algorithms.join(", ")}`,
      );
    }
  });
  return async () => ({ keys });
}

/** There no request may wait for what another one has begun to read. */
function isCloudflareWorker(): boolean {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return navigator?.userAgent === "Cloudflare-Workers";
}
