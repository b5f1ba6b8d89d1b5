import type { TokenTransferMethod } from "../extract/token-transfer.js";
import type { BaseResponse } from "../http/base-response.js";
import { FRONT_TOKEN_REMOVE } from "../tokens/front-token.js";
import type { TokenDress } from "./token-dress.js";

/** The access cookie outlives its token, so that the server can tell "refresh" from "no session" (wire-contract.md 1.7). */
const ACCESS_COOKIE_LIFETIME_MS = 31_536_000_000;

const EXPOSE = "Access-Control-Expose-Headers";
const FRONT_TOKEN = "front-token";
const ANTI_CSRF = "anti-csrf";
const CACHE_CONTROL = "Cache-Control";
const UNCACHED = "private, no-store";

/** What a response is to carry. */
export interface TokensToSend {
  accessToken: string;
  frontToken: string;
  /** With create and refresh only. */
  refreshToken?: { token: string; expiresAtMs: number } | undefined;
  /** With create and refresh only. */
  antiCsrfToken?: string | undefined;
}

/**
 * What sets back what tokens are written to, unless it is kept. What the application wrote meanwhile stays: its names
 * among the exposed ones, its `Cache-Control`.
 */
export function rememberTokens(res: BaseResponse, dress: TokenDress): (isKept: boolean) => void {
  const { accessHeaderName, refreshHeaderName, accessCookieName, refreshCookieName } = dress;
  const { otherCookieNames: others } = dress;
  const headers = [FRONT_TOKEN, accessHeaderName, refreshHeaderName, ANTI_CSRF];
  const cookies = [accessCookieName, refreshCookieName, ...(others ? [others.access, others.refresh] : [])];
  const settle = res.remember(headers, cookies);
  const caching = res.getHeader(CACHE_CONTROL);
  const exposed = namesIn(res.getHeader(EXPOSE)).map(plain);
  const ours = new Set(headers.map(plain).filter((name) => !exposed.includes(name)));
  return (isKept) => {
    settle(isKept);
    if (isKept || res.committed) return;
    if (res.getHeader(CACHE_CONTROL) === UNCACHED) setOrRemove(res, CACHE_CONTROL, caching);
    const present = namesIn(res.getHeader(EXPOSE));
    const theirs = present.filter((name) => !ours.has(plain(name)));
    if (theirs.length < present.length)
      setOrRemove(res, EXPOSE, theirs.some(plain) ? theirs.join(",").trim() : undefined);
  };
}

function namesIn(header: string | undefined): string[] {
  return header?.split(",") ?? [];
}

function plain(name: string): string {
  return name.trim().toLowerCase();
}

function setOrRemove(res: BaseResponse, name: string, value: string | undefined): void {
  if (value === undefined) res.removeHeader(name);
  else res.setHeader(name, value);
}

/** Writes tokens, in the order front token, access token, refresh token, anti-CSRF token (O-8). */
export function writeTokens(
  res: BaseResponse,
  dress: TokenDress,
  method: TokenTransferMethod,
  tokens: TokensToSend,
  nowMs: number,
): void {
  setExposed(res, FRONT_TOKEN, tokens.frontToken);
  if (method === "cookie") {
    setAccessCookie(res, dress, tokens.accessToken, nowMs + ACCESS_COOKIE_LIFETIME_MS);
    if (dress.exposeAccessToken) setExposed(res, dress.accessHeaderName, tokens.accessToken);
  } else {
    setExposed(res, dress.accessHeaderName, tokens.accessToken);
  }
  if (tokens.refreshToken !== undefined) {
    const { token, expiresAtMs } = tokens.refreshToken;
    if (method === "cookie") setRefreshCookie(res, dress, token, expiresAtMs);
    else setExposed(res, dress.refreshHeaderName, token);
  }
  if (tokens.antiCsrfToken !== undefined) setExposed(res, ANTI_CSRF, tokens.antiCsrfToken);
  forbidCaching(res);
}

/** Tells the client that tokens of one transfer method are gone (wire-contract.md 1.8.3). */
export function clearTokens(
  res: BaseResponse,
  dress: TokenDress,
  method: TokenTransferMethod,
  spared?: ReadonlySet<"access" | "refresh">,
): void {
  if (method === "cookie") {
    if (!spared?.has("access")) setAccessCookie(res, dress, "", 0);
    if (!spared?.has("refresh")) setRefreshCookie(res, dress, "", 0);
  } else {
    setExposed(res, dress.accessHeaderName, "");
    setExposed(res, dress.refreshHeaderName, "");
  }
  res.removeHeader(ANTI_CSRF);
  setExposed(res, FRONT_TOKEN, FRONT_TOKEN_REMOVE);
  forbidCaching(res);
}

/** Clears both methods, whatever the request carried (K-1), but for cookies that are not ours. */
export function clearAllTokens(
  res: BaseResponse,
  dress: TokenDress,
  spared: ReadonlySet<"access" | "refresh">,
): void {
  clearTokens(res, dress, "cookie", spared);
  clearTokens(res, dress, "header");
}

/** Expires one cookie under an older domain; the token under the current domain is not touched. */
export function expireOlderCookie(
  res: BaseResponse,
  dress: TokenDress,
  olderDomain: string | undefined,
  type: "access" | "refresh",
): void {
  const older = { ...dress, domain: olderDomain };
  if (type === "access") setAccessCookie(res, older, "", 0);
  else setRefreshCookie(res, older, "", 0);
}

/** A front token that makes the client repeat the request and then refresh again (D-8). */
export function writePlaceholderFrontToken(res: BaseResponse, frontToken: string): void {
  setExposed(res, FRONT_TOKEN, frontToken);
  forbidCaching(res);
}

function setAccessCookie(res: BaseResponse, dress: TokenDress, value: string, expiresMs: number): void {
  const other = dress.otherCookieNames?.access;
  setCookie(res, dress, dress.accessCookieName, dress.accessPath, value, expiresMs);
  if (other !== undefined) setCookie(res, dress, other, dress.accessPath, "", 0);
}

function setRefreshCookie(res: BaseResponse, dress: TokenDress, value: string, expiresMs: number): void {
  const other = dress.otherCookieNames?.refresh;
  setCookie(res, dress, dress.refreshCookieName, dress.refreshPath, value, expiresMs);
  if (other !== undefined) setCookie(res, dress, other, dress.refreshPath, "", 0);
}

function setCookie(
  res: BaseResponse,
  { domain, secure, sameSite }: TokenDress,
  name: string,
  path: string,
  value: string,
  expiresMs: number,
): void {
  res.setCookie({ name, value, domain, path, expiresMs, httpOnly: true, secure, sameSite });
}

function setExposed(res: BaseResponse, name: string, value: string): void {
  res.setHeader(name, value);
  res.mergeHeader(EXPOSE, name);
}

/** Tokens never end up in a cache; a value of the application that is as strict stays (C-08). */
function forbidCaching(res: BaseResponse): void {
  const present = res.getHeader(CACHE_CONTROL)?.toLowerCase() ?? "";
  if (!present.includes("no-store")) res.setHeader(CACHE_CONTROL, UNCACHED);
}
