import { type AuthorizationQuestion, isAuthorized, validatorsOf } from "../claims/authorization.js";
import { checkClaim, checkValidators } from "../claims/check-validators.js";
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { type ClaimValidationError, SessionError } from "../errors/session-error.js";
import { unauthorised } from "../errors/throwers.js";
import type { TokenTransferMethod } from "../extract/token-transfer.js";
import { deepFreeze, type JsonObject, type JsonValue, jsonEqual } from "../runtime/json.js";
import { type Maybe, neverUnhandled, promised, settled } from "../runtime/maybe.js";
import type { JoinedTransaction } from "../store/session-store.js";
import { TakeBack } from "../store/take-back.js";
import type { AccessTokenPayload, TokenClaims } from "../tokens/access-token.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { checkedPatch, mergePayload } from "../tokens/reserved-claims.js";
import type {
  ContainerFunctions,
  SessionInformation,
  SessionTokens,
  ValidatedClaims,
} from "./container-functions.js";

const NO_VALUES: JsonObject = Object.freeze({});

/** Tokens as the container holds them. */
export interface HeldTokens {
  accessToken: string;
  payload: AccessTokenPayload;
  refreshToken: string | undefined;
  /** Milliseconds since the epoch: when the refresh token dies; with `refreshToken` only. */
  refreshTokenExpiresAtMs: number | undefined;
  antiCsrfToken: string | undefined;
  /** Whether access and front token are new in this request. */
  updated: boolean;
}

/**
 * Where a container reports what has happened to it. It knows nothing of responses; a sink that does is attached while
 * a request is being served.
 */
export interface SessionSink {
  /** Whether no token can ever reach the client: then what is fetched counts for this request and is not saved. */
  readonly isReadOnly: boolean;
  /** @throws SessionError `RESPONSE_COMMITTED`, `READ_ONLY_CONTEXT` when new tokens could not reach the client */
  assertDeliverable(): void;
  /** The tokens of the same session, where another container of this request holds newer ones. */
  newest(session: SessionContainer): HeldTokens | undefined;
  /** New access and front token. @throws SessionError as `assertDeliverable`, when the client will not hear of them */
  tokensChanged(session: SessionContainer): void;
  /** The session is over. @throws SessionError as `assertDeliverable`, when the client will not hear of it */
  revoked(session: SessionContainer): void;
  userContext(): UserContext;
}

/** What a container needs of the engine. One object, shared by all containers. */
export interface ContainerTools {
  /** The functions after `override.functions`. */
  readonly functions: ContainerFunctions;
  nowMs(): number;
  /** The transaction of the application that the calling code is in. */
  joined(): JoinedTransaction | undefined;
  /** Whether what is thrown at somebody who does not await it ends no process. */
  readonly forgives: boolean;
  frontToken(payload: AccessTokenPayload): string;
  /** Payload of a token minted by this engine. */
  readPayload(accessToken: string): AccessTokenPayload;
  /** The claim registered under a key. */
  claimOf(key: string): SessionClaim<unknown> | undefined;
  /** Keys of the registered claims that belong to single requests: what a token says of them does not count. */
  readonly requestModeKeys: ReadonlySet<string>;
  /** A patch with the claim's value, fetched now; `{}` when its source has nothing to say. */
  buildClaim(
    claim: SessionClaim<unknown>,
    session: SessionContainer,
    userContext: UserContext,
  ): Promise<JsonObject>;
  /** Told of every refusal: for metrics. */
  claimsRefused(ids: readonly string[]): void;
  /** Makes requests and responses of the framework known to the container. */
  attach(
    session: SessionContainer,
    info: { req: unknown; res: unknown; transferMethod: TokenTransferMethod },
    userContext: UserContext | undefined,
  ): Promise<void>;
}

/**
 * A verified session: what a handler holds.
 *
 * Getters answer from the access token, without I/O. Methods that return a promise talk to the store; those that need
 * a row throw `UNAUTHORISED` when the session has been revoked or has expired meanwhile, and `STORE_UNAVAILABLE` when
 * the store does not answer. Changes to the payload reach the client with the response of the request the container
 * belongs to.
 */
