import { unauthorised } from "../errors/throwers.js";
import { openRefreshToken } from "../tokens/refresh-token.js";
import { expireForeignCookies } from "./expire-foreign-cookies.js";
import type { RequestMemo } from "./request-memo.js";

/**
 * Nobody else can set a `__Host-` cookie, so the access cookie says who the user is, expired or not. A refresh cookie of
 * another user beside it has been planted while the user's own was gone. Of the same user it is a later session: an
 * answer of the one before it came late.
 *
 * @throws SessionError `UNAUTHORISED` (clearing)
 */
export async function assertOwnRefreshToken(memo: RequestMemo, refreshToken: string): Promise<void> {
  const name = memo.accessCookieName();
  if (!name.startsWith("__Host-")) return;
  const accessToken = memo.exchange.req.onlyCookie(name);
  if (typeof accessToken !== "string" || accessToken === "") return;
  const { verifier, secrets, store, clock } = memo.core.engine;
  const refresh = await openRefreshToken(secrets, refreshToken);
  if (refresh === undefined) return;
  const access = await verifier.namedBy(accessToken);
  if (access === undefined || access.sessionHandle === refresh.handle) return;
  const row = await store.getSession(refresh.handle, clock.wallMs());
  if (row === undefined || row.userId === access.sub) return;
  expireForeignCookies(memo, "refresh", memo.core.config.refreshPath, true);
  throw unauthorised("the refresh token is of another user than the access token", true);
}
