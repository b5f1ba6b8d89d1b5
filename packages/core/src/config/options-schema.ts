import * as v from "valibot";
import { invalidOption } from "../errors/throwers.js";
import type { SessionOptions } from "./session-options.js";

const func = v.function("must be a function");
const bool = v.boolean("must be true or false");
const text = v.string("must be a string");
const finite = v.pipe(v.number("must be a number"), v.finite("must be finite"));
const status = v.pipe(
  v.number("must be a number"),
  v.integer("must be a whole number"),
  v.minValue(400, "must be an HTTP status of 400 or more"),
  v.maxValue(599, "must be an HTTP status below 600"),
);
const secret = v.pipe(
  text,
  v.minLength(32, "must have at least 32 characters; `openssl rand -base64 32` makes one"),
);
const object = v.custom<object>((value) => typeof value === "object" && value !== null, "must be an object");

/** An implementation of the application's own: the error names what it lacks. */
function having(...methods: string[]) {
  return v.custom<object>(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function"),
    `must be an object with the methods ${methods.join(", ")}`,
  );
}

const store = having(
  "insertSession",
  "getSession",
  "promoteSession",
  "updateAccessTokenPayload",
  "replaceSessionData",
  "deleteSessions",
  "listSessionHandles",
  "deleteSessionsOfUser",
  "deleteExpiredSessions",
  "listSigningKeys",
  "insertSigningKey",
  "deleteSigningKeys",
  "listSecrets",
  "close",
);

function between(min: number, max: number, unit: string) {
  return v.pipe(
    finite,
    v.minValue(min, `must be ${min} to ${max} ${unit}`),
    v.maxValue(max, `must be ${min} to ${max} ${unit}`),
  );
}

function oneOf<const T extends string>(...values: T[]) {
  return v.picklist(values, `must be one of ${values.map((value) => `"${value}"`).join(", ")}`);
}

const appInfo = v.strictObject(
  {
    appName: v.pipe(text, v.nonEmpty("must not be empty")),
    apiDomain: text,
    websiteDomain: v.optional(text),
    origin: v.optional(v.union([text, func], "must be a string or a function")),
    apiBasePath: v.optional(text),
    websiteBasePath: v.optional(text),
    apiGatewayPath: v.optional(text),
  },
  "must be an object",
);

const errorHandlers = v.strictObject({
  onUnauthorised: v.optional(func),
  onTryRefreshToken: v.optional(func),
  onTokenTheftDetected: v.optional(func),
  onInvalidClaim: v.optional(func),
  onClearDuplicateSessionCookies: v.optional(func),
});

const schema = v.strictObject({
  appInfo: v.optional(appInfo),
  store: v.optional(store),
  secret: v.optional(
    v.union(
      [secret, v.pipe(v.array(secret), v.minLength(1, "must not be empty"))],
      "must be a string of at least 32 characters, or a list of such",
    ),
  ),
  plugins: v.optional(v.array(object, "must be a list of plugins")),
  claims: v.optional(v.array(object, "must be a list of claims")),
  cookieDomain: v.optional(text),
  olderCookieDomain: v.optional(text),
  cookieSecure: v.optional(bool),
  cookieSameSite: v.optional(v.pipe(text, v.trim(), v.toLowerCase(), oneOf("strict", "lax", "none"))),
  accessTokenPath: v.optional(text),
  cookiePrefixes: v.optional(bool),
  sessionExpiredStatusCode: v.optional(status),
  invalidClaimStatusCode: v.optional(status),
  antiCsrf: v.optional(oneOf("VIA_TOKEN", "VIA_CUSTOM_HEADER", "NONE")),
  tokenTransfer: v.optional(oneOf("cookie", "header", "auto")),
  getTokenTransferMethod: v.optional(func),
  getCookieNameForTokenType: v.optional(func),
  getResponseHeaderNameForTokenType: v.optional(func),
  exposeAccessTokenToFrontendInCookieBasedAuth: v.optional(bool),
  useDynamicAccessTokenSigningKey: v.optional(bool),
  jwksRefreshIntervalSec: v.optional(v.pipe(finite, v.minValue(1, "must be at least 1 second"))),
  errorHandlers: v.optional(errorHandlers),
  override: v.optional(v.strictObject({ functions: v.optional(func), apis: v.optional(func) })),
  accessTokenValiditySeconds: v.optional(between(1, 86_400_000, "seconds")),
  accessTokenValidityJitter: v.optional(between(0, 0.05, "(a fraction)")),
  refreshTokenValidityMinutes: v.optional(v.pipe(finite, v.gtValue(0, "must be more than 0 minutes"))),
  absoluteLifetimeDays: v.optional(v.pipe(finite, v.gtValue(0, "must be more than 0 days"))),
  accessTokenSigningKeyUpdateIntervalHours: v.optional(
    v.pipe(finite, v.gtValue(0, "must be more than 0 hours")),
  ),
  refreshGracePeriodSeconds: v.optional(between(0, 60, "seconds")),
  signingAlgorithm: v.optional(oneOf("ES256", "RS256", "EdDSA")),
  checkDatabaseByDefault: v.optional(bool),
  revokePreviousSession: v.optional(bool),
  verifiedTokenCache: v.optional(
    v.union(
      [
        v.literal(false),
        v.strictObject({
          maxEntries: v.optional(between(1, 10_000_000, "entries")),
          maxBytes: v.optional(between(1, 2 ** 40, "bytes")),
        }),
      ],
      "must be false or { maxEntries, maxBytes }",
    ),
  ),
  refreshRateLimit: v.optional(
    v.union(
      [
        v.literal(false),
        v.strictObject({
          maxPerWindow: between(1, 1_000_000, "refreshes"),
          windowSeconds: between(1, 86_400, "seconds"),
        }),
      ],
      "must be false or { maxPerWindow, windowSeconds }",
    ),
  ),
  clock: v.optional(having("wallMs", "monoMs")),
  random: v.optional(func),
  logger: v.optional(having("debug", "info", "warn")),
  onEvent: v.optional(func),
  allowTestValues: v.optional(bool),
});

/**
 * Checks the form of every option; what depends on several is checked where they meet.
 *
 * @throws SessionError `INVALID_OPTION` naming the option and the accepted form; an unknown name is an error too
 */
export function checkOptions(options: unknown): SessionOptions {
  const result = v.safeParse(schema, options ?? {});
  if (result.success) return result.output as SessionOptions;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? "options";
  const isUnknown = issue.type === "strict_object" && issue.expected === "never";
  const isMissing = issue.input === undefined && !isUnknown;
  throw invalidOption(
    path,
    isUnknown ? "there is no such option; check the spelling" : isMissing ? "is required" : issue.message,
  );
}
