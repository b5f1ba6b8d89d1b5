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
  if (!hasOwnOrigin(memo)) throw foreignOrigin(memo);
}

/**
 * Whether a request that may change something shows, beside its SameSite cookie, a second sign that it comes from the
 * application's own pages (security rule X-01): the `rid` header, which a page of another origin can send only after a
 * preflight, or an origin of ours. Requests that no browser made have neither and need none.
 */
export function isFromOwnPage(memo: RequestMemo): boolean {
  const { req } = memo.exchange;
  if (req.header("rid") !== undefined) return true;
  // Forms on pages with `Referrer-Policy: no-referrer` hide their origin; the browser vouches for it all the same.
  if (req.header("origin") === "null" && req.header("sec-fetch-site") === "same-origin") return true;
  return hasOwnOrigin(memo);
}

/** Counts the refusal. */
export function foreignOrigin(memo: RequestMemo): SessionError<"CSRF_REJECTED"> {
  memo.core.engine.emit({ type: "csrf_rejected", path: printable(requestPath(memo.exchange.req.url), 200) });
  return new SessionError({
    type: "CSRF_REJECTED",
    message: "the request comes from an origin that is neither the website's nor the API's",
  });
}

function hasOwnOrigin(memo: RequestMemo): boolean {
  const { req } = memo.exchange;
  const origin = req.header("origin");
  return origin === undefined ? req.header("sec-fetch-site") !== "cross-site" : isOwnOrigin(memo, origin);
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
