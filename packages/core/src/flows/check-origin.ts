import { isLocalHost, normaliseDomain } from "../config/normalise-domain.js";
import { requestPath } from "../config/normalise-path.js";
import { SessionError } from "../errors/session-error.js";
import { printable } from "../runtime/printable.js";
import type { RequestMemo } from "./request-memo.js";

/**
 * Refuses a refresh or sign-out that a page of another origin asks for (security rule X-02): a present `Origin` must be
 * the website's or the API's own; without one, `Sec-Fetch-Site: cross-site` is refused.
 *
 * @throws SessionError `CSRF_REJECTED`; nothing is cleared, or any site could sign the user out
 */
export function checkOrigin(memo: RequestMemo): void {
  const { req } = memo.exchange;
  const origin = req.header("origin");
  const isAllowed =
    origin === undefined ? req.header("sec-fetch-site") !== "cross-site" : isOwnOrigin(memo, origin);
  if (isAllowed) return;
  memo.core.engine.emit({ type: "csrf_rejected", path: printable(requestPath(req.url), 200) });
  throw new SessionError({
    type: "CSRF_REJECTED",
    message: "the request comes from an origin that is neither the website's nor the API's",
  });
}

function isOwnOrigin(memo: RequestMemo, origin: string): boolean {
  const website = memo.website();
  if (website === undefined) return isLocalOrigin(origin);
  return sameOrigin(origin, website) || sameOrigin(origin, memo.core.config.apiOrigin);
}

function sameOrigin(a: string, b: string): boolean {
  try {
    return new URL(a).origin === new URL(b).origin;
  } catch {
    return a === b;
  }
}

function isLocalOrigin(origin: string): boolean {
  const normalised = /^https?:\/\//.test(origin) ? normaliseDomain(origin) : undefined;
  return normalised !== undefined && isLocalHost(new URL(normalised).hostname);
}
