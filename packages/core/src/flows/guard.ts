import type { UserContext } from "../claims/user-context.js";
import { requestPath, sentPath } from "../config/normalise-path.js";
import type { SessionError } from "../errors/session-error.js";
import { tryRefreshToken, unauthorised } from "../errors/throwers.js";
import { bearerToken } from "../extract/bearer-token.js";
import type { TokenTransferMethod, TokenTransferPolicy } from "../extract/token-transfer.js";
import { DUPLICATED } from "../http/cookie-header.js";
import type { Exchange } from "../http/exchange.js";
import type { Maybe } from "../platform/platform.js";
import { expireOlderCookie } from "../respond/write-tokens.js";
import { type EstablishOptions, establishSession } from "../session/establish-session.js";
import type { SessionContainer } from "../session/session-container.js";
import type { VerifySessionOptions } from "../session/types.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";
import { chooseDuplicate } from "../verify/choose-duplicate.js";
import { mayExpire } from "./another-deployment.js";
import { checkClaims, hasValidators } from "./check-claims.js";
import { foreignOrigin, isFromOwnPage } from "./check-origin.js";
import { expireForeignCookies } from "./expire-foreign-cookies.js";
import { type CheckedOptions, callOptions } from "./guard-options.js";
import { refreshSession } from "./refresh.js";
import { CHECKED_ANTI_CSRF, CHECKED_DATABASE, memoOf, type RequestMemo } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

/**
 * One protected request, from start to end (wire-contract.md 3.2): find the token, verify it, check it against
 * cross-site use, promote it if it is fresh from a refresh, then judge the claims. No promise where there is nothing to wait
 * for, and then it throws at once too.
 *
 * @returns undefined only when `sessionRequired` is false and the request carries no token of ours
 * @throws SessionError `TRY_REFRESH_TOKEN`, `UNAUTHORISED` (never clearing), `CSRF_REJECTED`, `INVALID_CLAIMS`,
 *         `STORE_UNAVAILABLE`
 */
export function getSession(
  core: SessionCore,
  exchange: Exchange,
  options?: VerifySessionOptions | undefined,
  userContext?: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  return guard(core, exchange, callOptions(core, options), userContext);
}

function guard(
  core: SessionCore,
  exchange: Exchange,
  options: CheckedOptions | undefined,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const memo = memoOf(core, exchange);
  const session = establish(memo, options, userContext);
  return session instanceof Promise
    ? session.then((found) => admit(memo, found, options, userContext))
    : admit(memo, session, options, userContext);
}

function admit(
  memo: RequestMemo,
  session: SessionContainer | undefined,
  options: CheckedOptions | undefined,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  if (session === undefined) {
    if (memo.exchange.req.hasOversizedCookies)
      throw unauthorised("the Cookie header is too large to be looked into", false);
    if (options?.sessionRequired === false) return undefined;
    throw unauthorised("the request carries no session", false);
  }
  if (!hasValidators(memo.core, options)) return session;
  const checking = checkClaims(memo.core, session, options, memo.userContext(userContext));
  return checking instanceof Promise ? checking.then(() => session) : session;
}

/**
 * What `verifySession` does before any override: on the refresh endpoint's path it refreshes (P-6), else it guards. No
 * promise where there is nothing to wait for, and then it throws at once too.
 */
export function guardOrRefresh(
  core: SessionCore,
  exchange: Exchange,
  options?: CheckedOptions | undefined,
  userContext?: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const { req } = exchange;
  if (req.method === "POST" && core.config.gatewayPath + requestPath(req.url) === core.config.refreshPath) {
    // The handler behind the guard runs on this path too: what it asks of a session holds for a refreshed one.
    return refreshSession(core, exchange, userContext).then((session) =>
      admit(memoOf(core, exchange), session, options, userContext),
    );
  }
  return guard(core, exchange, options, userContext);
}

