import type { BaseResponse } from "../http/base-response.js";
import type { CookieSpec } from "../http/set-cookie.js";
import type { TokenDress } from "./token-dress.js";

/** Proxies take a response's head of some kilobytes only. */
const MAX_LINES = 24;
const MAX_BYTES = 3072;
/** Of a line, without name, domain and path. */
const LINE_BYTES = 100;
/** Longer attributes are ignored by browsers (RFC 6265bis §5.6). The path is the client's: nothing in it may end an attribute. */
const SAFE_PATH = /^\/[\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]{0,1023}$/;

type Place = Pick<CookieSpec, "name" | "domain" | "path">;

/**
 * Expires the cookies of one kind that a page of another host of the same site can have planted beside ours, wherever
 * they may be: under every domain above the API's host and every path above the request's. Only the cookie that we set
 * ourselves stays. What a browser does not have it ignores. Where there are more places than one response may name, each
 * response names others, so that a client that asks again loses them all.
 *
 * @param apiHost host of the API, without a port
 * @param sentPath path of the request that carried them, as the browser sent it
 */
export function expirePlantedCookies(
  res: BaseResponse,
  dress: TokenDress,
  apiHost: string,
  sentPath: string,
  type: "access" | "refresh",
): void {
  const { secure, sameSite } = dress;
  for (const place of asManyAsFit(placesOf(dress, apiHost, sentPath, type), type))
    res.setCookie({ ...place, value: "", expiresMs: 0, httpOnly: true, secure, sameSite });
}

/** Where somebody else can have put a cookie of this kind, from the widest domain down. */
function placesOf(dress: TokenDress, apiHost: string, sentPath: string, type: "access" | "refresh"): Place[] {
  const ownName = type === "access" ? dress.accessCookieName : dress.refreshCookieName;
  const ownDomain = dress.domain?.replace(/^\./, "");
  const ownPath = type === "access" ? dress.accessPath : dress.refreshPath;
  const paths = pathsAbove(sentPath);
  const places: Place[] = [];
  for (const name of [ownName, dress.otherCookieNames?.[type]]) {
    // Browsers refuse that prefix with any domain or path but ours.
    if (name === undefined || name.startsWith("__Host-")) continue;
    for (const domain of domainsAbove(apiHost, ownDomain)) {
      for (const path of paths) {
        if (name !== ownName || domain !== ownDomain || path !== ownPath) places.push({ name, domain, path });
      }
    }
  }
  return places;
}

/** Where the next list that is too long begins: a client that asks again and again gets one run after the other. */
const next = { access: 0, refresh: 0 };

/** All of them, or as many as fit. */
function asManyAsFit(places: readonly Place[], type: "access" | "refresh"): Place[] {
  const bytesOf = ({ name, domain = "", path }: Place): number =>
    LINE_BYTES + name.length + domain.length + path.length;
  const allBytes = places.reduce((sum, place) => sum + bytesOf(place), 0);
  const doFit = places.length <= MAX_LINES && allBytes <= MAX_BYTES;
  if (doFit) return [...places];
  const start = next[type] % places.length;
  const fitting: Place[] = [];
  let bytesLeft = MAX_BYTES;
  for (const place of [...places.slice(start), ...places.slice(0, start)]) {
    bytesLeft -= bytesOf(place);
    if (fitting.length > 0 && (fitting.length === MAX_LINES || bytesLeft < 0)) break;
    fitting.push(place);
  }
  next[type] = start + fitting.length;
  return fitting;
}

/** Of `api.eu.example.com`: `example.com`, `eu.example.com` and itself; the host alone where our own cookies have a domain. */
function domainsAbove(host: string, ownDomain: string | undefined): (string | undefined)[] {
  const alone = ownDomain === undefined ? [] : [undefined];
  const labels = host.split(".");
  const isName = labels.length > 1 && /[a-z]/i.test(labels.at(-1) as string) && !host.startsWith("[");
  if (!isName) return alone;
  const domains = labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
  return [...domains.reverse(), ...alone];
}

/** Every path whose cookies a request for this one carries (RFC 6265 §5.1.4). */
function pathsAbove(sentPath: string): string[] {
  const paths = ["/"];
  for (let at = sentPath.indexOf("/", 1); at !== -1; at = sentPath.indexOf("/", at + 1)) {
    paths.push(sentPath.slice(0, at), sentPath.slice(0, at + 1));
  }
  if (sentPath.length > 1 && !sentPath.endsWith("/")) paths.push(sentPath);
  return paths.filter((path) => SAFE_PATH.test(path));
}
