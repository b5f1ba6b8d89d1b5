import { invalidOption } from "../errors/throwers.js";
import { STORED } from "../keys/secret-ring.js";
import type { OtherCookieNames, SameSite } from "../respond/token-dress.js";
import { type Clock, systemClock } from "../runtime/clock.js";
import { consoleLogger, type SafeLogger, safeLogger } from "../runtime/logger.js";
import { type RandomBytes, systemRandom } from "../runtime/random.js";
import type { SessionStore, SigningAlgorithm } from "../store/session-store.js";
import type { AntiCsrfMode } from "../verify/check-anti-csrf.js";
import { checkCookieDomain, checkNoPublicSuffix, covers, needsSuffixList } from "./cookie-rules.js";
import { isLocalHost, normaliseCookieDomain, normaliseDomain } from "./normalise-domain.js";
import { normalisePath } from "./normalise-path.js";
import { checkSessionOptions } from "./options-schema.js";
import { ownClock, ownRandom } from "./own-sources.js";
import {
  areSurelyTwoSites,
  loadPublicSuffixes,
  needsPublicSuffixes,
  type RegistrableDomain,
  sameSiteFor,
  siteOf,
} from "./same-site.js";
import { isGuessable } from "./secret-strength.js";
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
  readonly logger: SafeLogger;
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
  /** Names under which cookies are taken too, and cleared when they are written (`cookiePrefixes`). */
  readonly otherCookieNames: OtherCookieNames | undefined;
  /** Whether the name of a request's cookie depends on the request. */
  readonly asksForCookieNames: boolean;
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
  const app = resolveAppInfo(options, isProduction);
  const apiUrl = new URL(app.apiOrigin);
  const isHttps = apiUrl.protocol === "https:";
  const cookieSecure = options.cookieSecure ?? isHttps;
  const cookieDomain = resolveCookieDomain("cookieDomain", options.cookieDomain);
  if (cookieDomain !== undefined) checkCookieDomain("cookieDomain", cookieDomain, apiUrl.hostname);
  const accessTokenPath = resolveAccessTokenPath(options.accessTokenPath);
  checkAccessTokenPath(accessTokenPath, app.basePath, options);
  if (isProduction && !options.allowTestValues) {
    checkProductionStore(options.store);
    checkMissingValues(options);
  }
  checkSecrets(options);
  if (options.cookiePrefixes) checkPrefixes(cookieSecure, cookieDomain, accessTokenPath);
  if (options.cookieSameSite === "none" && !cookieSecure && !isLocalHost(apiUrl.hostname)) {
    throw invalidOption(
      "cookieSameSite",
      "`none` needs Secure cookies, which browsers accept over https only",
    );
  }
  if (options.debug === true && options.logger !== undefined && typeof options.logger.debug !== "function") {
    throw invalidOption("logger.debug", "is missing, and `debug: true` writes there");
  }
  const statuses = {
    sessionExpired: options.sessionExpiredStatusCode ?? 401,
    invalidClaim: options.invalidClaimStatusCode ?? 403,
  };
  if (statuses.sessionExpired === statuses.invalidClaim) {
    throw invalidOption("invalidClaimStatusCode", "must differ from `sessionExpiredStatusCode`");
  }
  const durations = resolveDurations(options);
  if (options.cookieSameSite === "none") checkAntiCsrf(options, "none");
  const { website } = app;
  if (typeof website === "string" && areSurelyTwoSites(app.apiOrigin, website)) {
    checkAcrossSites(options, app.apiOrigin, website);
  }
  const olderCookieDomain = resolveOlderCookieDomain(
    options.olderCookieDomain,
    cookieDomain,
    apiUrl.hostname,
  );
  let registrable: RegistrableDomain | undefined;
  let sitesAreLoaded = !mayNeedPublicSuffixes(app, options, cookieDomain);
  return {
    options,
    clock: options.clock === undefined ? systemClock : ownClock(options.clock),
    random: options.random === undefined ? systemRandom : ownRandom(options.random),
    logger: safeLogger(options.logger ?? consoleLogger),
    secrets:
      options.secret === undefined
        ? []
        : typeof options.secret === "string"
          ? [options.secret]
          : options.secret,
    ...app,
    cookieDomain,
    olderCookieDomain,
    cookieSecure,
    cookieSameSite: options.cookieSameSite,
    accessTokenPath,
    ...cookieNames(options),
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
      if (cookieDomain !== undefined) checkNoPublicSuffix("cookieDomain", cookieDomain, registrable);
      if (typeof website === "string" && sameSiteFor(app.apiOrigin, website, registrable) === "none") {
        checkAcrossSites(options, app.apiOrigin, website);
      }
      sitesAreLoaded = true;
    },
    sameSite: (websiteOrigin) =>
      options.cookieSameSite ?? sameSiteFor(app.apiOrigin, websiteOrigin, registrable),
  };
}

