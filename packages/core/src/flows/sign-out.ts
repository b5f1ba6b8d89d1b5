import type { UserContext } from "../claims/user-context.js";
import type { Exchange } from "../http/exchange.js";
import { checkOrigin } from "./check-origin.js";
import { getSession } from "./guard.js";
import { memoOf } from "./request-memo.js";
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
  const session = await getSession(core, exchange, options, userContext);
  if (session === undefined) return undefined;
  return core.apis.signOutPOST({ exchange, req: exchange.req, res: exchange.res, session, userContext });
}
