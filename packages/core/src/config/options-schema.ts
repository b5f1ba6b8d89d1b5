import {
  between,
  falseOr,
  having,
  holds,
  isBoolean,
  isFunction,
  isText,
  listOf,
  moreThan,
  type OptionCheck,
  type OptionChecks,
  oneOf,
  shaped,
} from "../errors/option-check.js";
import { STORED } from "../keys/secret-ring.js";
import type { SameSite } from "../respond/token-dress.js";
import { checkNamespace } from "../store/namespace.js";
import type { SessionOptions } from "./session-options.js";
import { isStore } from "./store-option.js";

const status = holds(
  (value) => Number.isInteger(value) && (value as number) >= 400 && (value as number) < 600,
  "must be an HTTP status, 400 to 599",
);

const isSecret = (value: unknown): boolean => typeof value === "string" && value.length >= 32;
const secret = holds(
  (value) =>
    isSecret(value) ||
    (Array.isArray(value) && value.length > 0 && value.every((one) => one === STORED || isSecret(one))),
  'must be a string of at least 32 characters, or a list of such and "stored"; `openssl rand -base64 32` makes one',
);

const appInfo = shaped(
  {
    appName: holds((value) => typeof value === "string" && value !== "", "must be a string, and not empty"),
    apiDomain: isText,
    websiteDomain: isText,
    origin: holds(
      (value) => typeof value === "string" || typeof value === "function",
      "must be a string or a function",
    ),
    apiBasePath: isText,
    websiteBasePath: isText,
    apiGatewayPath: isText,
  },
  ["appName", "apiDomain"],
);

/** Every option has its line: one that is missing is a type error. */
const checks: { readonly [Option in keyof Required<SessionOptions>]: OptionCheck } = {
  appInfo,
  store: isStore,
  namespace: checkNamespace,
  secret,
  plugins: listOf("plugins"),
  claims: listOf("claims"),
  cookieDomain: isText,
  olderCookieDomain: isText,
  cookieSecure: isBoolean,
  cookieSameSite: (value, path) => oneOf("strict", "lax", "none")(tidy(value), path),
  accessTokenPath: isText,
  cookiePrefixes: holds(
    (value) => typeof value === "boolean" || value === "accept" || value === "move",
    'must be true, false, "accept" or "move"',
  ),
  sessionExpiredStatusCode: status,
  invalidClaimStatusCode: status,
  antiCsrf: oneOf("VIA_TOKEN", "VIA_CUSTOM_HEADER", "NONE"),
  tokenTransfer: oneOf("cookie", "header", "auto"),
  getTokenTransferMethod: isFunction,
  getCookieNameForTokenType: isFunction,
  getResponseHeaderNameForTokenType: isFunction,
  exposeAccessTokenToFrontendInCookieBasedAuth: isBoolean,
  useDynamicAccessTokenSigningKey: isBoolean,
  jwksRefreshIntervalSec: holds(
    (value) => Number.isFinite(value) && (value as number) >= 1,
    "must be a number of seconds, at least 1",
  ),
  errorHandlers: shaped({
    onUnauthorised: isFunction,
    onTryRefreshToken: isFunction,
    onTokenTheftDetected: isFunction,
    onInvalidClaim: isFunction,
    onClearDuplicateSessionCookies: isFunction,
  }),
  override: shaped({ functions: isFunction, apis: isFunction }),
  accessTokenValiditySeconds: between(
    1,
    2_592_000,
    "seconds (30 days): a revoked token counts that long where nobody asks the store",
  ),
  accessTokenValidityJitter: between(0, 0.05, "(a fraction)"),
  refreshTokenValidityMinutes: moreThan(0, "minutes"),
  absoluteLifetimeDays: moreThan(0, "days"),
  accessTokenSigningKeyUpdateIntervalHours: moreThan(0, "hours"),
  refreshGracePeriodSeconds: between(0, 60, "seconds"),
  signingAlgorithm: oneOf("ES256", "RS256", "EdDSA"),
  checkDatabaseByDefault: isBoolean,
  revokePreviousSession: isBoolean,
  verifiedTokenCache: falseOr(
    shaped(
      { maxEntries: between(1, 10_000_000, "entries"), maxBytes: between(1, 2 ** 40, "bytes") },
      [],
      "must be false or { maxEntries, maxBytes }",
    ),
  ),
  refreshRateLimit: falseOr(
    shaped(
      { maxPerWindow: between(1, 1_000_000, "refreshes"), windowSeconds: between(1, 86_400, "seconds") },
      ["maxPerWindow", "windowSeconds"],
      "must be false or { maxPerWindow, windowSeconds }",
    ),
  ),
  clock: having("wallMs", "monoMs"),
  random: isFunction,
  logger: having("info", "warn"),
  debug: isBoolean,
  onEvent: isFunction,
  allowTestValues: isBoolean,
};

/**
 * Checks the form of every option; what depends on several is checked where they meet.
 *
 * @throws SessionError `INVALID_OPTION` naming the option and the accepted form; an unknown name is an error too
 */
export function checkSessionOptions(options: unknown): SessionOptions {
  const checked = { ...checkFactoryOptions((options === undefined ? {} : options) as SessionOptions) };
  if (checked.cookieSameSite !== undefined) checked.cookieSameSite = tidy(checked.cookieSameSite) as SameSite;
  return checked;
}

/**
 * The same for the factory of an adapter, before it takes its own options out.
 *
 * @param own what it takes beside those of core
 * @returns what they say, as `checkOptions` does
 * @throws SessionError `INVALID_OPTION`
 */
export function checkFactoryOptions<O>(given: O, own: OptionChecks = {}): O {
  const check = shaped(
    { ...checks, ...own },
    [],
    "createSession takes an object: createSession({ appInfo, store })",
  );
  return check(given, "") as O;
}

function tidy(value: unknown): unknown {
  return typeof value === "string" ? value.trim().toLowerCase() : value;
}
