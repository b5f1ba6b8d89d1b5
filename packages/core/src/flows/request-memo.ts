import type { UserContext } from "../claims/user-context.js";
import { normaliseDomain } from "../config/normalise-domain.js";
import { checkedName } from "../config/resolve-options.js";
import { SessionError } from "../errors/session-error.js";
import { invalidOption } from "../errors/throwers.js";
import {
  defaultTransferPolicy,
  type TokenTransferMethod,
  type TokenTransferPolicy,
} from "../extract/token-transfer.js";
import type { Exchange } from "../http/exchange.js";
import type { Maybe } from "../platform/platform.js";
import type { TokenDress } from "../respond/token-dress.js";
import { clearTokens, rememberTokens, writeTokens } from "../respond/write-tokens.js";
import { answeredAtOnce } from "../session/answered-at-once.js";
import type { HeldTokens, SessionContainer, SessionSink } from "../session/session-container.js";
import { TakeBack } from "../store/take-back.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";
import type { SessionCore } from "./session-core.js";

/** Checks a session has passed in this exchange; bits of a set. */
export const CHECKED_NOTHING = 0;
export const CHECKED_ANTI_CSRF = 1;
export const CHECKED_DATABASE = 2;
export const CHECKED_ALL = CHECKED_ANTI_CSRF | CHECKED_DATABASE;

type Attempt = Promise<SessionContainer | undefined>;

/** Instances that have said once that an `await` seems to be missing. */
const hinted = new WeakSet<SessionCore>();

/**
 * What one instance knows of one exchange: the session once it is established, and what the response is to look like.
 * The session reports its changes here; here they become headers and cookies.
 */
export class RequestMemo implements SessionSink {
  /** The session that the response is about: nobody else writes to it. */
  session: SessionContainer | undefined;
  /** Which checks `session` has passed. */
  passed = CHECKED_NOTHING;
  isEnded = false;
  /** Counts what the application did to the session: an attempt that began before it has no say any more. */
  era = 0;
  transfer: TokenTransferMethod = "cookie";
  /** Whether the secrets that the refresh tokens name have been looked for: a request waits for one reading at most. */
  hasReadSecrets = false;
  /** Attempts to establish the session, under way or failed, by the checks they make: one exchange verifies once. */
  #attempts: Attempt[] | undefined;
  #userContext: UserContext | undefined;
  #dress: TokenDress | undefined;
  /** What the response says by transactions of the application that may be rolled back. */
  #takeBack: TakeBack | undefined;

  constructor(
    readonly core: SessionCore,
    readonly exchange: Exchange,
  ) {}

  /** A session that was found in the request; its later changes are written to the response. */
  adopt(session: SessionContainer, transfer: TokenTransferMethod, passed: number): SessionContainer {
    if (session.heldTokens.updated) this.#rememberInTransaction();
    session.sink = this;
    this.session = session;
    this.passed = passed;
    this.isEnded = false;
    this.transfer = transfer;
    return session;
  }

  /** A session that the application has made, refreshed or attached: from here on the response is about it. */
  begin(session: SessionContainer, transfer: TokenTransferMethod, passed: number): void {
    this.#turn();
    this.adopt(session, transfer, passed);
  }

  attempt(wanted: number): Attempt | undefined {
    return this.#attempts?.[wanted];
  }