export class SessionContainer<Payload extends object = JsonObject, Data extends object = JsonObject> {
  readonly #tools: ContainerTools;
  #tokens: HeldTokens;
  #sink: SessionSink | undefined;
  #frontToken: string | undefined;
  #isRevoked = false;
  /** Values of request-mode claims: of this request, in no token. */
  #requestValues: JsonObject = NO_VALUES;
  #takeBack: TakeBack | undefined;

  constructor(tools: ContainerTools, tokens: HeldTokens) {
    this.#tools = tools;
    this.#tokens = tokens;
  }

  /** The session's handle: constant, unique, not secret. */
  getHandle(): string {
    return this.#tokens.payload.sessionHandle;
  }

  getUserId(): string {
    return this.#tokens.payload.sub;
  }

  /** Here always the same id as {@link getUserId}. */
  getRecipeUserId(): { getAsString(): string } {
    const id = this.#tokens.payload.rsub;
    return { getAsString: () => id };
  }

  getTenantId(): string {
    return this.#tokens.payload.tId;
  }

  /** The newest access token this container knows. */
  getAccessToken(): string {
    return this.#tokens.accessToken;
  }

  /** The whole payload of the access token, frozen: the application's claims beside the token's own. */
  getAccessTokenPayload(): TokenClaims & Payload {
    return this.#tokens.payload as unknown as TokenClaims & Payload;
  }

  /** Server-only data of the session, fresh from the store. One read. */
  getSessionData(userContext?: UserContext): Promise<Data> {
    return this.#asked(userContext, ({ sessionData }) => sessionData as unknown as Data);
  }

  /** Newer name of {@link getSessionData}. */
  getSessionDataFromDatabase(userContext?: UserContext): Promise<Data> {
    return this.getSessionData(userContext);
  }

