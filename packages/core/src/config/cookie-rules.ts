import { invalidOption } from "../errors/throwers.js";
import { isLocalHost } from "./normalise-domain.js";
import type { RegistrableDomain } from "./same-site.js";

/**
 * What browsers would drop without a word while logins answer 200: a domain that the API's answers may not set cookies
 * for (RFC 6265 §5.3, steps 5 and 6).
 *
 * @param domain as it is sent, with its dot or without
 * @throws SessionError `INVALID_OPTION`
 */
export function checkCookieDomain(option: string, domain: string, apiHost: string): void {
  const bare = domain.replace(/^\./, "");
  if (bare === apiHost) return;
  if (!bare.includes(".") && !isLocalHost(bare)) throw isPublicSuffix(option, bare);
  if (apiHost.endsWith(`.${bare}`) && !isLocalHost(apiHost)) {
    if (COMMON_SUFFIXES.has(bare)) throw isPublicSuffix(option, bare);
    return;
  }
  throw invalidOption(
    option,
    bare.endsWith(`.${apiHost}`)
      ? `${bare} lies below the API's host, ${apiHost}: browsers drop such cookies; give the host or a domain above it`
      : `${bare} is no domain of the API's host, ${apiHost}: browsers drop such cookies; give the host or a domain above it`,
  );
}

/** The same by the whole list, where it had to be loaded first. @throws SessionError `INVALID_OPTION` */
export function checkNoPublicSuffix(option: string, domain: string, registrable: RegistrableDomain): void {
  const bare = domain.replace(/^\./, "");
  if (needsSuffixList(bare) && registrable(bare) === null) throw isPublicSuffix(option, bare);
}

/** Whether only the list can tell if a domain, which is one of the API's, is a public suffix. */
export function needsSuffixList(domain: string): boolean {
  const bare = domain.replace(/^\./, "");
  return !isLocalHost(bare) && !bare.endsWith(".local");
}

/** Those that people meet, so that most mistakes are told at once; all others when the list is there. */
const COMMON_SUFFIXES: ReadonlySet<string> = new Set(
  "co.uk org.uk com.au net.au co.nz co.jp co.in co.kr co.za com.br com.mx com.tr com.cn com.sg com.ar github.io gitlab.io vercel.app netlify.app pages.dev workers.dev herokuapp.com web.app firebaseapp.com run.app appspot.com onrender.com fly.dev up.railway.app azurewebsites.net azurestaticapps.net cloudfront.net ngrok.io ngrok-free.app deno.dev surge.sh".split(
    " ",
  ),
);

function isPublicSuffix(option: string, domain: string): Error {
  return invalidOption(
    option,
    `${domain} is a public suffix, under which strangers live: browsers drop cookies for it; give a domain of your own`,
  );
}

/**
 * Whether browsers send a cookie to a path (RFC 6265 §5.1.4).
 *
 * @param cookiePath begins with a slash
 */
export function covers(cookiePath: string, path: string): boolean {
  if (!path.startsWith(cookiePath)) return false;
  return path.length === cookiePath.length || cookiePath.endsWith("/") || path[cookiePath.length] === "/";
}