  /** Another attempt, rather one whose failure is the answer here too: it makes no check that is not wanted. */
  otherAttempt(wanted: number): { attempt: Attempt; isLaxer: boolean } | undefined {
    if (this.#attempts === undefined) return undefined;
    let other: Attempt | undefined;
    for (const checks of [CHECKED_NOTHING, CHECKED_ANTI_CSRF, CHECKED_DATABASE, CHECKED_ALL]) {
      const attempt = this.#attempts[checks];
      if (attempt === undefined || checks === wanted) continue;
      if ((checks & wanted) === checks) return { attempt, isLaxer: true };
      other = attempt;
    }
    return other && { attempt: other, isLaxer: false };
  }

  remember(wanted: number, attempt: Attempt): void {
    this.#attempts ??= [];
    this.#attempts[wanted] = attempt;
  }

  get isReadOnly(): boolean {
    return this.exchange.res.isReadOnly;
  }

  assertDeliverable(): void {
    this.#assertReachable("the session would change, and the client would never hear of it");
  }

  /** For what is of no use to anybody but this client. @throws SessionError `RESPONSE_COMMITTED`, also when it has gone away */
  assertClientIsThere(otherwise: string): void {
    this.#assertReachable(otherwise);
    if (this.exchange.res.isAbandoned) throw committed(`${otherwise}: the client has gone away`);
  }

  newest(session: SessionContainer): HeldTokens | undefined {
    const { session: current } = this;
    return current !== session && this.#isAbout(session) ? current?.heldTokens : undefined;
  }

  tokensChanged(session: SessionContainer): void {
    if (!this.#isAbout(session)) return;
    this.#rememberInTransaction();
    this.session = session;
    this.#assertReachable("the session has changed, and the client hears of it with its next refresh only");
    const { accessToken, refreshToken, refreshTokenExpiresAtMs, antiCsrfToken } = session.heldTokens;
    const isNew = refreshToken !== undefined && refreshTokenExpiresAtMs !== undefined;
    writeTokens(
      this.exchange.res,
      this.dress(),
      this.transfer,
      {
        accessToken,
        frontToken: session.getFrontToken(),
        refreshToken: isNew ? { token: refreshToken, expiresAtMs: refreshTokenExpiresAtMs } : undefined,
        antiCsrfToken: isNew ? antiCsrfToken : undefined,
      },
      this.core.engine.clock.wallMs(),
    );
  }

  revoked(session: SessionContainer): void {
    if (!this.#isAbout(session)) return;
    this.#rememberInTransaction();
    this.#turn();
    this.session = undefined;
    this.isEnded = true;
    this.#assertReachable(
      "the session has been revoked, and the client hears of it with its next refresh only",
    );
    clearTokens(this.exchange.res, this.dress(), this.transfer);
  }

  /** By handle: a guard and a stricter one behind it may hold a container each. */
  #isAbout(session: SessionContainer): boolean {
    return this.session === session || this.session?.getHandle() === session.getHandle();
  }

  /** What is told to the client in a transaction of the application is not told when the application's work fails in it. */
  #rememberInTransaction(): void {
    if (this.isReadOnly) return;
    const transaction = this.core.engine.store.joined?.();
    if (transaction !== undefined) this.#takeBack ??= new TakeBack();
    this.#takeBack?.changing(transaction, () => {
      const { session, passed, isEnded, transfer } = this;
      const settle = rememberTokens(this.exchange.res, this.dress());
      return (isKept) => {
        settle(isKept);
        if (isKept) return;
        this.#turn();
        Object.assign(this, { session, passed, isEnded, transfer });
      };
    });
  }

  #turn(): void {
    this.era += 1;
    this.#attempts = undefined;
  }

  #assertReachable(what: string): void {
    const { res } = this.exchange;
    if (res.isReadOnly) {
      throw new SessionError({ type: "READ_ONLY_CONTEXT", message: `${what}: ${res.readOnlyReason}` });
    }
    if (!res.committed) return;
    if (!hinted.has(this.core)) {
      hinted.add(this.core);
      this.core.config.logger.warn(
        "A session changed when the response had already been sent, so its tokens did not go out: is an `await` missing in " +
          "front of createNewSession(), refreshSession(), revokeSession() or a change of the payload?",
      );
    }
    throw committed(
      `${what}: the response head has already been sent; do it before the first byte of the body, and await it`,
    );
  }

  /** The context of calls that were given none. */
  userContext(given?: UserContext): UserContext {
    const { req: request } = this.exchange;
    if (given !== undefined) {
      given._default ??= { request };
      // One that several requests share stays the first one's: nobody is to be taken for somebody else.
      return given._default.request === request ? given : { ...given, _default: { request } };
    }
    this.#userContext ??= { _default: { request } };
    return this.#userContext;
  }

  /** Names and attributes of tokens on this response. */
  dress(): TokenDress {
    this.#dress ??= this.#makeDress();
    return this.#dress;
  }

  /** Origin of the website this request comes from; undefined in development without `appInfo`. */
  website(): string | undefined {
    const { website } = this.core.config;
    if (typeof website !== "function") return website;
    const answer: unknown = answeredAtOnce(
      "appInfo.origin",
      website({ request: this.exchange.req, userContext: this.userContext() }),
    );
    const origin = typeof answer === "string" ? normaliseDomain(answer) : undefined;
    if (origin === undefined) throw invalidOption("appInfo.origin", "must return a domain or an origin");
    return origin;
  }

  antiCsrfMode(): AntiCsrfMode {
    const { antiCsrf } = this.core.config;
    if (antiCsrf !== undefined) return antiCsrf;
    return this.dress().sameSite === "none" ? "VIA_CUSTOM_HEADER" : "NONE";
  }

  transferPolicy(forCreateNewSession: boolean): TokenTransferPolicy {
    const { getTokenTransferMethod, tokenTransfer } = this.core.config.options;
    if (getTokenTransferMethod !== undefined) {
      const answer: unknown = answeredAtOnce(
        "getTokenTransferMethod",
        getTokenTransferMethod({
          req: this.exchange.req,
          forCreateNewSession,
          userContext: this.userContext(),
        }),
      );
      if (answer === "cookie" || answer === "header" || answer === "any") return answer;
      throw invalidOption("getTokenTransferMethod", 'must return "cookie", "header" or "any"');
    }
    if (tokenTransfer === "cookie" || tokenTransfer === "header") return tokenTransfer;
    return forCreateNewSession
      ? defaultTransferPolicy(this.exchange.req.header("st-auth-mode"), true)
      : "any";
  }

  /** The name of the access cookie in this request. Known without the sites, so that no request waits for them in vain. */
  accessCookieName(): string {
    const { config } = this.core;
    if (!config.asksForCookieNames) return config.accessCookieName;
    const { req } = this.exchange;
    const name = this.#writtenName("access");
    const other = config.otherCookieNames?.access;
    if (other === undefined || !req.onlyCookie(other)) return name;
    // One with `__Host-` is ours: a plain one beside it comes from a host of the same site.
    return !req.onlyCookie(name) || other.startsWith("__") ? other : name;
  }

  /** What the request's refresh cookies say. Under both names where both are taken: `__Secure-` keeps no host away. */
  refreshCookies(): string[] {
    const { req } = this.exchange;
    const other = this.core.config.otherCookieNames?.refresh;
    const others = other === undefined ? [] : req.cookieValues(other);
    return [...req.cookieValues(this.#writtenName("refresh")), ...others].filter((value) => value !== "");
  }

  /** The sites must be known before anything that depends on `SameSite` is asked for. */
  sitesLoaded(): Maybe<void> {
    return this.core.config.sitesAreLoaded ? undefined : this.core.config.loadSites();
  }

  /** The name that new cookies get. */
  #writtenName(type: "access" | "refresh"): string {
    const { accessCookieName, refreshCookieName, options } = this.core.config;
    const { getCookieNameForTokenType } = options;
    if (getCookieNameForTokenType === undefined)
      return type === "access" ? accessCookieName : refreshCookieName;
    return nameFrom(
      "getCookieNameForTokenType",
      getCookieNameForTokenType(this.exchange.req, type, this.userContext()),
    );
  }

  #makeDress(): TokenDress {
    const { config } = this.core;
    const { getResponseHeaderNameForTokenType } = config.options;
    const { req } = this.exchange;
    const headerName = (type: "access" | "refresh"): string =>
      getResponseHeaderNameForTokenType === undefined
        ? `st-${type}-token`
        : nameFrom(
            "getResponseHeaderNameForTokenType",
            getResponseHeaderNameForTokenType(req, type, this.userContext()),
          );
    const website = this.website();
    return {
      accessCookieName: this.#writtenName("access"),
      refreshCookieName: this.#writtenName("refresh"),
      otherCookieNames: config.otherCookieNames,
      accessHeaderName: headerName("access"),
      refreshHeaderName: headerName("refresh"),
      accessPath: config.accessTokenPath,
      refreshPath: config.refreshPath,
      domain: config.cookieDomain,
      secure: config.cookieSecure,
      sameSite: config.cookieSameSite ?? (website === undefined ? "lax" : config.sameSite(website)),
      exposeAccessToken: config.options.exposeAccessTokenToFrontendInCookieBasedAuth ?? false,
    };
  }
}

function nameFrom(option: string, answer: unknown): string {
  return checkedName(option, answeredAtOnce(option, answer));
}

function committed(message: string): SessionError<"RESPONSE_COMMITTED"> {
  return new SessionError({ type: "RESPONSE_COMMITTED", message });
}

/** The memo of an exchange; made on first use. */
export function memoOf(core: SessionCore, exchange: Exchange): RequestMemo {
  return exchange.memoFor(core, newMemo);
}

const newMemo = (core: SessionCore, exchange: Exchange): RequestMemo => new RequestMemo(core, exchange);
