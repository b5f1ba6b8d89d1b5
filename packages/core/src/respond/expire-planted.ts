import type { BaseResponse } from "../http/base-response.js";
import type { TokenDress } from "./token-dress.js";

/** Domains above the API's host that are gone through, from the widest down: the widest are those siblings can use. */
const MAX_DOMAINS = 2;
/** Proxies take a response's head of some kilobytes only. */
const MAX_LINES = 24;
/** The request's path is the client's: nothing in it may end an attribute. */
const SAFE_PATH = /^\/[\w/.~%!$&'()*+,=:@-]{0,255}$/;

/**
 * Expires the cookies of one name that a page of another host of the same site can have planted beside ours, wherever
 * they may be: under every domain above the API's host and every path above the request's. Only the cookie that we set
 * ourselves stays. What a browser does not have it ignores.
 *
 * @param apiHost host of the API, without a port
 * @param requestPath path of the request that carried them, as the browser knows it
 */
export function expirePlantedCookies(
  res: BaseResponse,
  dress: TokenDress,
  apiHost: string,
  requestPath: string,
  type: "access" | "refresh",
): void {
  const name = type === "access" ? dress.accessCookieName : dress.refreshCookieName;
  // Browsers refuse this name with any domain or path but ours.
  if (name.startsWith("__Host-")) return;
  const ownDomain = dress.domain?.replace(/^\./, "");
  const ownPath = type === "access" ? dress.accessPath : dress.refreshPath;
  let lines = 0;
  for (const domain of domainsAbove(apiHost, ownDomain)) {
    for (const path of pathsAbove(requestPath)) {
      if (domain === ownDomain && path === ownPath) continue;
      if (lines === MAX_LINES) return;
      lines += 1;
      const { secure, sameSite } = dress;
      res.setCookie({ name, value: "", domain, path, expiresMs: 0, httpOnly: true, secure, sameSite });
    }
  }
}

/** Of `api.eu.example.com`: `example.com`, `eu.example.com`; the host alone where our own cookies have a domain. */
function domainsAbove(host: string, ownDomain: string | undefined): (string | undefined)[] {
  const alone = ownDomain === undefined ? [] : [undefined];
  const labels = host.split(".");
  const isName = labels.length > 1 && /[a-z]/i.test(labels.at(-1) as string) && !host.startsWith("[");
  if (!isName) return alone;
  const domains = labels.slice(0, -1).map((_, index) => labels.slice(index).join("."));
  return [...domains.reverse().slice(0, MAX_DOMAINS), ...alone];
}

/** Every path whose cookies a request for this one carries (RFC 6265 §5.1.4). */
function pathsAbove(requestPath: string): string[] {
  const paths = ["/"];
  for (let at = requestPath.indexOf("/", 1); at !== -1; at = requestPath.indexOf("/", at + 1)) {
    paths.push(requestPath.slice(0, at), requestPath.slice(0, at + 1));
  }
  if (requestPath.length > 1 && !requestPath.endsWith("/")) paths.push(requestPath);
  return paths.filter((path) => SAFE_PATH.test(path));
}
