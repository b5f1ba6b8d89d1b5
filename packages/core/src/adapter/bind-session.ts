import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionClaim } from "../claims/session-claim.js";
import { getRequestFromUserContext, type UserContext } from "../claims/user-context.js";
import type { SessionOptions } from "../config/session-options.js";
import { createCore } from "../create-core.js";
import {
  checkOptions,
  isAnything,
  isBoolean,
  isNonEmptyText,
  type OptionChecks,
} from "../errors/option-check.js";
import { SessionError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import { answerError, prepareAnswer } from "../flows/answer-error.js";
import { matchClaimEndpoint } from "../flows/claim-endpoints.js";
import { createNewSession, type NewSession, ownClaims } from "../flows/create.js";
import { type CreateJwtInput, createJwt } from "../flows/create-jwt.js";
import {
  discoveryDocument,
  type EndpointRoute,
  endpointRoutes,
  type Handled,
  handleEndpoint,
  matchEndpoint,
} from "../flows/endpoints.js";
import { getSession, guardOrRefresh } from "../flows/guard.js";
import { type CheckedOptions, callOptions, guardOptions } from "../flows/guard-options.js";
import { refreshSession } from "../flows/refresh.js";
import { memoOf } from "../flows/request-memo.js";
import { updateClaimForUser } from "../flows/update-claim-for-user.js";
import {
  getSessionWithoutRequestResponse,
  refreshSessionWithoutRequestResponse,
  validateClaimsForSessionHandle,
} from "../flows/without-request.js";
import type { Exchange } from "../http/exchange.js";
import type { SecretInformation } from "../keys/secret-ring.js";
import type { ErrorAnswer } from "../respond/error-answer.js";
import type { JsonObject } from "../runtime/json.js";
import { forgive, type Maybe, promiseOf } from "../runtime/maybe.js";
import type {
  ClaimValidationForHandle,
  ClaimValueResult,
  SessionInformation,
} from "../session/container-functions.js";
import { checkUserId, DEFAULT_TENANT } from "../session/create-session.js";
import type { SessionContainer } from "../session/session-container.js";
import type { VerifySessionOptions } from "../session/types.js";
import { MAX_NAME_BYTES } from "../store/storable.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import {
  canBeHandle,
  checkContext,
  checkFlag,
  claimFrom,
  contextFrom,
  handlesFrom,
  isName,
  optionalTenant,
  optionsFrom,
  tokenFrom,
} from "./check-arguments.js";
import { DebugTrace } from "./debug-trace.js";

/** What an application's session and payload look like; the defaults are any JSON object. */
export interface SessionTypes {
  payload?: object;
  data?: object;
}

type PayloadOf<T extends SessionTypes> = T extends { payload: infer P extends object } ? P : JsonObject;
type DataOf<T extends SessionTypes> = T extends { data: infer D extends object } ? D : JsonObject;
/** The container, with the application's types. */
export type SessionOf<T extends SessionTypes> = SessionContainer<PayloadOf<T>, DataOf<T>>;

/** What an adapter's framework-specific functions are built on. */
export interface AdapterCore {
  /** Whether the request is for one of our endpoints; no promise, so that every other request goes on at once. */
  isEndpoint(exchange: Exchange): boolean;
  /** Our endpoints, for hosts that route by a table; `handleEndpoint` has the last word on each request. */
  endpointRoutes(): EndpointRoute[];
  /** Serves our endpoints; undefined when the request is not for one. */
  handleEndpoint(exchange: Exchange): Promise<Handled | undefined>;
  /**
   * `verifySession` of every adapter, overrides included. Where there is nothing to wait for, as with a verified token
   * that is remembered, it is the session itself and no promise; what it throws may be thrown at once.
   */
  verifySession(exchange: Exchange, options?: CheckedOptions): Maybe<SessionContainer | undefined>;
  /**
   * Checks the options that a guard is made with, when it is made, for `verifySession` above. Those that come with each
   * request go to `callOptions`.
   *
   * @param own what the adapter's guard takes beside them; left out of what is returned
   * @throws SessionError `INVALID_OPTION`, `INVALID_ARGUMENT`
   */
  guardOptions(given: VerifySessionOptions | undefined, own?: OptionChecks): CheckedOptions | undefined;
  /** Checks options that come with each request. Costs nothing that could be measured where they are right. */
  callOptions(given: VerifySessionOptions | undefined): CheckedOptions | undefined;
  /** Answers an error of ours; undefined when the framework has to go on with it. */
  answerError(exchange: Exchange, error: unknown): Promise<Handled | undefined>;
  /** What `answerError` does to the response before it is sent, where something else sends it, GraphQL say. */
  prepareAnswer(exchange: Exchange, error: unknown): Promise<ErrorAnswer | undefined>;
  /** The session established in this exchange, without establishing one. */
  current(exchange: Exchange): SessionContainer | undefined;
}

