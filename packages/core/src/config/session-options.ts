import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import type { ClaimValidationError } from "../errors/session-error.js";
import type { TokenTransferPolicy } from "../extract/token-transfer.js";
import type { BaseRequest } from "../http/base-request.js";
import type { BaseResponse } from "../http/base-response.js";
import type { Exchange } from "../http/exchange.js";
import type { SameSite } from "../respond/token-dress.js";
import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/logger.js";
import type { RandomBytes } from "../runtime/random.js";
import type { SessionContainer } from "../session/session-container.js";
import type { SessionEventListener } from "../session/session-event.js";
import type { SessionPlugin } from "../session/session-plugin.js";
import type { SessionFunctions, VerifySessionOptions } from "../session/types.js";
import type { SessionStore, SigningAlgorithm } from "../store/session-store.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";

/** Where the API and the website live. */
export interface AppInfo {
  appName: string;
  /** Origin of the API, e.g. `https://api.example.com`. */
  apiDomain: string;
  /** Origin of the website. One of `websiteDomain` and `origin` is required; `origin` wins. */
  websiteDomain?: string | undefined;
  /** The same, or a function of the request where there are several websites. */
  origin?:
    | string
    | ((input: { request: BaseRequest | undefined; userContext: UserContext }) => string)
    | undefined;
  /** Path below which our endpoints stand. Default `/auth`. */
  apiBasePath?: string | undefined;
  /** Kept for configurations that have it; the server does not use it. */
  websiteBasePath?: string | undefined;
  /** Path that a gateway in front takes away. Default none. */
  apiGatewayPath?: string | undefined;
}

/** Replaces single default answers; our tokens have been cleared before, where the error clears (W-2). */
export interface ErrorHandlers {
  onUnauthorised?(message: string, req: BaseRequest, res: BaseResponse, userContext: UserContext): unknown;
  onTryRefreshToken?(message: string, req: BaseRequest, res: BaseResponse, userContext: UserContext): unknown;
  onTokenTheftDetected?(
    sessionHandle: string,
    userId: string,
    recipeUserId: string,
    req: BaseRequest,
    res: BaseResponse,
    userContext: UserContext,
  ): unknown;
  onInvalidClaim?(
    validationErrors: ClaimValidationError[],
    req: BaseRequest,
    res: BaseResponse,
    userContext: UserContext,
  ): unknown;
  onClearDuplicateSessionCookies?(
    message: string,
    req: BaseRequest,
    res: BaseResponse,
    userContext: UserContext,
  ): unknown;
}

/** Our endpoints, as an override sees them. `undefined` switches one off: the application's own route then runs. */
export interface SessionApis {
  refreshPOST: ((input: ApiInput) => Promise<SessionContainer>) | undefined;
  signOutPOST:
    | ((
        input: ApiInput & { session: SessionContainer },
      ) => Promise<{ status: "OK" } | { status: "GENERAL_ERROR"; message: string }>)
    | undefined;
  verifySession(
    input: ApiInput & { options: VerifySessionOptions | undefined },
  ): Promise<SessionContainer | undefined>;
}

/** What every API gets. `req` and `res` are those of `exchange`. */
export interface ApiInput {
  exchange: Exchange;
  req: BaseRequest;
  res: BaseResponse;
  userContext: UserContext;
}

export interface Overrides {
  functions?: ((original: SessionFunctions) => SessionFunctions) | undefined;
  apis?: ((original: SessionApis) => SessionApis) | undefined;
}

/** What `createSession` takes. Everything has a default in development; production wants `appInfo`. */
export interface SessionOptions {
  appInfo?: AppInfo | undefined;
  /** Default: an SQLite file, `.sessions/sessions.db`. */
  store?: SessionStore | undefined;
  /**
   * A name that keeps this instance apart from others on the same store: keys, secrets, sessions and roles of one
   * namespace are invisible in another. 1 to 20 of a-z, 0-9 and `_`, starting with a letter, each `_` alone and between others.
   * Default: none, which is apart from all that have one.
   */
  namespace?: string | undefined;
  /**
   * Secret behind refresh tokens, at least 32 characters; or several, newest first, all of which are accepted. Default:
   * one that is made on first use and kept in the store.
   *
   * While old and new processes run side by side both must know a new one: first add it at the end of the list
   * everywhere, then move it to the front. Keep the old one for as long as a session may live without being refreshed.
   * `"stored"` in the list is the place of the store's own; where it is not named, new sessions go on being made with
   * the store's, if it has one. `docs/running.md` has the steps.
   */
  secret?: string | readonly string[] | undefined;
  plugins?: readonly SessionPlugin[] | undefined;
  /** Claims of the application, built into sessions and kept fresh as their policies say; see `defineClaim`. */
  claims?: readonly SessionClaim<unknown>[] | undefined;

