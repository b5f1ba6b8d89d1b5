import { invalidOption } from "../errors/throwers.js";
import type { SameSite } from "../respond/token-dress.js";
import { type Clock, systemClock } from "../runtime/clock.js";
import { consoleLogger, type Logger } from "../runtime/logger.js";
import { type RandomBytes, systemRandom } from "../runtime/random.js";
import type { SigningAlgorithm } from "../store/session-store.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";
import { isLocalHost, normaliseCookieDomain, normaliseDomain } from "./normalise-domain.js";
import { normalisePath } from "./normalise-path.js";
import { checkSessionOptions } from "./options-schema.js";
import {
  loadPublicSuffixes,
  needsPublicSuffixes,
  type RegistrableDomain,
  sameSiteFor,
  siteOf,
} from "./same-site.js";
import type { AppInfo, SessionOptions } from "./session-options.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Longest cookie or header name that a function of the application may give; counted in the size of cookies. */
export const MAX_NAME_LENGTH = 64;
/** Cookie names, header names: an RFC 9110 token. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A cookie path: no control characters, no `;`, no `,`, no space. */
const PATH = /^\/[\x21-\x2b\x2d-\x3a\x3c-\x7e]*$/;

/** Gateway path, base path and `/session/refresh` together stay below 1024, where browsers drop a cookie's attribute. */
const MAX_PATH_LENGTH = 480;

/** What the instance works with: every default filled in, every check made, nothing left to interpret. */
export interface ResolvedConfig {
  readonly options: SessionOptions;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly secrets: readonly string[];
  readonly apiOrigin: string;
  /** Normalised gateway path + base path. */
  readonly basePath: string;
  readonly gatewayPath: string;
  readonly issuer: string;
  /** A fixed website, or the application's function. Undefined in development without `appInfo`: any page of this machine. */
  readonly website:
    | string
    | NonNullable<Extract<AppInfo["origin"], (...args: never[]) => string>>
    | undefined;
  readonly cookieDomain: string | undefined;
  /** `null`: option not given. `undefined` inside: host-only. */
  readonly olderCookieDomain: { readonly domain: string | undefined } | null;
  readonly cookieSecure: boolean;
  /** Undefined: computed per request. */
  readonly cookieSameSite: SameSite | undefined;
  readonly accessTokenPath: string;
  readonly accessCookieName: string;
  readonly refreshCookieName: string;
  readonly refreshPath: string;
  readonly statuses: { readonly sessionExpired: number; readonly invalidClaim: number };
  readonly antiCsrf: AntiCsrfMode | undefined;
  readonly algorithm: SigningAlgorithm;
  readonly accessTokenValidityMs: number;
  readonly refreshTokenValidityMs: number;
  readonly absoluteLifetimeMs: number;
  readonly rotationIntervalMs: number;
  readonly refreshGraceMs: number;
  readonly reloadIntervalMs: number;
  /** Loads what the per-request answers need, where they need anything. */
  loadSites(): Promise<void>;
  /** Whether `loadSites` has to be awaited before the first request is judged. */
  readonly sitesAreLoaded: boolean;
  sameSite(websiteOrigin: string): SameSite;
}

/**
 * @param isProduction `NODE_ENV` is `production`: nothing is assumed about where the application lives
 * @throws SessionError `INVALID_OPTION`
 */
