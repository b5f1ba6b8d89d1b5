import type { SameSite } from "../respond/token-dress.js";
import { isLocalHost } from "./normalise-domain.js";

/** Registrable domain of a host, by the public suffix list with its private part; null when it has none. */
export type RegistrableDomain = (host: string) => string | null;

let loading: Promise<RegistrableDomain> | undefined;

/** The list is large, and needed only when API and website have different hosts: it is loaded then. */
export function loadPublicSuffixes(): Promise<RegistrableDomain> {
  loading ??= import("tldts").then(
    ({ getDomain }) =>
      (host) =>
        getDomain(host, { allowPrivateDomains: true }),
  );
  return loading;
}

/**
 * What two hosts must share to be one site: `localhost` for this machine and IP literals, else the
 * registrable domain. A host that is itself a public suffix of Amazon's, or ends in `.local`, stands for itself.
 *
 * @returns undefined when the host has no registrable domain
 */
export function siteOf(host: string, registrable: RegistrableDomain): string | undefined {
  if (isLocalHost(host)) return "localhost";
  // No suffix of the list ends in `.local`, but the list's default rule would make one of it.
  if (host.endsWith(".local")) return host;
  return registrable(host) ?? (host.endsWith(".amazonaws.com") ? host : undefined);
}

/**
 * `SameSite` for a pair of origins (wire-contract.md 1.7.1): None across sites or schemes, else Lax.
 *
 * @param registrable may be absent when the hosts are equal or both local
 */
export function sameSiteFor(
  apiOrigin: string,
  websiteOrigin: string,
  registrable: RegistrableDomain | undefined,
): SameSite {
  const api = new URL(apiOrigin);
  const website = new URL(websiteOrigin);
  if (api.protocol !== website.protocol) return "none";
  if (!needsPublicSuffixes(apiOrigin, websiteOrigin)) {
    return api.hostname === website.hostname || isLocalHost(website.hostname) === isLocalHost(api.hostname)
      ? "lax"
      : "none";
  }
  if (registrable === undefined) throw new Error("the public suffix list has not been loaded");
  const site = siteOf(api.hostname, registrable);
  return site !== undefined && site === siteOf(website.hostname, registrable) ? "lax" : "none";
}

/**
 * Whether two origins are certainly of two sites, without the list: a registrable domain has two labels or more, so that
 * hosts whose last two differ share none.
 */
export function areSurelyTwoSites(apiOrigin: string, websiteOrigin: string): boolean {
  const api = new URL(apiOrigin);
  const website = new URL(websiteOrigin);
  if (!needsPublicSuffixes(apiOrigin, websiteOrigin))
    return sameSiteFor(apiOrigin, websiteOrigin, undefined) === "none";
  const lastTwo = (host: string): string => host.split(".").slice(-2).join(".");
  return api.protocol !== website.protocol || lastTwo(api.hostname) !== lastTwo(website.hostname);
}

/** Whether the answer depends on the list: two different hosts, neither of them local. */
export function needsPublicSuffixes(apiOrigin: string, websiteOrigin: string): boolean {
  const api = new URL(apiOrigin).hostname;
  const website = new URL(websiteOrigin).hostname;
  return api !== website && !isLocalHost(api) && !isLocalHost(website);
}
