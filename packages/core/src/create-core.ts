import { openDefaultStore } from "#default-store";
import { platform } from "#platform";
import type { ClaimEndpoint } from "./claims/claim-endpoint.js";
import { ClaimFetcher } from "./claims/claim-fetcher.js";
import { clientRefreshEndpoint } from "./claims/client-refresh.js";
import type { SessionClaim } from "./claims/session-claim.js";
import type { UserContext } from "./claims/user-context.js";
import { MAX_NAME_LENGTH, type ResolvedConfig, resolveOptions } from "./config/resolve-options.js";
import type { SessionOptions } from "./config/session-options.js";
import { invalidOption } from "./errors/throwers.js";
import type { TokenTransferMethod } from "./extract/token-transfer.js";
import { CleanUp } from "./flows/clean-up.js";
import { defaultApis } from "./flows/default-apis.js";
import { ready } from "./flows/ready.js";
import { CHECKED_NOTHING, memoOf } from "./flows/request-memo.js";
import type { SessionCore } from "./flows/session-core.js";
import type { Exchange } from "./http/exchange.js";
import { serializeCookie } from "./http/set-cookie.js";
import { SecretRing } from "./keys/secret-ring.js";
import { SigningKeys } from "./keys/signing-keys.js";
import { callAside } from "./runtime/aside.js";
import { ClockWatch } from "./runtime/clock-watch.js";
import { hex } from "./runtime/encoding.js";
import { isProduction } from "./runtime/environment.js";
import { OnceAMinute } from "./runtime/once-a-minute.js";
import { nameOfError, printable } from "./runtime/printable.js";
import { answeredAtOnce } from "./session/answered-at-once.js";
import { buildClaim } from "./session/build-claim.js";
import type { SessionEngine } from "./session/engine.js";
import { overridden } from "./session/overridden.js";
import { RefreshLimiter } from "./session/refresh-limiter.js";
import { revokingStore } from "./session/revoking-store.js";
import { RotationAges } from "./session/rotation-age.js";
import type { SessionContainer } from "./session/session-container.js";
import type { SessionEvent } from "./session/session-event.js";
import { makeSessionFunctions } from "./session/session-functions.js";
import type { PluginHost } from "./session/session-plugin.js";
import { FailureLog } from "./store/failure-log.js";
import { guardedStore } from "./store/guarded-store.js";
import { storeIn } from "./store/namespace.js";
import type { JoinedTransaction, SessionStore } from "./store/session-store.js";
import type { StoreFailure } from "./store/store-guard.js";
import { StoreTimeout, within } from "./store/store-operations.js";
import { usersOf, useStore } from "./store/store-users.js";
import { tracedStore } from "./store/traced-store.js";
import { type AccessTokenPayload, asAccessTokenPayload, splitToken } from "./tokens/access-token.js";
import { frontTokenJson } from "./tokens/front-token.js";
import { RESERVED_CLAIMS, withoutReservedClaims } from "./tokens/reserved-claims.js";
import { AccessTokenVerifier } from "./verify/access-token-verifier.js";
import { Revocations } from "./verify/revocations.js";
import { VerifiedTokenCache } from "./verify/verified-token-cache.js";

/** For a batch of clean-up that is under way; the store waits for it too. */
const CLEAN_UP_CLOSE_MS = 1_000;
/** A store has 5 s to let go (`SessionStore.close`), of which it may have to wait for a batch. */
const CLOSE_MS = 5_000;
const DEFAULT_CACHE = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 };
const DEFAULT_RATE_LIMIT = { maxPerWindow: 30, windowSeconds: 60 };

