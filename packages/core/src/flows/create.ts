import type { UserContext } from "../claims/user-context.js";
import { isLocalHost } from "../config/normalise-domain.js";
import { checkAntiCsrf } from "../config/resolve-options.js";
import { SessionError } from "../errors/session-error.js";
import { invalidOption, invalidPayload } from "../errors/throwers.js";
import { bearerToken } from "../extract/bearer-token.js";
import { transferForNewSession } from "../extract/token-transfer.js";
import type { Exchange } from "../http/exchange.js";
import { clearTokens } from "../respond/write-tokens.js";
import type { JsonObject } from "../runtime/json.js";
import { checkUserId, DEFAULT_TENANT } from "../session/create-session.js";
import type { SessionContainer } from "../session/session-container.js";
import { parseAccessToken } from "../tokens/access-token.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { withoutReservedClaims } from "../tokens/reserved-claims.js";
import { CHECKED_ALL, memoOf, type RequestMemo } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

/** One in the header, one in a cookie. */
const MAX_PREVIOUS = 2;

export interface NewSession {
  userId: string;
  /** Default `public`. */
  tenantId?: string | undefined;
  accessTokenPayload?: JsonObject | null | undefined;
  sessionData?: JsonObject | null | undefined;
  userContext?: UserContext | undefined;
}

/**
 * Starts a session and puts its tokens on the response (wire-contract.md 3.1). A session that the request carried is
 * revoked once the new one is stored (security rule S-02).
 *
 * @throws SessionError `INVALID_ARGUMENT`, `INVALID_PAYLOAD`, `PAYLOAD_TOO_LARGE`, `STORE_UNAVAILABLE`;
 *         `RESPONSE_COMMITTED` when the tokens cannot reach the client, also where the response was sent, or the client
 *         went away, while the store was asked; no session exists then
 */
export async function createNewSession(
  core: SessionCore,
  exchange: Exchange,
  input: NewSession,
): Promise<SessionContainer> {
  checkUserId(input.userId);
  const memo = memoOf(core, exchange);
  memo.assertClientIsThere("the session would change, and the client would never hear of it");
  await memo.sitesLoaded();
  const { req, res } = exchange;
  const userContext = memo.userContext(input.userContext);
  const transfer = transferForNewSession(memo.transferPolicy(true), req.header("st-auth-mode"));
  if (transfer === "cookie") assertCookiesWillBeKept(memo);
  const dress = memo.dress();
  const bearer = bearerToken(req.header("authorization"));
  const cookies = req.cookieValues(memo.accessCookieName()).filter((value) => value !== "");
  const elsewhere = await core.engine.verifier.elsewhere(cookies);
  const session = await core.engine.tools.functions.createNewSession({
    userId: input.userId,
    recipeUserId: input.userId,
    tenantId: input.tenantId ?? DEFAULT_TENANT,
    accessTokenPayload: ownClaims(input.accessTokenPayload),
    sessionData: input.sessionData ?? {},
    disableAntiCsrf: transfer === "header",
    userContext,
  });
  try {
    memo.assertClientIsThere("the new session could not be told to the client and was revoked again");
  } catch (error) {
    await takeBack(core, session, userContext);
    throw error;
  }
  memo.begin(session, transfer, CHECKED_ALL);
  if (transfer === "cookie" && bearer !== undefined) clearTokens(res, dress, "header");
  const ours = cookies.filter((text) => !elsewhere.has(text));
  if (transfer === "header" && ours.length > 0) clearTokens(res, dress, "cookie");
  if (session.isRevoked) memo.revoked(session);
  else memo.tokensChanged(session);
  if (core.config.options.revokePreviousSession !== false) {
    const previous = [...(bearer === undefined ? [] : [bearer]), ...ours, ...elsewhere.keys()];
    await revokePrevious(core, previous, session, userContext);
  }
  core.cleanUp.tick();
  return session;
}

/**
 * What is left of a payload that may have been copied from an old token. The functions behind refuse reserved
 * claims: there, an override has put them in by mistake.
 */
export function ownClaims(accessTokenPayload: JsonObject | null | undefined): JsonObject {
  // Of other libraries the tenant's id comes first.
  if (typeof accessTokenPayload === "string") {
    throw invalidPayload(
      "the access token payload must be a plain object, after the user's id; with a tenant: `{ userId, tenantId, accessTokenPayload }`",
    );
  }
  return withoutReservedClaims(snapshotPayload("access token payload", accessTokenPayload));
}

/** Browsers would throw away a SameSite=None cookie that is not Secure (S-5). */
function assertCookiesWillBeKept(memo: RequestMemo): void {
  const { secure, sameSite } = memo.dress();
  checkAntiCsrf(memo.core.config.options, sameSite);
  if (sameSite !== "none" || secure) return;
  const { apiOrigin } = memo.core.config;
  const website = memo.website();
  const isLocal =
    isLocalHost(new URL(apiOrigin).hostname) &&
    website !== undefined &&
    isLocalHost(new URL(website).hostname);
  if (isLocal) return;
  throw invalidOption(
    "cookieSecure",
    "API and website are different sites, so cookies need SameSite=None and Secure: use https for `appInfo.apiDomain` and do not set `cookieSecure: false`",
  );
}

/** Nobody will ever use it: the row does not stay behind. */
async function takeBack(
  core: SessionCore,
  session: SessionContainer,
  userContext: UserContext,
): Promise<void> {
  try {
    await core.engine.tools.functions.revokeSession({ sessionHandle: session.getHandle(), userContext });
  } catch (error) {
    if (!SessionError.is(error))
      core.config.logger.warn("a session that could not be told to its client could not be revoked");
  }
}

/** Bounded: each costs a signature check, and a stranger can send as many as a header holds. */
function ofOurShape(tokens: readonly string[]): string[] {
  const found = new Set<string>();
  for (const token of tokens) {
    if (parseAccessToken(token) !== undefined) found.add(token);
    if (found.size === MAX_PREVIOUS) break;
  }
  return [...found];
}

/**
 * Best effort: nothing here may fail the login. But in a transaction of the application a failure is the transaction's,
 * and the login goes with it.
 */
async function revokePrevious(
  core: SessionCore,
  tokens: readonly string[],
  session: SessionContainer,
  userContext: UserContext,
): Promise<void> {
  for (const token of ofOurShape(tokens)) {
    try {
      const { sub, exp, sessionHandle: handle } = (await core.engine.verifier.authenticate(token)) ?? {};
      if (handle === undefined || handle === session.getHandle()) continue;
      // Expired, it says whose it was, and the refresh token lives on: that ends a session of this user's. For another's it
      // proves nothing: anybody may have found it, in a log say.
      const isExpired = (exp as number) * 1000 <= core.engine.clock.wallMs();
      if (isExpired && sub !== session.getUserId()) continue;
      await core.engine.tools.functions.revokeSession({ sessionHandle: handle, userContext });
    } catch (error) {
      const isOfTheStore = SessionError.is(error) && error.type === "STORE_UNAVAILABLE";
      if (isOfTheStore && core.engine.store.joined?.() !== undefined) throw error;
      if (!SessionError.is(error))
        core.config.logger.warn("the session a login replaced could not be revoked");
    }
  }
}