export function resolveOptions(given: SessionOptions | undefined, isProduction: boolean): ResolvedConfig {
  const options = checkSessionOptions(given);
  const app = resolveAppInfo(options.appInfo, isProduction);
  const apiUrl = new URL(app.apiOrigin);
  const isHttps = apiUrl.protocol === "https:";
  if (isProduction && !isHttps && options.cookieSecure === undefined && !isLocalHost(apiUrl.hostname)) {
    throw invalidOption(
      "appInfo.apiDomain",
      "is plain http, which would send tokens in clear: use the public https address, or say that you mean it with `cookieSecure: false`",
    );
  }
  const cookieSecure = options.cookieSecure ?? isHttps;
  const cookieDomain = resolveCookieDomain("cookieDomain", options.cookieDomain);
  const accessTokenPath = resolveAccessTokenPath(options.accessTokenPath);
  if (options.cookiePrefixes) checkPrefixes(cookieSecure, cookieDomain, accessTokenPath);
  if (options.cookieSameSite === "none" && !cookieSecure && !isLocalHost(apiUrl.hostname)) {
    throw invalidOption(
      "cookieSameSite",
      "`none` needs Secure cookies, which browsers accept over https only",
    );
  }
  const statuses = {
    sessionExpired: options.sessionExpiredStatusCode ?? 401,
    invalidClaim: options.invalidClaimStatusCode ?? 403,
  };
  if (statuses.sessionExpired === statuses.invalidClaim) {
    throw invalidOption("invalidClaimStatusCode", "must differ from `sessionExpiredStatusCode`");
  }
  const durations = resolveDurations(options);
  let registrable: RegistrableDomain | undefined;
  let sitesAreLoaded = options.cookieSameSite !== undefined || !mayNeedPublicSuffixes(app);
  return {
    options,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? consoleLogger,
    secrets:
      options.secret === undefined
        ? []
        : typeof options.secret === "string"
          ? [options.secret]
          : options.secret,
    ...app,
    cookieDomain,
    olderCookieDomain: resolveOlderCookieDomain(options.olderCookieDomain, cookieDomain),
    cookieSecure,
    cookieSameSite: options.cookieSameSite,
    accessTokenPath,
    accessCookieName: options.cookiePrefixes ? "__Host-sAccessToken" : "sAccessToken",
    refreshCookieName: options.cookiePrefixes ? "__Secure-sRefreshToken" : "sRefreshToken",
    refreshPath: `${app.basePath}/session/refresh`,
    statuses,
    antiCsrf: options.antiCsrf,
    algorithm: options.signingAlgorithm ?? "ES256",
    ...durations,
    get sitesAreLoaded() {
      return sitesAreLoaded;
    },
    async loadSites() {
      if (sitesAreLoaded) return;
      registrable = await loadPublicSuffixes();
      if (siteOf(apiUrl.hostname, registrable) === undefined) {
        throw invalidOption(
          "appInfo.apiDomain",
          `${apiUrl.hostname} is a public suffix; no cookie can be set for it`,
        );
      }
      if (
        typeof app.website === "string" &&
        siteOf(new URL(app.website).hostname, registrable) === undefined
      ) {
        throw invalidOption(
          "appInfo.websiteDomain",
          `${new URL(app.website).hostname} is a public suffix; no site can live there`,
        );
      }
      sitesAreLoaded = true;
    },
    sameSite: (websiteOrigin) =>
      options.cookieSameSite ?? sameSiteFor(app.apiOrigin, websiteOrigin, registrable),
  };
}

type ResolvedApp = Pick<ResolvedConfig, "apiOrigin" | "basePath" | "gatewayPath" | "issuer" | "website">;

function resolveAppInfo(appInfo: AppInfo | undefined, isProduction: boolean): ResolvedApp {
  if (appInfo === undefined) {
    if (isProduction) {
      throw invalidOption(
        "appInfo",
        'is required in production: { appName, apiDomain: "https://api.example.com", websiteDomain: "https://example.com" }',
      );
    }
    const apiOrigin = "http://localhost";
    return { apiOrigin, basePath: "/auth", gatewayPath: "", issuer: `${apiOrigin}/auth`, website: undefined };
  }
  const apiOrigin = resolveOrigin("appInfo.apiDomain", appInfo.apiDomain);
  const websiteText = appInfo.origin ?? appInfo.websiteDomain;
  if (websiteText === undefined) {
    throw invalidOption(
      "appInfo.websiteDomain",
      "is required (or `appInfo.origin`): the origin of your website",
    );
  }
  const website =
    typeof websiteText === "function" ? websiteText : resolveOrigin("appInfo.websiteDomain", websiteText);
  const gatewayPath = resolvePath("appInfo.apiGatewayPath", appInfo.apiGatewayPath ?? "");
  const basePath = gatewayPath + resolvePath("appInfo.apiBasePath", appInfo.apiBasePath ?? "/auth");
  return { apiOrigin, basePath, gatewayPath, issuer: apiOrigin + basePath, website };
}