/**
 * Wires the rooms together: the one place where they meet. No I/O but opening the embedded database, no
 * random byte: those wait for the first request; no timer but the process's one that notices when it stood still.
 *
 * @param wrap how the adapter turns what its framework hands out into an exchange
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createCore(
  options: SessionOptions | undefined,
  wrap: (req: unknown, res: unknown) => Exchange,
): SessionCore & { close(): Promise<void>; ready(): Promise<void> } {
  const config = resolveOptions(options, isProduction());
  if (config.options.cookieDomain !== undefined) tellOfWrongSites(config);
  const { clock, random } = config;
  const plugins = config.options.plugins ?? [];
  const claims = [...(config.options.claims ?? []), ...plugins.flatMap((plugin) => plugin.claims ?? [])];
  checkClaims(claims);
  const trace = config.options.debug
    ? (line: string) => config.logger.debug(`[session] ${printable(line, 1000)}`)
    : undefined;
  const emit = emitter(config, trace);
  const { namespace } = config.options;
  const givenStore = config.options.store ?? openDefaultStore(config.logger, namespace);
  const ownStore = config.options.store === undefined ? givenStore : storeIn(givenStore, namespace);
  const failures = new FailureLog(config.logger, () => clock.monoMs());
  const storeFailed = (failure: StoreFailure): void => {
    failures.write(failure);
    const { operation, store: name, cause } = failure;
    emit({ type: "store_unavailable", operation, store: name, code: cause.code ?? cause.name });
  };
  const guarded = guardedStore(ownStore, storeFailed);
  const traced = trace === undefined ? guarded : tracedStore(guarded, trace, () => clock.monoMs());
  const users = usersOf(givenStore, ownStore, namespace);
  const joined = (): JoinedTransaction | undefined => store.joined?.();
  const isInTransaction = (): boolean => joined() !== undefined;
  const revocations = new Revocations(
    clock,
    config.accessTokenValidityMs,
    (handle) => store.getSession(handle, clock.wallMs()),
    users.revoked,
    isInTransaction,
  );
  const store: SessionStore = revokingStore(traced, revocations);
  const family = config.options.useDynamicAccessTokenSigningKey === false ? "static" : "dynamic";
  const keys = new SigningKeys(platform, store, clock, random, {
    algorithm: config.algorithm,
    family,
    rotationIntervalMs: config.rotationIntervalMs,
    accessTokenValidityMs: config.accessTokenValidityMs,
    reloadIntervalMs: config.reloadIntervalMs,
  });
  const verifier = new AccessTokenVerifier(
    platform,
    keys,
    clock,
    makeCache(config),
    { family, accessTokenValidityMs: config.accessTokenValidityMs, issuer: config.issuer },
    revocations,
  );
  keys.onWithdrawn = (kid) => {
    verifier.forgetKey(kid);
    revocations.key(kid);
  };
  keys.beforeUse = () => revocations.catchUp();
  revocations.onKeyGone = (kid) => {
    keys.forget(kid);
    verifier.forgetKey(kid);
  };
  verifier.onClockSkew = (aheadMs) => emit({ type: "clock_skew", aheadMs });
  keys.onCreated = (kid) => emit({ type: "key_created", kid });
  keys.onUnusable = (kid) =>
    config.logger.warn(
      `The signing key ${JSON.stringify(kid)} in the store cannot be used here and is left out.`,
    );
  const secrets = new SecretRing(
    platform,
    store,
    clock,
    random,
    config.secrets,
    namespace,
    users.revoked.secrets,
  );
  secrets.onStoredUsed = () =>
    config.logger.info(
      'The store has a secret of its own, and new sessions are made with it, since processes without the option `secret` know no other. When all processes have the option, write `secret: [yours, "stored"]`.',
    );
  // A clock that was passed in does not tell how the process fares: a jump of it is no stall.
  const watch = config.options.clock === undefined ? platform.watchProcess?.() : undefined;

  const tools = {
    functions: undefined as unknown as SessionEngine["tools"]["functions"],
    nowMs: () => clock.wallMs(),
    joined,
    // A forgotten `await` is to be loud while somebody develops, and no way for a stranger to end a process.
    forgives: isProduction(),
    frontToken: (payload: AccessTokenPayload) => platform.encodeBase64(frontTokenJson(payload)),
    readPayload,
    claimOf: (key: string) => claims.find((claim) => claim.key === key),
    requestModeKeys: new Set(claims.filter(({ policy }) => policy.mode === "request").map(({ key }) => key)),
    buildClaim: (claim: SessionClaim<unknown>, session: SessionContainer, userContext: UserContext) =>
      buildClaim(
        engine,
        claim,
        {
          userId: session.getUserId(),
          recipeUserId: session.getRecipeUserId().getAsString(),
          tenantId: session.getTenantId(),
          sessionHandle: session.getHandle(),
        },
        withoutReservedClaims(session.getAccessTokenPayload()),
        userContext,
      ),
    claimsRefused: (validatorIds: readonly string[]) => emit({ type: "claims_refused", validatorIds }),
    attach: (
      session: SessionContainer,
      info: { req: unknown; res: unknown; transferMethod: TokenTransferMethod },
      userContext: UserContext | undefined,
    ) => attach(core, wrap(info.req, info.res), session, info.transferMethod, userContext),
  };
  const engine: SessionEngine = {
    platform,
    store,
    clock,
    random,
    secrets,
    keys,
    verifier,
    claimFetcher: new ClaimFetcher(
      () => clock.monoMs(),
      (report) => emit({ type: "claim_fetched", ...report }),
      isInTransaction,
    ),
    settings: {
      accessTokenValidityMs: config.accessTokenValidityMs,
      accessTokenValidityJitter: config.options.accessTokenValidityJitter ?? 0,
      refreshTokenValidityMs: config.refreshTokenValidityMs,
      absoluteLifetimeMs: config.absoluteLifetimeMs,
      refreshGraceMs: config.refreshGraceMs,
      issuer: config.issuer,
      issuesAntiCsrfTokens: config.antiCsrf === "VIA_TOKEN",
      accessCookieOverheadBytes: cookieOverhead(config),
      claimsAtCreation: claims.filter(({ policy }) => policy.autoAdd && policy.mode === "token"),
      claimsAtRefresh: claims.filter(({ policy }) => policy.onSessionRefresh && policy.mode === "token"),
      requestModeKeys: tools.requestModeKeys,
      globalClaimValidators: plugins.flatMap((plugin) => plugin.globalClaimValidators ?? []),
    },
    tools,
    limiter: makeLimiter(config, clock),
    rotations: new RotationAges(watch?.clocks ?? new ClockWatch(clock), ownStore.clock === "server"),
    revocations,
    stalls: () => watch,
    emit,
    warn: (message) => config.logger.warn(message),
    isObserved: config.options.onEvent !== undefined || trace !== undefined,
  };
  const override = config.options.override;
  const original = makeSessionFunctions(engine);
  tools.functions = overridden("override.functions", original, override?.functions);

  const cleanUp = new CleanUp(store, clock, (nowMs) => keys.deleteOutdated(nowMs));
  const apis = defaultApis(() => core);
  const overriddenApis = overridden("override.apis", apis, override?.apis);
  let closing: Promise<void> | undefined;
  /** Ends in time whatever the store does: who shuts down has a limit of his own. */
  async function close(): Promise<void> {
    watch?.stop();
    const letGo = async (): Promise<void> => {
      await within(CLEAN_UP_CLOSE_MS, cleanUp.stop()).catch(() => {});
      await use.close();
    };
    try {
      await within(CLOSE_MS, letGo());
    } catch (error) {
      if (!(error instanceof StoreTimeout)) throw error;
      config.logger.warn(`the ${store.name} store did not close within ${CLOSE_MS / 1000} s; it was left so`);
    }
  }
  const core: ReturnType<typeof createCore> = {
    config,
    engine,
    apis: overriddenApis,
    hasOverriddenVerifySession: overriddenApis.verifySession !== apis.verifySession,
    hasOverriddenFunctions: override?.functions !== undefined,
    hasGlobalValidators:
      engine.settings.globalClaimValidators.length > 0 || override?.functions !== undefined,
    claimEndpoints: [...plugins.flatMap((plugin) => plugin.endpoints ?? []), ...clientRefresh(claims)],
    cleanUp,
    trace,
    ready: () => ready(core, plugins),
    close() {
      closing ??= close();
      return closing;
    },
  };
  const host: PluginHost = {
    store: ownStore,
    namespace,
    clock,
    logger: config.logger,
    functions: tools.functions,
    storeFailed,
  };
  for (const plugin of plugins) answeredAtOnce(`plugins (${plugin.name}).attach`, plugin.attach?.(host));
  const use = useStore(
    givenStore,
    users,
    namespace,
    sharedSettings(config),
    config.options.allowTestValues === true,
  );
  return core;
}

