import type { UserContext } from "../claims/user-context.js";
import { unauthorised } from "../errors/throwers.js";
import { bearerToken } from "../extract/bearer-token.js";
import { chooseTransfer } from "../extract/token-transfer.js";
import type { Exchange } from "../http/exchange.js";
import { clearTokens } from "../respond/write-tokens.js";
import type { SessionContainer } from "../session/session-container.js";
import { parseAccessToken } from "../tokens/access-token.js";
import { looksLikeRefreshToken } from "../tokens/refresh-token.js";
import { foreignRefreshTokens, mayExpire } from "./another-deployment.js";
import { assertOwnRefreshToken } from "./assert-own-refresh-token.js";
import { checkOrigin } from "./check-origin.js";
import { chooseRefreshToken } from "./duplicate-refresh-tokens.js";
import { expireForeignCookies } from "./expire-foreign-cookies.js";
import { CHECKED_ALL, memoOf } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

/**
 * Exchanges the request's refresh token and puts the new tokens on the response (wire-contract.md 3.3). Sends no body.
 *
 * @throws SessionError `UNAUTHORISED` (clearing), `TOKEN_THEFT_DETECTED`, `CSRF_REJECTED`, `RATE_LIMITED`,
 *         `STORE_UNAVAILABLE`, `RESPONSE_COMMITTED` (before anything is rotated)
 */
export async function refreshSession(
  core: SessionCore,
  exchange: Exchange,
  given?: UserContext | undefined,
): Promise<SessionContainer> {
  const arrivedAtMonoMs = core.engine.clock.monoMs();
  const memo = memoOf(core, exchange);
  memo.assertDeliverable();
  await memo.sitesLoaded();
  checkOrigin(memo);
  const { req, res } = exchange;
  const dress = memo.dress();
  const policy = memo.transferPolicy(false);
  const bearer = bearerToken(req.header("authorization"));
  // Any other bearer value is somebody else's, and must not hide a good cookie.
  const headerToken = bearer !== undefined && looksLikeRefreshToken(bearer) ? bearer : undefined;
  const cookieTokens = memo.refreshCookies();
  const transfer = chooseTransfer(policy, headerToken !== undefined, cookieTokens.length > 0);
  if (transfer === undefined) {
    throw unauthorised("the request carries no refresh token", !req.hasOversizedCookies);
  }
  let refreshToken = headerToken as string;
  let hasSeveralSessions = false;
  if (transfer === "cookie") {
    if (memo.antiCsrfMode() === "VIA_CUSTOM_HEADER" && req.header("rid") === undefined) {
      throw unauthorised("the refresh request has no `rid` header", true);
    }
    ({ refreshToken, hasSeveralSessions } = await chooseRefreshToken(memo, cookieTokens, arrivedAtMonoMs));
    await assertOwnRefreshToken(memo, refreshToken);
  }
  const session = await core.engine.tools.functions.refreshSession({
    refreshToken,
    antiCsrfToken: req.header("anti-csrf"),
    disableAntiCsrf: transfer === "header" || memo.antiCsrfMode() !== "VIA_TOKEN",
    arrivedAtMonoMs,
    userContext: memo.userContext(given),
  });
  memo.begin(session, transfer, CHECKED_ALL);
  if (session.isRevoked) {
    memo.revoked(session);
    return session;
  }
  if (transfer === "cookie" && headerToken !== undefined) clearTokens(res, dress, "header");
  const foreign = await foreignRefreshTokens(memo, cookieTokens);
  if (transfer === "header" && cookieTokens.some((text) => !foreign.has(text)))
    clearTokens(res, dress, "cookie");
  memo.tokensChanged(session);
  if (transfer === "cookie") {
    // Of the domain before `cookieDomain` was changed, or planted by a sibling host (D-7, D-10).
    if (mayExpire(memo, cookieTokens, foreign, hasSeveralSessions)) {
      expireForeignCookies(memo, "refresh", core.config.refreshPath, hasSeveralSessions);
    }
    const accessTokens = req.cookieValues(dress.accessCookieName);
    const elsewhere = await core.engine.verifier.elsewhere(accessTokens);
    const isPlanted = accessTokens.some((text) => !elsewhere.has(text) && namesAnother(text, session));
    // One at some other path is met, and expired, by a request for that path.
    if (mayExpire(memo, accessTokens, elsewhere)) expireForeignCookies(memo, "access", "/", isPlanted);
  }
  core.cleanUp.tick();
  return session;
}

/** Whether a text says that it is a token of another session; no signature is checked. */
function namesAnother(text: string, session: SessionContainer): boolean {
  const handle = parseAccessToken(text)?.payload.sessionHandle;
  return handle !== undefined && handle !== session.getHandle();
}