const CORS_HEADERS = ["rid", "fdi-version", "anti-csrf", "authorization", "st-auth-mode"];
const EXPOSED_HEADERS = ["front-token", "anti-csrf", "st-access-token", "st-refresh-token"];

/** Options with what `sessionRequired` is known to be; the callbacks get their types from here. */
type OptionsWhere<R extends boolean | undefined> = VerifySessionOptions & { sessionRequired?: R };

/** `S`, or undefined too where `sessionRequired` is false, or may be false. */
type Found<R extends boolean | undefined, S> = [R] extends [true | undefined] ? S : S | undefined;

/**
 * The functions of a session instance (wire-contract.md 6.2), over the objects of one framework. An adapter adds its
 * framework's own integration points.
 *
 * @param wrap turns what the framework hands out into an exchange; called again for the same exchange it must return the
 *             same one. Throws `INVALID_ARGUMENT` for anything else: an unknown shape is never "no session"
 */
export function bindSession<Req, Res, T extends SessionTypes = SessionTypes>(
  options: SessionOptions | undefined,
  wrap: (req: Req, res: Res) => Exchange,
) {
  type Session = SessionOf<T>;
  const core = createCore(options, wrap as (req: unknown, res: unknown) => Exchange);
  const { functions, forgives } = core.engine.tools;
  const context = contextFrom;

  const adapter: AdapterCore = {
    isEndpoint: (exchange) =>
      matchEndpoint(core, exchange) !== undefined || matchClaimEndpoint(core, exchange) !== undefined,
    endpointRoutes: () => endpointRoutes(core),
    handleEndpoint: (exchange) => handleEndpoint(core, exchange),
    verifySession: (exchange, verifyOptions) =>
      core.hasOverriddenVerifySession
        ? // A promise of another make than ours would be taken for the session.
          Promise.resolve(
            core.apis.verifySession({
              exchange,
              req: exchange.req,
              res: exchange.res,
              options: verifyOptions,
              userContext: memoOf(core, exchange).userContext(),
            }),
          )
        : guardOrRefresh(core, exchange, verifyOptions),
    guardOptions: (given, own) => guardOptions(core, given, own),
    callOptions: (given) => callOptions(core, given),
    answerError: (exchange, error) => answerError(core, exchange, error),
    prepareAnswer: (exchange, error) => prepareAnswer(core, exchange, error),
    current: (exchange) => memoOf(core, exchange).session,
  };

  const session = {
    /** The error class, with the types as constants: `Session.Error.UNAUTHORISED` … */
    Error: SessionError,

    /** @see createNewSession in docs; the last argument but one may also be everything, as one object. */
    async createNewSession(
      req: Req,
      res: Res,
      user: string | NewSession,
      accessTokenPayload: JsonObject | null = {},
      sessionData: JsonObject | null = {},
      userContext?: UserContext,
    ): Promise<Session> {
      const input: NewSession =
        typeof user === "object" && user !== null
          ? checkedNewSession(user)
          : { userId: user, accessTokenPayload, sessionData, userContext };
      if (input.userContext !== undefined) checkContext(input.userContext);
      return (await createNewSession(core, wrap(req, res), input)) as unknown as Session;
    },

    /** A new session without a request: its tokens are in the container. */
    async createNewSessionWithoutRequestResponse(
      user: string | Omit<NewSession, "userContext">,
      accessTokenPayload: JsonObject | null = {},
      sessionData: JsonObject | null = {},
      disableAntiCsrf = false,
      userContext?: UserContext,
    ): Promise<Session> {
      const input =
        typeof user === "object" && user !== null
          ? checkedNewSession(user)
          : { userId: user, accessTokenPayload, sessionData };
      checkFlag("disableAntiCsrf", disableAntiCsrf);
      const created = await functions.createNewSession({
        userId: input.userId,
        recipeUserId: input.userId,
        tenantId: input.tenantId ?? DEFAULT_TENANT,
        accessTokenPayload: ownClaims(input.accessTokenPayload),
        sessionData: input.sessionData ?? {},
        disableAntiCsrf,
        userContext: context(userContext),
      });
      core.cleanUp.tick();
      return created as unknown as Session;
    },

    /**
     * The session of a request. Verified without I/O but for the first request after a refresh; asked for several times
     * in one request it is verified once.
     *
     * @throws SessionError `UNAUTHORISED`, `TRY_REFRESH_TOKEN`, `INVALID_CLAIMS`, `STORE_UNAVAILABLE`
     */
    getSession<R extends boolean | undefined = true>(
      req: Req,
      res: Res,
      getOptions?: OptionsWhere<R>,
      userContext?: UserContext,
    ): Promise<Found<R, Session>> {
      // Written out: a closure would cost every verified request.
      let found: Maybe<unknown>;
      try {
        if (userContext !== undefined) checkContext(userContext);
        found = getSession(core, wrap(req, res), getOptions, userContext);
      } catch (error) {
        found = Promise.reject(error);
      }
      return promiseOf(found, forgives) as Promise<Found<R, Session>>;
    },

    async getSessionWithoutRequestResponse<R extends boolean | undefined = true>(
      accessToken: string | undefined,
      antiCsrfToken?: string,
      getOptions?: OptionsWhere<R>,
      userContext?: UserContext,
    ): Promise<Found<R, Session>> {
      const found = await getSessionWithoutRequestResponse(
        core,
        tokenFrom("access token", accessToken),
        tokenFrom("anti-csrf token", antiCsrfToken),
        optionsFrom("the options", getOptions),
        context(userContext),
      );
      return found as unknown as Found<R, Session>;
    },

    /** Refreshes; writes the new tokens to the response and sends no body. */
    async refreshSession(req: Req, res: Res, userContext?: UserContext): Promise<Session> {
      if (userContext !== undefined) checkContext(userContext);
      return (await refreshSession(core, wrap(req, res), userContext)) as unknown as Session;
    },

    async refreshSessionWithoutRequestResponse(
      refreshToken: string,
      disableAntiCsrf = false,
      antiCsrfToken?: string,
      userContext?: UserContext,
    ): Promise<Session> {
      checkFlag("disableAntiCsrf", disableAntiCsrf);
      const userContextOfCall = context(userContext);
      const refreshed = await refreshSessionWithoutRequestResponse(
        core,
        // None is answered as one that is not ours.
        tokenFrom("refresh token", refreshToken) ?? "",
        disableAntiCsrf,
        tokenFrom("anti-csrf token", antiCsrfToken),
        userContextOfCall,
      );
      return refreshed as unknown as Session;
    },

    /** @returns whether a session was there. In other processes an access token that is out goes on until it expires, unless `checkDatabase` is set. */
    async revokeSession(sessionHandle: string, userContext?: UserContext): Promise<boolean> {
      const given = context(userContext);
      if (!canBeHandle(sessionHandle)) return false;
      return functions.revokeSession({ sessionHandle, userContext: given });
    },

    /** @returns the handles that were there */
    async revokeMultipleSessions(
      sessionHandles: readonly string[],
      userContext?: UserContext,
    ): Promise<string[]> {
      return functions.revokeMultipleSessions({
        sessionHandles: handlesFrom(sessionHandles),
        userContext: context(userContext),
      });
    },

    /** @param tenantId undefined for all tenants */
    async revokeAllSessionsForUser(
      userId: string,
      tenantId?: string,
      userContext?: UserContext,
    ): Promise<string[]> {
      checkUserId(userId);
      return functions.revokeAllSessionsForUser({
        userId,
        tenantId: optionalTenant(tenantId),
        userContext: context(userContext),
      });
    },

    /**
     * Signs out everybody of one tenant, or of all, a few hundred sessions at a time. Sessions that began before the
     * call are gone when it returns, and a login after that is not touched. What it throws has ended some: call it again.
     *
     * @returns how many sessions were live
     */
    async revokeAllSessions(
      scope: { tenantId: string } | { allTenants: true },
      userContext?: UserContext,
    ): Promise<number> {
      const { tenantId, allTenants } = checkOptions<{ tenantId?: unknown; allTenants?: unknown }>(
        "revokeAllSessions",
        { tenantId: isAnything, allTenants: isBoolean },
        scope,
      );
      // A tenant id that went missing must not sign everybody out.
      if (allTenants === true ? tenantId !== undefined : typeof tenantId !== "string") {
        throw invalidArgument(
          "revokeAllSessions takes `{ tenantId }`, or `{ allTenants: true }` for everybody",
        );
      }
      return functions.revokeAllSessions({
        tenantId: optionalTenant(tenantId),
        userContext: context(userContext),
      });
    },

    async getAllSessionHandlesForUser(
      userId: string,
      tenantId?: string,
      userContext?: UserContext,
    ): Promise<string[]> {
      checkUserId(userId);
      return functions.getAllSessionHandlesForUser({
        userId,
        tenantId: optionalTenant(tenantId),
        userContext: context(userContext),
      });
    },

    async getSessionInformation(
      sessionHandle: string,
      userContext?: UserContext,
    ): Promise<SessionInformation | undefined> {
      const given = context(userContext);
      if (!canBeHandle(sessionHandle)) return undefined;
      return functions.getSessionInformation({ sessionHandle, userContext: given });
    },

    /** Replaces the session data as a whole. @returns whether the session was there */
    async updateSessionData(
      sessionHandle: string,
      newSessionData: DataOf<T> | null | undefined,
      userContext?: UserContext,
    ): Promise<boolean> {
      const given = context(userContext);
      const data = snapshotPayload("session data", newSessionData);
      if (!canBeHandle(sessionHandle)) return false;
      return functions.updateSessionData({ sessionHandle, newSessionData: data, userContext: given });
    },

    /** Newer name of `updateSessionData`. */
    updateSessionDataInDatabase(
      sessionHandle: string,
      newSessionData: DataOf<T> | null | undefined,
      userContext?: UserContext,
    ): Promise<boolean> {
      return session.updateSessionData(sessionHandle, newSessionData, userContext);
    },

    /** Merges into the stored payload; the client sees it at its next refresh or `checkDatabase` request. */
    async mergeIntoAccessTokenPayload(
      sessionHandle: string,
      accessTokenPayloadUpdate: JsonObject,
      userContext?: UserContext,
    ): Promise<boolean> {
      const given = context(userContext);
      if (!canBeHandle(sessionHandle)) return false;
      return functions.mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate,
        userContext: given,
      });
    },

    async fetchAndSetClaim(
      sessionHandle: string,
      claim: SessionClaim<unknown>,
      userContext?: UserContext,
    ): Promise<boolean> {
      const input = { sessionHandle, claim: claimFrom(claim), userContext: context(userContext) };
      return canBeHandle(sessionHandle) && functions.fetchAndSetClaim(input);
    },

    async setClaimValue<V>(
      sessionHandle: string,
      claim: SessionClaim<V>,
      value: V,
      userContext?: UserContext,
    ): Promise<boolean> {
      const input = { sessionHandle, claim: claimFrom(claim), value, userContext: context(userContext) };
      return canBeHandle(sessionHandle) && functions.setClaimValue(input);
    },

    async getClaimValue<V>(
      sessionHandle: string,
      claim: SessionClaim<V>,
      userContext?: UserContext,
    ): Promise<ClaimValueResult<V>> {
      const input = { sessionHandle, claim: claimFrom(claim), userContext: context(userContext) };
      if (!canBeHandle(sessionHandle)) return { status: "SESSION_DOES_NOT_EXIST_ERROR" };
      return functions.getClaimValue(input);
    },

    async removeClaim(
      sessionHandle: string,
      claim: SessionClaim<unknown>,
      userContext?: UserContext,
    ): Promise<boolean> {
      const input = { sessionHandle, claim: claimFrom(claim), userContext: context(userContext) };
      return canBeHandle(sessionHandle) && functions.removeClaim(input);
    },

    /**
     * Fetches a claim for every live session of a user, or sets it to `options.value`. Clients see it with their next
     * refresh, or on routes with `checkDatabase`.
     *
     * @returns handles of the sessions that were changed
     */
    async updateClaimForUser<V>(
      userId: string,
      claim: SessionClaim<V>,
      claimOptions: { readonly tenantId?: string | undefined; readonly value?: V | undefined } = {},
      userContext?: UserContext,
    ): Promise<string[]> {
      checkUserId(userId);
      const scope = optionsFrom("the options", claimOptions) ?? {};
      return updateClaimForUser(core, userId, claimFrom(claim), scope, context(userContext));
    },

    async validateClaimsForSessionHandle(
      sessionHandle: string,
      overrideGlobalClaimValidators?: (
        globalValidators: readonly SessionClaimValidator[],
        sessionInformation: SessionInformation,
        userContext: UserContext,
      ) => readonly SessionClaimValidator[] | Promise<readonly SessionClaimValidator[]>,
      userContext?: UserContext,
    ): Promise<ClaimValidationForHandle> {
      const given = context(userContext);
      if (
        overrideGlobalClaimValidators !== undefined &&
        typeof overrideGlobalClaimValidators !== "function"
      ) {
        throw invalidArgument("the override of the claim validators must be a function");
      }
      if (!canBeHandle(sessionHandle)) return { status: "SESSION_DOES_NOT_EXIST_ERROR" };
      return validateClaimsForSessionHandle(core, sessionHandle, overrideGlobalClaimValidators, given);
    },

    /** A signed JWT of the application's own; never accepted as a session. */
    async createJWT(payload?: JsonObject, validitySeconds?: number, useStaticSigningKey?: boolean) {
      checkFlag("useStaticSigningKey", useStaticSigningKey);
      return createJwt(core, { payload, validitySeconds, useStaticSigningKey } satisfies CreateJwtInput);
    },

    getJWKS: (): Promise<{ keys: JsonObject[]; validityInSeconds: number }> => core.engine.keys.jwks(),

    async getOpenIdDiscoveryConfiguration() {
      return { status: "OK" as const, ...discoveryDocument(core) };
    },

    /** Request headers that a CORS layer has to allow, beside `content-type`. */
    getAllCORSHeaders: (): string[] => [...CORS_HEADERS],

    /** Response headers that a CORS layer has to expose, where it overwrites what we append. */
    getAllExposedHeaders: (): string[] => [...EXPOSED_HEADERS],

    getRequestFromUserContext,

    /** Stops a signing key from verifying: in this process at once, elsewhere within `jwksRefreshIntervalSec`. Sessions survive. */
    async withdrawKey(kid: string): Promise<void> {
      if (typeof kid !== "string") throw invalidArgument("the key id must be a string");
      if (isName(kid, MAX_NAME_BYTES)) await core.engine.keys.withdraw(kid);
    },

    /**
     * Resolves when everything that a first request needs is there: driver, store, tables, secret, signing key. To be
     * awaited where the application starts, so that a mistake is found there; like every promise, it must not be left alone.
     *
     * @throws SessionError `STORE_UNAVAILABLE` whose message and `cause` say what is wrong and what to do
     */
    ready: (): Promise<void> => core.ready(),

    /** The secrets that refresh tokens are accepted with, by id; never the secrets themselves. */
    listSecrets: (): Promise<SecretInformation[]> => core.engine.secrets.list(),

    /**
     * Makes a secret that the store keeps accepted no more, one that leaked say: here at once, in other processes within
     * a minute. Who holds a refresh token that was made with it has to sign in again; new ones are made with another.
     *
     * @param id as `listSecrets()` tells it
     * @returns whether the store had it
     * @throws SessionError `INVALID_ARGUMENT` for one of the option `secret`, which is to be taken out there
     */
    async withdrawSecret(id: string): Promise<boolean> {
      if (typeof id !== "string") throw invalidArgument("the secret's id must be a string");
      return isName(id, MAX_NAME_BYTES) && core.engine.secrets.withdraw(id);
    },

    /**
     * Deletes now what has expired: sessions, and keys that verify nothing any more. It also happens by itself, twice a
     * day, behind a login or a refresh. Ends early when the instance is closed.
     *
     * @returns how many sessions
     */
    deleteExpiredSessions: (): Promise<number> => core.cleanUp.run(),

    /** Lets go of the store, and of everything else that would keep a process alive. */
    close: (): Promise<void> => core.close(),
  };
  const { trace } = core;
  const tracing = trace && new DebugTrace(core, trace, wrap as (req: unknown, res: unknown) => Exchange);
  tracing?.functions(session);
  // `getSession` sees to it itself, `ready` says that a start has failed, and writes are named in the log.
  const isLoud = (name: string): boolean =>
    /^(Error|ready)$/.test(name) || (name === "getSession" && tracing === undefined);
  const isWrite = (name: string): boolean => /^(createNewSession|refreshSession)$/.test(name);
  forgive(session, (name) => (forgives ? !isLoud(name) : isWrite(name)));
  return { session, adapter: tracing?.adapter(adapter) ?? adapter };
}

/** What they are is checked with a session's other parts; here that none is misspelt, and so left out. */
function checkedNewSession<N extends object>(given: N): N {
  return checkOptions("createNewSession", NEW_SESSION, given);
}

const NEW_SESSION = {
  userId: isAnything,
  tenantId: isNonEmptyText,
  accessTokenPayload: isAnything,
  sessionData: isAnything,
  userContext: isAnything,
};

/** What {@link bindSession} makes for an application. */
export type BoundSession<Req, Res, T extends SessionTypes = SessionTypes> = ReturnType<
  typeof bindSession<Req, Res, T>
>["session"];