/** What instances on one set of data must have in common: with anything else here they would spoil each other's tokens. */
function sharedSettings(config: ResolvedConfig): Record<string, string> {
  const { getCookieNameForTokenType, useDynamicAccessTokenSigningKey = true } = config.options;
  return {
    "the cookie names": `${config.accessCookieName} ${config.refreshCookieName} ${getCookieNameForTokenType !== undefined}`,
    "`appInfo.apiBasePath`": config.basePath,
    "`accessTokenPath`": config.accessTokenPath,
    "`signingAlgorithm`": config.algorithm,
    "`useDynamicAccessTokenSigningKey`": String(useDynamicAccessTokenSigningKey),
  };
}

/** What only the public suffix list can tell is told at start; requests are refused by the same check. */
function tellOfWrongSites(config: ResolvedConfig): void {
  config.loadSites().catch((error: unknown) => {
    config.logger.warn(error instanceof Error ? error.message : "the public suffix list could not be loaded");
  });
}

function clientRefresh(claims: readonly SessionClaim<unknown>[]): ClaimEndpoint[] {
  const endpoint = clientRefreshEndpoint(claims);
  return endpoint === undefined ? [] : [endpoint];
}

async function attach(
  core: SessionCore,
  exchange: Exchange,
  session: SessionContainer,
  transferMethod: TokenTransferMethod,
  userContext: UserContext | undefined,
): Promise<void> {
  const memo = memoOf(core, exchange);
  await memo.sitesLoaded();
  memo.userContext(userContext);
  if (session.heldTokens.updated) memo.assertDeliverable();
  // Nobody knows what it has been through: a guard behind makes its own checks.
  memo.begin(session, transferMethod, CHECKED_NOTHING);
  if (session.isRevoked) memo.revoked(session);
  else if (session.heldTokens.updated) memo.tokensChanged(session);
}