/** The session of the exchange, verified at most once however often it is asked for. */
function establish(
  memo: RequestMemo,
  options: CheckedOptions | undefined,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const { method } = memo.exchange.req;
  const antiCsrfCheck = options?.antiCsrfCheck ?? (method !== "GET" && method !== "HEAD");
  const checkDatabase = options?.checkDatabase ?? memo.core.config.options.checkDatabaseByDefault ?? false;
  const wanted = (antiCsrfCheck ? CHECKED_ANTI_CSRF : 0) | (checkDatabase ? CHECKED_DATABASE : 0);
  if (memo.session !== undefined && (memo.passed & wanted) === wanted) return memo.session;
  if (memo.isEnded) return undefined;
  const known = memo.attempt(wanted);
  if (known !== undefined) return known;
  let found: Maybe<SessionContainer | undefined>;
  try {
    found = behindAnother(memo, wanted, userContext) ?? lookUp(memo, wanted, userContext);
  } catch (error) {
    found = Promise.reject(error);
  }
  if (found instanceof Promise) memo.remember(wanted, found);
  return found;
}

/**
 * Waits for an attempt with other checks, if there is one: a token is verified, and promoted, once at a time. A success
 * answers what asks for as much or less, a failure what asks for as much or more; else the checks are made.
 */
function behindAnother(
  memo: RequestMemo,
  wanted: number,
  userContext: UserContext | undefined,
): Promise<SessionContainer | undefined> | undefined {
  const other = memo.otherAttempt(wanted);
  if (other === undefined) return undefined;
  return other.attempt.then(
    (found) => (found === undefined ? undefined : asItStands(memo, wanted, userContext)),
    (error: unknown) => {
      if (other.isLaxer) throw error;
      return asItStands(memo, wanted, userContext);
    },
  );
}

/** The session that the exchange is about by now, checked as wanted. */
function asItStands(
  memo: RequestMemo,
  wanted: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  if (memo.session !== undefined && (memo.passed & wanted) === wanted) return memo.session;
  return memo.isEnded ? undefined : lookUp(memo, wanted, userContext);
}

/** Checks further what is there already, by its own token and by how it travels; else the tokens of the request. */
function lookUp(
  memo: RequestMemo,
  wanted: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const { session, transfer } = memo;
  if (session === undefined) return fromRequest(memo, wanted, userContext);
  if (transfer === "cookie" && (wanted & CHECKED_ANTI_CSRF) !== 0) {
    const loading = memo.sitesLoaded();
    if (loading instanceof Promise) return loading.then(() => asItStands(memo, wanted, userContext));
    const refusal = refusalOf(memo, memo.antiCsrfMode());
    if (refusal !== undefined) throw refusal();
  }
  return fromToken(memo, session.getAccessToken(), transfer, wanted, userContext);
}

/** Header before cookie, where the policy allows both; a foreign token in the header counts as none (T-6 to T-15). */
function fromRequest(
  memo: RequestMemo,
  wanted: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const policy = memo.transferPolicy(false);
  const bearer = policy === "cookie" ? undefined : bearerToken(memo.exchange.req.header("authorization"));
  if (bearer === undefined) return fromCookies(memo, policy, wanted, userContext);
  const { era } = memo;
  const found = fromToken(memo, bearer, "header", wanted, userContext);
  return found instanceof Promise
    ? found.then((session) => {
        if (session !== undefined) return session;
        return memo.era === era
          ? fromCookies(memo, policy, wanted, userContext)
          : asItStands(memo, wanted, userContext);
      })
    : (found ?? fromCookies(memo, policy, wanted, userContext));
}

function fromCookies(
  memo: RequestMemo,
  policy: TokenTransferPolicy,
  wanted: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  if (policy === "header") return undefined;
  const { req } = memo.exchange;
  const value = req.onlyCookie(memo.accessCookieName());
  if (value === undefined) return undefined;
  if ((wanted & CHECKED_ANTI_CSRF) !== 0) {
    const loading = memo.sitesLoaded();
    if (loading instanceof Promise) return loading.then(() => asItStands(memo, wanted, userContext));
    const refusal = refusalOf(memo, memo.antiCsrfMode());
    if (refusal !== undefined) {
      const refuse = ({ length }: readonly string[]): undefined => {
        if (length > 0) throw refusal();
      };
      const ours = memo.core.engine.verifier.ours(req.cookieValues(memo.accessCookieName()));
      return ours instanceof Promise ? ours.then(refuse) : refuse(ours);
    }
  }
  if (value === DUPLICATED) {
    const { era } = memo;
    return chooseFrom(memo).then((token) => {
      if (memo.era !== era) return asItStands(memo, wanted, userContext);
      return token === undefined ? undefined : fromToken(memo, token, "cookie", wanted, userContext);
    });
  }
  return fromToken(memo, value, "cookie", wanted, userContext);
}

