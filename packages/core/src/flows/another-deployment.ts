import { isOfUnknownSecret, openRefreshToken } from "../tokens/refresh-token.js";
import type { RequestMemo } from "./request-memo.js";

/**
 * Cookies of another deployment with this library reach ours under the same names: from a domain above both, or from another
 * port or path of one host. They count for nothing here, and are neither expired nor cleared.
 */

/** Of texts, those that are another deployment's. */
type Foreign = Pick<ReadonlySet<string>, "has" | "size">;

/** Those of the refresh tokens that are another deployment's; all that are not known to be ours while it cannot be told. */
export async function foreignRefreshTokens(
  memo: RequestMemo,
  texts: readonly string[],
): Promise<ReadonlySet<string>> {
  const { secrets } = memo.core.engine;
  if (!memo.hasReadSecrets) await Promise.allSettled(texts.map((text) => openRefreshToken(secrets, text)));
  memo.hasReadSecrets = true;
  return new Set(texts.filter((text) => isOfUnknownSecret(secrets, text)));
}

/**
 * Whether cookies beside ours may be expired: a request does not tell where each is, so only if all of them may go, or
 * there are tokens of another session of ours, which nobody but a stranger puts there.
 */
export function mayExpire(
  memo: RequestMemo,
  texts: readonly string[],
  foreign: Foreign,
  hasSeveralSessions = false,
): boolean {
  const rest = texts.filter((text) => !foreign.has(text));
  return (
    rest.length > 1 &&
    (hasSeveralSessions || foreign.size === 0 || memo.core.config.olderCookieDomain !== null)
  );
}

/** Of which tokens the request carries cookies, all of them another deployment's: one of them may be where ours would be. */
export async function foreignAlone(memo: RequestMemo): Promise<ReadonlySet<"access" | "refresh">> {
  const { req } = memo.exchange;
  const { verifier } = memo.core.engine;
  const found = new Set<"access" | "refresh">();
  const add = (type: "access" | "refresh", texts: readonly string[], foreign: Foreign): void => {
    if (foreign.size > 0 && texts.every((text) => foreign.has(text))) found.add(type);
  };
  const refresh = memo.refreshCookies();
  add("refresh", refresh, await foreignRefreshTokens(memo, refresh));
  const access = req.cookieValues(memo.accessCookieName());
  add("access", access, await verifier.elsewhere(access));
  return found;
}