function resolveOrigin(option: string, text: string): string {
  const origin = normaliseDomain(text);
  if (origin === undefined)
    throw invalidOption(option, 'must be a domain or an origin, e.g. "https://api.example.com"');
  const { hostname } = new URL(origin);
  if (!isLocalHost(hostname) && !hostname.includes(".")) {
    throw invalidOption(option, `${hostname} has no registrable domain; no cookie can be set for it`);
  }
  return origin;
}

function resolvePath(option: string, text: string): string {
  const path = normalisePath(text);
  if (path === undefined || path.length > MAX_PATH_LENGTH || (path !== "" && !PATH.test(path))) {
    throw invalidOption(option, `must be a path of at most ${MAX_PATH_LENGTH} characters, e.g. "/auth"`);
  }
  return path;
}

function resolveAccessTokenPath(text: string | undefined): string {
  const path = resolvePath("accessTokenPath", text ?? "/");
  return path === "" ? "/" : path;
}

function resolveCookieDomain(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const domain = normaliseCookieDomain(text);
  if (domain === undefined) throw invalidOption(option, 'must be a domain, e.g. ".example.com"');
  return domain;
}

/** Browsers ignore a leading dot: expiring the older cookie would take the current one away. */
function resolveOlderCookieDomain(
  text: string | undefined,
  current: string | undefined,
): ResolvedConfig["olderCookieDomain"] {
  if (text === undefined) return null;
  const domain = text === "" ? undefined : resolveCookieDomain("olderCookieDomain", text);
  if (domain?.replace(/^\./, "") === current?.replace(/^\./, "")) {
    throw invalidOption("olderCookieDomain", "must differ from `cookieDomain`");
  }
  return { domain };
}

/** RFC 6265bis §4.1.3: `__Host-` means Secure, path `/`, no domain; `__Secure-` means Secure. */
function checkPrefixes(
  cookieSecure: boolean,
  cookieDomain: string | undefined,
  accessTokenPath: string,
): void {
  if (!cookieSecure)
    throw invalidOption("cookiePrefixes", "need Secure cookies (https, or `cookieSecure: true`)");
  if (cookieDomain !== undefined) throw invalidOption("cookiePrefixes", "cannot be used with `cookieDomain`");
  if (accessTokenPath !== "/") throw invalidOption("cookiePrefixes", "need `accessTokenPath` to be `/`");
}

function resolveDurations(options: SessionOptions) {
  const accessTokenValidityMs = (options.accessTokenValiditySeconds ?? 3600) * SECOND_MS;
  const refreshTokenValidityMs = (options.refreshTokenValidityMinutes ?? 144_000) * MINUTE_MS;
  if (refreshTokenValidityMs <= accessTokenValidityMs) {
    throw invalidOption("refreshTokenValidityMinutes", "must be longer than `accessTokenValiditySeconds`");
  }
  const rotationIntervalMs = (options.accessTokenSigningKeyUpdateIntervalHours ?? 168) * HOUR_MS;
  if (rotationIntervalMs < HOUR_MS && !options.allowTestValues) {
    throw invalidOption("accessTokenSigningKeyUpdateIntervalHours", "must be at least 1 hour");
  }
  return {
    accessTokenValidityMs,
    refreshTokenValidityMs,
    absoluteLifetimeMs: (options.absoluteLifetimeDays ?? 365) * DAY_MS,
    rotationIntervalMs,
    refreshGraceMs: (options.refreshGracePeriodSeconds ?? 30) * SECOND_MS,
    reloadIntervalMs: (options.jwksRefreshIntervalSec ?? 14_400) * SECOND_MS,
  };
}

function mayNeedPublicSuffixes(app: ResolvedApp): boolean {
  if (app.website === undefined) return false;
  if (typeof app.website === "function") return !isLocalHost(new URL(app.apiOrigin).hostname);
  return needsPublicSuffixes(app.apiOrigin, app.website);
}

/** A cookie or header name from a function of the application. @throws SessionError `INVALID_OPTION` */
export function checkedName(option: string, name: unknown): string {
  if (typeof name !== "string" || name.length > MAX_NAME_LENGTH || !TOKEN.test(name)) {
    throw invalidOption(
      option,
      `must return a name of at most ${MAX_NAME_LENGTH} letters, digits and !#$%&'*+.^_\`|~-`,
    );
  }
  return name;
}