type ResolvedApp = Pick<ResolvedConfig, "apiOrigin" | "basePath" | "gatewayPath" | "issuer" | "website">;

function resolveAppInfo(options: SessionOptions, isProduction: boolean): ResolvedApp {
  const { appInfo } = options;
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
  const refusesHttp = isProduction && options.cookieSecure === undefined && !options.allowTestValues;
  const apiOrigin = resolveOrigin("appInfo.apiDomain", appInfo.apiDomain, refusesHttp);
  const { origin } = appInfo;
  const websiteText = origin ?? appInfo.websiteDomain;
  if (websiteText === undefined) {
    throw invalidOption(
      "appInfo.websiteDomain",
      "is required (or `appInfo.origin`): the origin of your website",
    );
  }
  const website =
    typeof websiteText === "function"
      ? websiteText
      : resolveOrigin(`appInfo.${origin ? "origin" : "websiteDomain"}`, websiteText, refusesHttp);
  const gatewayPath = resolvePath("appInfo.apiGatewayPath", appInfo.apiGatewayPath ?? "");
  const basePath = gatewayPath + resolvePath("appInfo.apiBasePath", appInfo.apiBasePath ?? "/auth");
  return { apiOrigin, basePath, gatewayPath, issuer: apiOrigin + basePath, website };
}

