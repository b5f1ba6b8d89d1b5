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
import { clearTokens, writeTokens } from "../respond/write-tokens.js";
import { answeredAtOnce } from "../session/answered-at-once.js";
import type { SessionContainer, SessionSink } from "../session/session-container.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";
import type { SessionCore } from "./session-core.js";

/** Checks a session has passed in this exchange; bits of a set. */
export const CHECKED_ANTI_CSRF = 1;
export const CHECKED_DATABASE = 2;
export const CHECKED_ALL = CHECKED_ANTI_CSRF | CHECKED_DATABASE;

/**
 * What one instance knows of one exchange: the session once it is established, and what the response is to look like.
 * The session reports its changes here; here they become headers and cookies.
 */
export class RequestMemo implements SessionSink {
  session: SessionContainer | undefined;
  /** Which checks `session`, or the attempt under way, has passed. */
  passed = 0;
  /** The attempt to establish the session, under way or failed: one exchange verifies once. */
  attempt: Promise<SessionContainer | undefined> | undefined;
  attempted = 0;
  isEnded = false;
  #transfer: TokenTransferMethod = "cookie";
  #userContext: UserContext | undefined;
  #dress: TokenDress | undefined;

  constructor(
    readonly core: SessionCore,
    readonly exchange: Exchange,
  ) {}

  /** Makes a session this exchange's own; its later changes are written to the response. */
  adopt(session: SessionContainer, transfer: TokenTransferMethod, passed: number): SessionContainer {
    session.sink = this;
    this.session = session;
    this.passed = passed;
    this.isEnded = false;
    this.#transfer = transfer;
    return session;
  }

  get isReadOnly(): boolean {
    return this.exchange.res.isReadOnly;
  }

  assertDeliverable(): void {
    const { res } = this.exchange;
    if (res.isReadOnly) {
      throw new SessionError({
        type: "READ_ONLY_CONTEXT",
        message: `the session would change, and the client would never hear of it: ${res.readOnlyReason}`,
      });
    }
    if (!res.committed) return;
    throw new SessionError({
      type: "RESPONSE_COMMITTED",
      message:
        "the session's tokens would change, but the response head has already been sent; do it before the first byte of the body",
    });
  }

  tokensChanged(session: SessionContainer): void {
    const { accessToken, refreshToken, refreshTokenExpiresAtMs, antiCsrfToken } = session.heldTokens;
    const isNew = refreshToken !== undefined && refreshTokenExpiresAtMs !== undefined;
    writeTokens(
      this.exchange.res,
      this.dress(),
      this.#transfer,
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
    clearTokens(this.exchange.res, this.dress(), this.#transfer);
    if (this.session !== session) return;
    this.session = undefined;
    this.attempt = undefined;
    this.isEnded = true;
  }

  /** The context of calls that were given none. */
  userContext(given?: UserContext): UserContext {
    if (given !== undefined) {
      given._default ??= { request: this.exchange.req };
      return given;
    }
    this.#userContext ??= { _default: { request: this.exchange.req } };
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

  /** The name of the access cookie in this request. */
  accessCookieName(): string {
    const { config } = this.core;
    return config.asksForCookieNames ? this.#sentName("access") : config.accessCookieName;
  }

  refreshCookieName(): string {
    const { config } = this.core;
    return config.asksForCookieNames ? this.#sentName("refresh") : config.refreshCookieName;
  }

  /** Needs nothing of the dress, which may have to wait for the sites. */
  #sentName(type: "access" | "refresh"): string {
    const { accessCookieName, refreshCookieName, otherCookieNames, options } = this.core.config;
    const { req } = this.exchange;
    const { getCookieNameForTokenType } = options;
    if (getCookieNameForTokenType !== undefined) {
      return checkedName(
        "getCookieNameForTokenType",
        getCookieNameForTokenType(req, type, this.userContext()),
      );
    }
    const name = type === "access" ? accessCookieName : refreshCookieName;
    const other = otherCookieNames?.[type];
    const isOther = other !== undefined && !req.onlyCookie(name) && req.onlyCookie(other) !== undefined;
    return isOther ? other : name;
  }

  /** The sites must be known before anything that depends on `SameSite` is asked for. */
  sitesLoaded(): Maybe<void> {
    return this.core.config.sitesAreLoaded ? undefined : this.core.config.loadSites();
  }

  #makeDress(): TokenDress {
    const { config } = this.core;
    const { getCookieNameForTokenType, getResponseHeaderNameForTokenType } = config.options;
    const { req } = this.exchange;
    const cookieName = (type: "access" | "refresh", standard: string): string =>
      getCookieNameForTokenType === undefined
        ? standard
        : nameFrom("getCookieNameForTokenType", getCookieNameForTokenType(req, type, this.userContext()));
    const headerName = (type: "access" | "refresh"): string =>
      getResponseHeaderNameForTokenType === undefined
        ? `st-${type}-token`
        : nameFrom(
            "getResponseHeaderNameForTokenType",
            getResponseHeaderNameForTokenType(req, type, this.userContext()),
          );
    const website = this.website();
    return {
      accessCookieName: cookieName("access", config.accessCookieName),
      refreshCookieName: cookieName("refresh", config.refreshCookieName),
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

/** The memo of an exchange; made on first use. */
export function memoOf(core: SessionCore, exchange: Exchange): RequestMemo {
  return exchange.memoFor(core, () => new RequestMemo(core, exchange));
}