/** What to throw when the request may have been made by somebody else's page; a cookie alone does not tell. */
function refusalOf(memo: RequestMemo, mode: AntiCsrfMode): (() => SessionError) | undefined {
  if (mode === "VIA_CUSTOM_HEADER") {
    return memo.exchange.req.header("rid") === undefined
      ? () => tryRefreshToken("the request has no `rid` header")
      : undefined;
  }
  const isLeftToUs = memo.core.config.antiCsrf === undefined;
  return isLeftToUs && !isFromOwnPage(memo) ? () => foreignOrigin(memo) : undefined;
}

/** The request has passed what `refusalOf` asks; what its anti-CSRF token and the row say is still to come. */
function fromToken(
  memo: RequestMemo,
  token: string,
  transfer: TokenTransferMethod,
  wanted: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  const { engine, hasOverriddenFunctions } = memo.core;
  const isAmbient = transfer === "cookie" && (wanted & CHECKED_ANTI_CSRF) !== 0;
  const options: EstablishOptions = {
    antiCsrfCheck: isAmbient && memo.antiCsrfMode() === "VIA_TOKEN",
    antiCsrfToken: isAmbient ? memo.exchange.req.header("anti-csrf") : undefined,
    checkDatabase: (wanted & CHECKED_DATABASE) !== 0,
    isReadOnly: memo.isReadOnly,
  };
  const { era } = memo;
  const found = hasOverriddenFunctions
    ? engine.tools.functions.getSession({
        accessToken: token,
        antiCsrfToken: options.antiCsrfToken,
        options: {
          sessionRequired: false,
          antiCsrfCheck: options.antiCsrfCheck,
          checkDatabase: options.checkDatabase,
          ...(options.isReadOnly ? { isReadOnly: true } : {}),
        },
        userContext: memo.userContext(userContext),
      })
    : establishSession(engine, token, options);
  return found instanceof Promise
    ? found.then((session) => settle(memo, session, transfer, wanted, era, userContext))
    : settle(memo, found, transfer, wanted, era, userContext);
}

function settle(
  memo: RequestMemo,
  session: SessionContainer | undefined,
  transfer: TokenTransferMethod,
  wanted: number,
  era: number,
  userContext: UserContext | undefined,
): Maybe<SessionContainer | undefined> {
  // The application has begun or ended a session meanwhile: this one has no say any more.
  if (memo.era !== era) return asItStands(memo, wanted, userContext);
  if (session === undefined) return undefined;
  // Also where nothing is sent yet: what a handler does to the session is written to the response at once.
  const loading = memo.sitesLoaded();
  if (loading instanceof Promise) {
    return loading.then(() => settle(memo, session, transfer, wanted, era, userContext));
  }
  const { updated } = session.heldTokens;
  const known = memo.session;
  if (known === undefined) {
    memo.adopt(session, transfer, wanted);
  } else {
    const passed = memo.passed | wanted;
    if (!updated && known.getAccessToken() === session.getAccessToken()) {
      memo.passed = passed;
      return known;
    }
    memo.adopt(session, transfer, passed);
  }
  // What comes too late is not lost: the token that was sent is good, and the next request gets the new one.
  if (updated && !memo.isReadOnly && !memo.exchange.res.committed) memo.tokensChanged(session);
  return session;
}

/** One of several access cookies; those beside ours go when they are planted, or of the older domain (D-6). */
async function chooseFrom(memo: RequestMemo): Promise<string | undefined> {
  const { engine, config } = memo.core;
  const { req, res } = memo.exchange;
  const { verifier } = engine;
  const values = req.cookieValues(memo.accessCookieName());
  const chosen = await chooseDuplicate(verifier, values, async () => {
    if (res.committed || memo.isReadOnly) return;
    await memo.sitesLoaded();
    expireForeignCookies(memo, "access", config.gatewayPath + sentPath(req.url), true);
  });
  if (
    chosen !== undefined &&
    config.olderCookieDomain !== null &&
    mayExpire(memo, values, await verifier.elsewhere(values))
  ) {
    await memo.sitesLoaded();
    expireOlderCookie(res, memo.dress(), config.olderCookieDomain.domain, "access");
  }
  return chosen?.token;
}