/** @param refusesHttp pages of the https address would be another origin, and tokens would travel in clear */
function resolveOrigin(option: string, text: string, refusesHttp: boolean): string {
  const origin = normaliseDomain(text);
  if (origin === undefined)
    throw invalidOption(option, 'must be a domain or an origin, e.g. "https://api.example.com"');
  const { hostname } = new URL(origin);
  if (isLocalHost(hostname)) return origin;
  if (!hostname.includes(".")) {
    throw invalidOption(option, `${hostname} has no registrable domain; no cookie can be set for it`);
  }
  if (refusesHttp && origin.startsWith("http:")) {
    throw invalidOption(
      option,
      "is plain http, which would send tokens in clear: use the public https address, or say that you mean it with `cookieSecure: false`",
    );
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
  apiHost: string,
): ResolvedConfig["olderCookieDomain"] {
  if (text === undefined) return null;
  const domain = text === "" ? undefined : resolveCookieDomain("olderCookieDomain", text);
  if (domain?.replace(/^\./, "") === current?.replace(/^\./, "")) {
    throw invalidOption("olderCookieDomain", "must differ from `cookieDomain`");
  }
  if (domain !== undefined) checkCookieDomain("olderCookieDomain", domain, apiHost);
  return { domain };
}

const PLAIN_NAMES: OtherCookieNames = { access: "sAccessToken", refresh: "sRefreshToken" };
const PREFIXED_NAMES: OtherCookieNames = { access: "__Host-sAccessToken", refresh: "__Secure-sRefreshToken" };

function cookieNames({ cookiePrefixes, getCookieNameForTokenType }: SessionOptions) {
  const isPrefixed = cookiePrefixes === true || cookiePrefixes === "move";
  const [names, others] = isPrefixed ? [PREFIXED_NAMES, PLAIN_NAMES] : [PLAIN_NAMES, PREFIXED_NAMES];
  const takesBoth = typeof cookiePrefixes === "string" && getCookieNameForTokenType === undefined;
  return {
    accessCookieName: names.access,
    refreshCookieName: names.refresh,
    otherCookieNames: takesBoth ? others : undefined,
    asksForCookieNames: takesBoth || getCookieNameForTokenType !== undefined,
  };
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

/** Sign-out is ours, and needs the access token. @throws SessionError `INVALID_OPTION` */
function checkAccessTokenPath(path: string, basePath: string, { override }: SessionOptions): void {
  const signOutPath = `${basePath}/signout`;
  // An override may have taken sign-out elsewhere.
  if (covers(path, signOutPath) || override?.apis !== undefined) return;
  throw invalidOption(
    "accessTokenPath",
    `${path} does not cover ${signOutPath}: browsers would send no access token there, and nobody could sign out; use \`/\`, or an \`appInfo.apiBasePath\` below it`,
  );
}

/**
 * What is written but has no value is most often a variable of the environment that is not set; going without would sign
 * everybody out.
 *
 * @throws SessionError `INVALID_OPTION`
 */
function checkMissingValues(options: SessionOptions): void {
  for (const option of ["secret", "namespace"] as const) {
    if (options[option] === undefined && option in options) {
      throw invalidOption(option, "is undefined: set its environment variable, or leave it out");
    }
  }
}

/** @throws SessionError `INVALID_OPTION` */
function checkProductionStore(store: SessionStore | undefined): void {
  if (store === undefined) {
    throw invalidOption(
      "store",
      "is required in production: sessions in a file that each replica has of its own are lost at random. For one machine write `sqliteStore({ path })` of `@acme/session-core/sqlite`; for several use a store that is a server, `@acme/session-store-postgres`, `@acme/session-store-mysql` or `@acme/session-store-redis`",
    );
  }
  if (store.name === "memory") {
    throw invalidOption(
      "store",
      "MemoryStore forgets everybody at each restart, and is another one in each process: it is not for production; `sqliteStore({ path })` of `@acme/session-core/sqlite` keeps sessions on one machine",
    );
  }
}

/** @throws SessionError `INVALID_OPTION` */
function checkSecrets({ secret = [], allowTestValues }: SessionOptions): void {
  if (allowTestValues) return;
  if ((typeof secret === "string" ? [secret] : secret).some((text) => text !== STORED && isGuessable(text))) {
    throw invalidOption(
      "secret",
      "can be guessed: whoever does makes refresh tokens for everybody; `openssl rand -base64 32` makes one that cannot",
    );
  }
}

/** @throws SessionError `INVALID_OPTION` for cookies that any site's page can use, and nothing that asks where a request comes from */
export function checkAntiCsrf({ antiCsrf, tokenTransfer }: SessionOptions, sameSite: SameSite): void {
  if (antiCsrf !== "NONE" || sameSite !== "none" || tokenTransfer === "header") return;
  throw invalidOption(
    "antiCsrf",
    "`NONE` with SameSite=None cookies lets every page in the world act as your users: leave it out, or use `VIA_CUSTOM_HEADER` or `VIA_TOKEN`",
  );
}

/** What is known of an API and a website on different sites. @throws SessionError `INVALID_OPTION` */
function checkAcrossSites(options: SessionOptions, apiOrigin: string, websiteOrigin: string): void {
  const { cookieSameSite, tokenTransfer, getTokenTransferMethod } = options;
  checkAntiCsrf(options, cookieSameSite ?? "none");
  const isCookieless = tokenTransfer === "header" || getTokenTransferMethod !== undefined;
  if (cookieSameSite !== "strict" || isCookieless) return;
  throw invalidOption(
    "cookieSameSite",
    `\`strict\` cookies of ${apiOrigin} never come with a request from ${websiteOrigin}, which is another site: leave it out, or serve both from one`,
  );
}

function resolveDurations(options: SessionOptions) {
  const accessTokenValidityMs = wholeMs(options.accessTokenValiditySeconds ?? 900, SECOND_MS);
  const refreshTokenValidityMs = wholeMs(options.refreshTokenValidityMinutes ?? 144_000, MINUTE_MS);
  if (refreshTokenValidityMs <= accessTokenValidityMs) {
    throw invalidOption("refreshTokenValidityMinutes", "must be longer than `accessTokenValiditySeconds`");
  }
  const rotationIntervalMs = wholeMs(options.accessTokenSigningKeyUpdateIntervalHours ?? 168, HOUR_MS);
  if (rotationIntervalMs < HOUR_MS && !options.allowTestValues) {
    throw invalidOption("accessTokenSigningKeyUpdateIntervalHours", "must be at least 1 hour");
  }
  return {
    accessTokenValidityMs,
    refreshTokenValidityMs,
    absoluteLifetimeMs: wholeMs(options.absoluteLifetimeDays ?? 365, DAY_MS),
    rotationIntervalMs,
    refreshGraceMs: wholeMs(options.refreshGracePeriodSeconds ?? 30, SECOND_MS),
    reloadIntervalMs: wholeMs(options.jwksRefreshIntervalSec ?? 14_400, SECOND_MS),
  };
}

/** Options may be fractional; times in rows are whole milliseconds, which is what every store keeps. At least one. */
function wholeMs(given: number, unitMs: number): number {
  return given === 0 ? 0 : Math.max(1, Math.round(given * unitMs));
}

function mayNeedPublicSuffixes(
  app: ResolvedApp,
  options: SessionOptions,
  cookieDomain: string | undefined,
): boolean {
  if (cookieDomain !== undefined && needsSuffixList(cookieDomain)) return true;
  if (app.website === undefined) return false;
  // What the option says is believed, but for a website that strict cookies would never come from.
  const { cookieSameSite } = options;
  if (cookieSameSite === "none" || cookieSameSite === "lax") return false;
  if (cookieSameSite === "strict" && typeof app.website === "function") return false;
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