  /** Replaces the session data as a whole; the last writer wins. null and undefined count as `{}`. One write. */
  updateSessionData(newSessionData: Data | null | undefined, userContext?: UserContext): Promise<void> {
    return neverUnhandled(this.#replaceData(newSessionData, userContext));
  }

  /** Newer name of {@link updateSessionData}. */
  updateSessionDataInDatabase(
    newSessionData: Data | null | undefined,
    userContext?: UserContext,
  ): Promise<void> {
    return this.updateSessionData(newSessionData, userContext);
  }

  /**
   * Merges top-level keys into the access token payload; `null` removes a key. The patch is applied to what the store
   * holds, so that concurrent changes of other keys survive; the new access token has the old one's expiry. One write.
   *
   * @throws SessionError `RESERVED_CLAIM_NAME`, `INVALID_PAYLOAD`, `PAYLOAD_TOO_LARGE`: nothing was written
   */
  mergeIntoAccessTokenPayload(
    patch: Partial<Payload> | JsonObject,
    userContext?: UserContext,
  ): Promise<void> {
    return neverUnhandled(this.#merge(patch, this.#context(userContext)));
  }

  /** When the session was created, in milliseconds since the epoch. One read. */
  getTimeCreated(userContext?: UserContext): Promise<number> {
    return this.#asked(userContext, ({ timeCreated }) => timeCreated);
  }

  /** When the session dies if it is never refreshed again, in milliseconds since the epoch. One read. */
  getExpiry(userContext?: UserContext): Promise<number> {
    return this.#asked(userContext, ({ expiry }) => expiry);
  }

  /**
   * Ends the session in the store and on the client. Succeeds also when it was gone already. One delete.
   *
   * @throws SessionError `RESPONSE_COMMITTED`, `READ_ONLY_CONTEXT` when the client could not be told; the session is over
   *         all the same
   */
  revokeSession(userContext?: UserContext): Promise<void> {
    return neverUnhandled(this.#revoke(userContext));
  }

  /**
   * Judges the session by exactly these validators, fetching claims that are missing or too old.
   *
   * @throws SessionError `INVALID_CLAIMS` with one entry per failing validator
   */
  assertClaims(validators: readonly SessionClaimValidator[], userContext?: UserContext): Promise<void> {
    return this.#promised(() => {
      checkValidators(validators, "assertClaims()");
      return this.checkClaims(validators, userContext);
    });
  }

  /**
   * Whether the session has a role, a permission, a claim: at once, from what the token says. Everything asked for must
   * hold; whatever is missing, malformed or not known is a no. Never fetches: see {@link authorize}.
   */
  has(question: AuthorizationQuestion): boolean {
    return isAuthorized(this.#judged(), question, this.#tools.nowMs());
  }

  /**
   * The same question, answered by an error, and by fetching what is missing or too old.
   *
   * @throws SessionError `INVALID_CLAIMS`; `INVALID_ARGUMENT` for a question without content
   */
  authorize(question: AuthorizationQuestion, userContext?: UserContext): Promise<void> {
    return this.#promised(() =>
      this.checkClaims(
        validatorsOf(question, (key) => this.#tools.claimOf(key)),
        userContext,
      ),
    );
  }

  /** Claims by their type, at once: `session.claims.get(Plan)`. */
  get claims(): { get<T>(claim: SessionClaim<T>): T | undefined } {
    return {
      get: (claim) => {
        checkClaim(claim);
        return this.#read(claim);
      },
    };
  }

  /** Fetches the claim now, whatever its age. */
  fetchAndSetClaim(claim: SessionClaim<unknown>, userContext?: UserContext): Promise<void> {
    const fetched = async (context: UserContext): Promise<JsonObject> =>
      this.#tools.buildClaim(claim, this.#self, context);
    return neverUnhandled(this.#set(claim, fetched, userContext));
  }

  setClaimValue<T>(claim: SessionClaim<T>, value: T, userContext?: UserContext): Promise<void> {
    const patch = (): JsonObject => claim.addToPayload({}, value, this.#tools.nowMs());
    return neverUnhandled(this.#set(claim, patch, userContext));
  }

  /** The claim's value in the payload; never fetches. */
  getClaimValue<T>(claim: SessionClaim<T>): Promise<T | undefined> {
    return this.#promised(() => this.claims.get(claim));
  }

  removeClaim(claim: SessionClaim<unknown>, userContext?: UserContext): Promise<void> {
    const patch = (): JsonObject => claim.removeFromPayloadByMerge({});
    return neverUnhandled(this.#set(claim, patch, userContext));
  }

  /**
   * Joins a claim's entry to the one in the store by the claim's own rule, where {@link setClaimValue} replaces it.
   *
   * @param entry what stands under the claim's key
   */
  mergeClaimEntry(claim: SessionClaim<unknown>, entry: JsonValue, userContext?: UserContext): Promise<void> {
    const merged = async (): Promise<void> => {
      checkClaim(claim);
      await this.#merge({ [claim.key]: entry }, this.#context(userContext), [claim]);
    };
    return neverUnhandled(merged());
  }

  /** All tokens. They are credentials: never log them. */
  getAllSessionTokensDangerously(): SessionTokens {
    return {
      accessToken: this.#tokens.accessToken,
      refreshToken: this.#tokens.refreshToken,
      frontToken: this.getFrontToken(),
      antiCsrfToken: this.#tokens.antiCsrfToken,
      accessAndFrontTokenUpdated: this.#tokens.updated,
    };
  }

  /** Makes the container belong to a request: writes its new tokens to the response, and later changes too. */
  attachToRequestResponse(
    info: { req: unknown; res: unknown; transferMethod: TokenTransferMethod },
    userContext?: UserContext,
  ): Promise<void> {
    return this.#promised(() => this.#tools.attach(this.#self, info, userContext));
  }

  /** Tokens do not show when a container is logged. */
  toJSON(): { sessionHandle: string; userId: string } {
    return { sessionHandle: this.getHandle(), userId: this.getUserId() };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `SessionContainer { sessionHandle: ${JSON.stringify(this.getHandle())} }`;
  }

  /** @internal the `front-token` header's value, made when it is first asked for */
  getFrontToken(): string {
    this.#frontToken ??= this.#tools.frontToken(this.#tokens.payload);
    return this.#frontToken;
  }

  /** @internal {@link assertClaims} that is not a promise as long as there is nothing to wait for */
  checkClaims(validators: readonly SessionClaimValidator[], userContext?: UserContext): Maybe<void> {
    if (Array.isArray(validators) && validators.length === 0) return undefined;
    const { sub, rsub, tId, sessionHandle } = this.#tokens.payload;
    const context = this.#context(userContext);
    const judged = settled(
      this.#tools.functions.validateClaims({
        userId: sub,
        recipeUserId: rsub,
        tenantId: tId,
        sessionHandle,
        accessTokenPayload: this.#tokens.payload,
        requestValues: this.#requestValues,
        claimValidators: validators,
        userContext: context,
      }),
    );
    return judged instanceof Promise
      ? judged.then((found) => this.#conclude(found, context))
      : this.#conclude(judged, context);
  }

  /** @internal */
  get heldTokens(): Readonly<HeldTokens> {
    return this.#tokens;
  }

  /** @internal whether `revokeSession` was called on this container: its tokens must not go out any more */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** @internal */
  set sink(sink: SessionSink) {
    this.#sink = sink;
  }

  #asked<T>(userContext: UserContext | undefined, pick: (found: SessionInformation) => T): Promise<T> {
    return this.#promised(() => this.#information(userContext).then(pick));
  }

  #promised<T>(step: () => Maybe<T>): Promise<T> {
    return promised(step, this.#tools.forgives);
  }

  /** The application's types are its own affair. */
  get #self(): SessionContainer {
    return this as unknown as SessionContainer;
  }

  /** Saves what was fetched, also when something failed; then raises (claims.md 2.4). */
  #conclude(found: ValidatedClaims, userContext: UserContext): Maybe<void> {
    const { invalidClaims, accessTokenPayloadUpdate, fetchedClaims, requestValues } = found;
    if (requestValues !== undefined) {
      this.#changing(true);
      this.#requestValues = deepFreeze({ ...this.#requestValues, ...requestValues });
    }
    if (accessTokenPayloadUpdate === undefined) return this.#raise(invalidClaims);
    if (this.#sink?.isReadOnly) {
      const before = this.#tokens;
      const update = checkedPatch(snapshotPayload("access token payload", accessTokenPayloadUpdate));
      const payload = mergePayload(before.payload, update) as AccessTokenPayload;
      this.#tokens = { ...before, payload: deepFreeze(payload) };
      return this.#raise(invalidClaims);
    }
    return this.#merge(accessTokenPayloadUpdate, userContext, fetchedClaims ?? []).then(() =>
      this.#raise(invalidClaims),
    );
  }

  #raise(invalidClaims: readonly ClaimValidationError[]): void {
    if (invalidClaims.length === 0) return;
    const ids = invalidClaims.map(({ id }) => id);
    this.#tools.claimsRefused(ids);
    const { accessToken, updated } = this.#tokens;
    throw new SessionError({
      type: "INVALID_CLAIMS",
      message: `invalid claims: ${ids.join(", ")}`,
      payload: [...invalidClaims],
      updatedTokens: updated ? { accessToken, frontToken: this.getFrontToken() } : undefined,
    });
  }

