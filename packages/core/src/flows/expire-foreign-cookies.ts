import { expirePlantedCookies } from "../respond/expire-planted.js";
import { expireOlderCookie } from "../respond/write-tokens.js";
import type { RequestMemo } from "./request-memo.js";

/**
 * Expires what is not ours under the name of a token: the older domain's, where one is configured; without one, and where
 * tokens of several sessions say that somebody has planted his, all that can be beside ours.
 *
 * @param sentPath path of the request that carried them, as the browser knows it
 */
export function expireForeignCookies(
  memo: RequestMemo,
  type: "access" | "refresh",
  sentPath: string,
  hasSeveralSessions: boolean,
): void {
  const { olderCookieDomain, apiOrigin } = memo.core.config;
  const { res } = memo.exchange;
  const dress = memo.dress();
  if (olderCookieDomain !== null) expireOlderCookie(res, dress, olderCookieDomain.domain, type);
  if (olderCookieDomain === null || hasSeveralSessions) {
    expirePlantedCookies(res, dress, new URL(apiOrigin).hostname, sentPath, type);
  }
}