function readPayload(accessToken: string): AccessTokenPayload {
  const segment = splitToken(accessToken)?.payload;
  const text = segment === undefined ? undefined : platform.decodeSegment(segment);
  const payload = text === undefined ? undefined : asAccessTokenPayload(JSON.parse(text));
  if (payload === undefined) throw new Error("an access token minted here cannot be read");
  return payload;
}

function emitter(
  config: ResolvedConfig,
  trace: ((line: string) => void) | undefined,
): (event: SessionEvent) => void {
  const { onEvent } = config.options;
  let instanceId: string | undefined;
  const lines = new OnceAMinute(() => config.clock.monoMs());
  const listenerFailed = (error: unknown): void => {
    const times = lines.ask("onEvent");
    if (times === undefined) return;
    const again = times > 0 ? ` (${times} more since this was last said)` : "";
    config.logger.warn(
      `The listener \`onEvent\` threw or rejected (${nameOfError(error)}): the event is lost, the request goes on.${again}`,
    );
  };
  return (event) => {
    if (event.type === "token_large") {
      config.logger.warn(
        `An access token needs a cookie of ${event.sizeBytes} bytes; browsers drop cookies above 4096. Biggest claims: ${event.largestClaims.join(", ")}.`,
      );
    }
    trace?.(`event ${eventLine(event)}`);
    if (onEvent === undefined) return;
    callAside(() => {
      instanceId ??= hex(config.random(4));
      return onEvent({ ...event, timeMs: config.clock.wallMs(), instanceId });
    }, listenerFailed);
  };
}

/** An event as a line, without whose it is. */
function eventLine({ type, ...rest }: SessionEvent): string {
  const members = Object.entries(rest).filter(([name]) => name !== "userId");
  return [type, ...members.map(([name, value]) => `${name} ${String(value)}`)].join(", ");
}

function makeCache(config: ResolvedConfig): VerifiedTokenCache | undefined {
  const limits = config.options.verifiedTokenCache;
  if (limits === false) return undefined;
  return new VerifiedTokenCache({
    maxEntries: limits?.maxEntries ?? DEFAULT_CACHE.maxEntries,
    maxBytes: limits?.maxBytes ?? DEFAULT_CACHE.maxBytes,
  });
}

function makeLimiter(config: ResolvedConfig, clock: SessionEngine["clock"]): RefreshLimiter | undefined {
  const limit = config.options.refreshRateLimit ?? DEFAULT_RATE_LIMIT;
  return limit === false
    ? undefined
    : new RefreshLimiter(clock, limit.maxPerWindow, limit.windowSeconds * 1000);
}

/** Bytes of the access cookie's line beside the token, at its longest. */
function cookieOverhead(config: ResolvedConfig): number {
  return serializeCookie({
    name:
      config.options.getCookieNameForTokenType === undefined
        ? config.accessCookieName
        : "x".repeat(MAX_NAME_LENGTH),
    value: "",
    domain: config.cookieDomain,
    path: config.accessTokenPath,
    expiresMs: 0,
    httpOnly: true,
    secure: config.cookieSecure,
    sameSite: config.cookieSameSite ?? "none",
  }).length;
}

/** @throws SessionError `INVALID_OPTION` for what is no claim, and for two claims under one key */
function checkClaims(claims: readonly SessionClaim<unknown>[]): void {
  const keys = new Set<string>();
  for (const claim of claims) {
    if (typeof claim?.key !== "string" || typeof claim.policy !== "object") {
      throw invalidOption("claims", "holds something that is not a claim; `defineClaim({ … })` makes one");
    }
    if (RESERVED_CLAIMS.has(claim.key))
      throw invalidOption("claims", `the name \`${claim.key}\` is reserved`);
    if (keys.has(claim.key)) throw invalidOption("claims", `the claim \`${claim.key}\` is registered twice`);
    keys.add(claim.key);
  }
}