  /** A change of one claim: in the token, or for this request where that is how the claim is kept. */
  async #set(
    claim: SessionClaim<unknown>,
    make: (userContext: UserContext) => JsonObject | Promise<JsonObject>,
    given: UserContext | undefined,
  ): Promise<void> {
    checkClaim(claim);
    const userContext = this.#context(given);
    const patch = await make(userContext);
    if (claim.policy.mode === "request") {
      this.#changing(true);
      this.#requestValues = deepFreeze(
        mergePayload(this.#requestValues, checkedPatch(snapshotPayload(`claim ${claim.key}`, patch))),
      );
    } else {
      await this.#merge(patch, userContext);
    }
  }

  /** What claims are read from: the token, and what was fetched for this request. */
  #judged(): JsonObject {
    const { requestModeKeys } = this.#tools;
    const { payload } = this.#tokens;
    if (requestModeKeys.size === 0 && this.#requestValues === NO_VALUES) return payload;
    const kept = Object.entries(payload).filter(([key]) => !requestModeKeys.has(key));
    return { ...Object.fromEntries(kept), ...this.#requestValues };
  }

  #read<T>(claim: SessionClaim<T>): T | undefined {
    return claim.getValueFromPayload(
      claim.policy.mode === "request" ? this.#requestValues : this.#tokens.payload,
    );
  }

  async #replaceData(
    newSessionData: Data | null | undefined,
    userContext: UserContext | undefined,
  ): Promise<void> {
    const wasThere = await this.#tools.functions.updateSessionData({
      sessionHandle: this.getHandle(),
      newSessionData: snapshotPayload("session data", newSessionData),
      userContext: this.#context(userContext),
    });
    if (!wasThere) throw this.#gone();
  }

  /** Whether the client can be told or not: what was asked for is that the session ends. */
  async #revoke(userContext: UserContext | undefined): Promise<void> {
    await this.#tools.functions.revokeSession({
      sessionHandle: this.getHandle(),
      userContext: this.#context(userContext),
    });
    this.#changing();
    this.#isRevoked = true;
    this.#sink?.revoked(this.#self);
  }

  async #merge(
    patch: object,
    userContext: UserContext,
    fetchedClaims?: readonly SessionClaim<unknown>[],
  ): Promise<void> {
    const update = checkedPatch(snapshotPayload("access token payload", patch));
    if (Object.keys(update).length === 0) return;
    this.#sink?.assertDeliverable();
    const before = this.#sink?.newest(this.#self) ?? this.#tokens;
    const result = await this.#tools.functions.regenerateAccessToken({
      accessToken: before.accessToken,
      accessTokenPayloadUpdate: update,
      fetched: fetchedClaims && { claims: fetchedClaims, seen: before.payload },
      userContext,
    });
    if (result === undefined) throw this.#gone();
    if (result.accessToken === undefined) {
      this.#changing();
      // Expired meanwhile: the client gets the new payload with its next refresh (M-7).
      this.#tokens = {
        ...before,
        payload: deepFreeze({ ...tokenClaimsOf(before.payload), ...result.session.userDataInJWT }),
      };
      this.#frontToken = undefined;
      return;
    }
    const payload = deepFreeze(this.#tools.readPayload(result.accessToken.token));
    if (jsonEqual({ ...payload, iat: 0 }, { ...before.payload, iat: 0 })) return;
    this.#changing();
    this.#tokens = { ...before, accessToken: result.accessToken.token, payload, updated: true };
    this.#frontToken = undefined;
    this.#sink?.tokensChanged(this.#self);
  }

  /**
   * What changes in a transaction of the application is not so any more when that is taken back.
   *
   * @param isAdded default false; true: what was there before is not replaced
   */
  #changing(isAdded = false): void {
    const transaction = this.#tools.joined();
    if (transaction === undefined && isAdded) return;
    if (transaction !== undefined) this.#takeBack ??= new TakeBack();
    this.#takeBack?.changing(transaction, () => {
      const [tokens, isRevoked, values] = [this.#tokens, this.#isRevoked, this.#requestValues];
      return (isKept) => {
        if (isKept) return;
        this.#tokens = tokens;
        this.#isRevoked = isRevoked;
        this.#requestValues = values;
        this.#frontToken = undefined;
      };
    });
  }

  async #information(userContext: UserContext | undefined): Promise<SessionInformation> {
    const information = await this.#tools.functions.getSessionInformation({
      sessionHandle: this.getHandle(),
      userContext: this.#context(userContext),
    });
    if (information === undefined) throw this.#gone();
    return information;
  }

  #context(given: UserContext | undefined): UserContext {
    return given ?? this.#sink?.userContext() ?? {};
  }

  #gone(): SessionError<"UNAUTHORISED"> {
    return unauthorised("the session does not exist any more", false);
  }
}

function tokenClaimsOf(payload: AccessTokenPayload): TokenClaims {
  const {
    sub,
    rsub,
    tId,
    iat,
    exp,
    sessionHandle,
    refreshTokenHash1,
    parentRefreshTokenHash1,
    antiCsrfToken,
  } = payload;
  return {
    sub,
    rsub,
    tId,
    iat,
    exp,
    sessionHandle,
    refreshTokenHash1,
    parentRefreshTokenHash1,
    antiCsrfToken,
  };
}