  /**
   * `Domain` of our cookies. Default: none (host-only). One that is a public suffix known from the list only is not
   * refused here, since the list is loaded beside the start: a warning says so, `ready()` rejects with `INVALID_OPTION`,
   * and no session is made or refreshed.
   */
  cookieDomain?: string | undefined;
  /** The domain our cookies had before `cookieDomain` was changed; `""` for host-only. */
  olderCookieDomain?: string | undefined;
  /** Default: whether `apiDomain` is https. */
  cookieSecure?: boolean | undefined;
  /** Default: `lax`, or `none` when API and website are different sites. */
  cookieSameSite?: SameSite | undefined;
  /** `Path` of the access token cookie. Default `/`. */
  accessTokenPath?: string | undefined;
  /**
   * `__Host-` before the access cookie's name (path `/`, no domain), `__Secure-` before the refresh cookie's. Default false.
   *
   * From false to true in steps that sign nobody out, each deployed everywhere before the next: `"accept"` writes the names
   * without prefixes and takes both; `"move"` writes those with and takes both; `true` takes no others, and comes when no
   * session can be left that was last refreshed before: after `refreshTokenValidityMinutes`. Backwards the same way.
   */
  cookiePrefixes?: boolean | "accept" | "move" | undefined;
  /** 401 unless the client is configured with another one. */
  sessionExpiredStatusCode?: number | undefined;
  /** 403 unless the client is configured with another one. */
  invalidClaimStatusCode?: number | undefined;
  /**
   * Default: VIA_CUSTOM_HEADER where cookies are SameSite=None, else NONE; and then a request that may change something
   * is refused (403) when it has no `rid` header and comes from an origin that is neither the website's nor the API's.
   */
  antiCsrf?: AntiCsrfMode | undefined;
  /** How tokens travel. Default `auto`: as the client asks (`st-auth-mode`), in cookies where it does not say. */
  tokenTransfer?: "cookie" | "header" | "auto" | undefined;
  /** The same per request; wins over `tokenTransfer`. */
  getTokenTransferMethod?:
    | ((input: {
        req: BaseRequest;
        forCreateNewSession: boolean;
        userContext: UserContext;
      }) => TokenTransferPolicy)
    | undefined;
  getCookieNameForTokenType?:
    | ((req: BaseRequest, tokenType: "access" | "refresh", userContext: UserContext) => string)
    | undefined;
  /** The stock browser client knows the default names only. */
  getResponseHeaderNameForTokenType?:
    | ((req: BaseRequest, tokenType: "access" | "refresh", userContext: UserContext) => string)
    | undefined;
  /** Shows the access token to script also when it travels in a cookie. Default false. */
  exposeAccessTokenToFrontendInCookieBasedAuth?: boolean | undefined;
  /** Sign with rotating keys. Default true. */
  useDynamicAccessTokenSigningKey?: boolean | undefined;
  /** Seconds after which the key table is read again although nothing asked for it. Default 14 400. */
  jwksRefreshIntervalSec?: number | undefined;
  errorHandlers?: ErrorHandlers | undefined;
  override?: Overrides | undefined;

  /** Seconds, 1 to 2 592 000 (30 days). Default 900: as long as a revoked token may still count elsewhere. */
  accessTokenValiditySeconds?: number | undefined;
  /** Fraction, 0 to 0.05, by which a token's life is shortened at random. Default 0. */
  accessTokenValidityJitter?: number | undefined;
  /** Minutes, may be fractional; longer than the access token's life. Slides with use. Default 144 000 (100 days). */
  refreshTokenValidityMinutes?: number | undefined;
  /** Days after which a session ends however much it is used. Default 365. */
  absoluteLifetimeDays?: number | undefined;
  /** Hours, at least 1. Default 168. */
  accessTokenSigningKeyUpdateIntervalHours?: number | undefined;
  /** Seconds, 0 to 60, for which a refresh token is still taken after its successor is in use. Default 30. */
  refreshGracePeriodSeconds?: number | undefined;
  /** Algorithm of new signing keys; older ones go on verifying. Default ES256. */
  signingAlgorithm?: SigningAlgorithm | undefined;
  /** Default of `checkDatabase`. Default false. */
  checkDatabaseByDefault?: boolean | undefined;
  /**
   * A new login revokes the session its request carried; by an expired access token only one of the user who signs in.
   * Default true.
   */
  revokePreviousSession?: boolean | undefined;
  /** Bounds of the cache of verified tokens, or false for none. Default 10 000 entries, 16 MB. */
  verifiedTokenCache?: { maxEntries?: number | undefined; maxBytes?: number | undefined } | false | undefined;
  /** Refreshes one session may go through, per process. Default 30 in 60 s. */
  refreshRateLimit?: { maxPerWindow: number; windowSeconds: number } | false | undefined;

  clock?: Clock | undefined;
  random?: RandomBytes | undefined;
  /** Default: the console. Nobody waits for it, and nothing fails with it. */
  logger?: Logger | undefined;
  /** Says each decision of each request in a line of its own, through `logger.debug`; never a token. Default false. */
  debug?: boolean | undefined;
  /** Gets security events. Nobody waits for it; what it throws or rejects with is told to the logger and goes no further. */
  onEvent?: SessionEventListener | undefined;
  /** Lifts lower bounds that protect production (rotation interval, …). For tests. */
  allowTestValues?: boolean | undefined;
}
