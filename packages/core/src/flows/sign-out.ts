import type { UserContext } from "../claims/user-context.js";
import { SessionError } from "../errors/session-error.js";
import { bearerToken } from "../extract/bearer-token.js";
import type { TokenTransferMethod } from "../extract/token-transfer.js";
import type { Exchange } from "../http/exchange.js";
import { clearTokens } from "../respond/write-tokens.js";
import type { SessionContainer } from "../session/session-container.js";
import { checkOrigin } from "./check-origin.js";
import { getSession } from "./guard.js";
import { memoOf, type RequestMemo } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

/**
 * Ends the session of the request (P-10): no claim can keep a user from signing out, and no store is asked whether the
 * session still exists.
 *
 * @returns undefined when the endpoint has been switched off by an override
 */
export async function signOut(
  core: SessionCore,
  exchange: Exchange,
  given?: UserContext | undefined,
): Promise<{ status: "OK" } | { status: "GENERAL_ERROR"; message: string } | undefined> {
  if (core.apis.signOutPOST === undefined) return undefined;
  const memo = memoOf(core, exchange);
  await memo.sitesLoaded();
  checkOrigin(memo);
  const userContext = memo.userContext(given);
  const options = { sessionRequired: true, checkDatabase: false, overrideGlobalClaimValidators: () => [] };
  let session: SessionContainer | undefined;
  try {
    session = await getSession(core, exchange, options, userContext);
  } catch (error) {
    const transfer = await transferOfEnded(memo, error);
    if (transfer === undefined) throw error;
    clearTokens(exchange.res, memo.dress(), transfer);
    return { status: "OK" };
  }
  if (session === undefined) return undefined;
  return core.apis.signOutPOST({ exchange, req: exchange.req, res: exchange.res, session, userContext });
}

/** Whoever signs out twice, or was signed out meanwhile, is signed out: the token was ours, only its row is gone (S-05). */
async function transferOfEnded(memo: RequestMemo, error: unknown): Promise<TokenTransferMethod | undefined> {
  if (!SessionError.is(error) || error.type !== "UNAUTHORISED") return undefined;
  const { req } = memo.exchange;
  const { verifier } = memo.core.engine;
  const bearer = bearerToken(req.header("authorization"));
  if (bearer !== undefined && (await verifier.authenticate(bearer)) !== undefined) return "header";
  const [cookie, another] = await verifier.ours(req.cookieValues(memo.accessCookieName()));
  const isOnly = cookie !== undefined && another === undefined;
  return isOnly && (await verifier.authenticate(cookie)) !== undefined ? "cookie" : undefined;
}
