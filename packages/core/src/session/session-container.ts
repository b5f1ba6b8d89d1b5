import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { SessionError } from "../errors/session-error.js";
import { unauthorised } from "../errors/throwers.js";
import type { TokenTransferMethod } from "../extract/token-transfer.js";
import { deepFreeze, type JsonObject, jsonEqual } from "../runtime/json.js";
import type { AccessTokenPayload, TokenClaims } from "../tokens/access-token.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { checkedPatch, withoutReservedClaims } from "../tokens/reserved-claims.js";
import type { ContainerFunctions, SessionInformation, SessionTokens } from "./container-functions.js";

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
  /** @throws SessionError `RESPONSE_COMMITTED` when new tokens could no longer reach the client */
  assertDeliverable(): void;
  /** New access and front token. */
  tokensChanged(session: SessionContainer): void;
  /** The session is over. */
  revoked(session: SessionContainer): void;
  userContext(): UserContext;
}

/** What a container needs of the engine. One object, shared by all containers. */
export interface ContainerTools {
  /** The functions after `override.functions`. */
  readonly functions: ContainerFunctions;
  nowMs(): number;
  frontToken(payload: AccessTokenPayload): string;
  /** Payload of a token minted by this engine. */
  readPayload(accessToken: string): AccessTokenPayload;
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
  async getSessionData(userContext?: UserContext): Promise<Data> {
    return (await this.#information(userContext)).sessionData as unknown as Data;
  }

  /** Newer name of {@link getSessionData}. */
  getSessionDataFromDatabase(userContext?: UserContext): Promise<Data> {
    return this.getSessionData(userContext);
  }

  /** Replaces the session data as a whole; the last writer wins. null and undefined count as `{}`. One write. */
  async updateSessionData(newSessionData: Data | null | undefined, userContext?: UserContext): Promise<void> {
    const wasThere = await this.#tools.functions.updateSessionData({
      sessionHandle: this.getHandle(),
      newSessionData: snapshotPayload("session data", newSessionData),
      userContext: this.#context(userContext),
    });
    if (!wasThere) throw this.#gone();
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
  async mergeIntoAccessTokenPayload(
    patch: Partial<Payload> | JsonObject,
    userContext?: UserContext,
  ): Promise<void> {
    await this.#merge(patch, this.#context(userContext));
  }

  /** When the session was created, in milliseconds since the epoch. One read. */
  async getTimeCreated(userContext?: UserContext): Promise<number> {
    return (await this.#information(userContext)).timeCreated;
  }

  /** When the session dies if it is never refreshed again, in milliseconds since the epoch. One read. */
  async getExpiry(userContext?: UserContext): Promise<number> {
    return (await this.#information(userContext)).expiry;
  }

  /** Ends the session in the store and on the client. Succeeds also when it was gone already. One delete. */
  async revokeSession(userContext?: UserContext): Promise<void> {
    this.#sink?.assertDeliverable();
    await this.#tools.functions.revokeSession({
      sessionHandle: this.getHandle(),
      userContext: this.#context(userContext),
    });
    this.#isRevoked = true;
    this.#sink?.revoked(this.#self);
  }

  /**
   * Judges the session by exactly these validators, fetching claims that are missing or too old.
   *
   * @throws SessionError `INVALID_CLAIMS` with one entry per failing validator
   */
  async assertClaims(validators: readonly SessionClaimValidator[], userContext?: UserContext): Promise<void> {
    if (validators.length === 0) return;
    const context = this.#context(userContext);
    const { invalidClaims, accessTokenPayloadUpdate } = await this.#tools.functions.validateClaims({
      userId: this.getUserId(),
      recipeUserId: this.#tokens.payload.rsub,
      tenantId: this.getTenantId(),
      sessionHandle: this.getHandle(),
      accessTokenPayload: withoutReservedClaims(this.#tokens.payload),
      claimValidators: validators,
      userContext: context,
    });
    if (accessTokenPayloadUpdate) await this.#merge(accessTokenPayloadUpdate, context);
    if (invalidClaims.length > 0) {
      throw new SessionError({
        type: "INVALID_CLAIMS",
        message: `invalid claims: ${invalidClaims.map(({ id }) => id).join(", ")}`,
        payload: invalidClaims,
      });
    }
  }

  async fetchAndSetClaim(claim: SessionClaim<unknown>, userContext?: UserContext): Promise<void> {
    const context = this.#context(userContext);
    const patch = await claim.build(
      {
        userId: this.getUserId(),
        recipeUserId: this.#tokens.payload.rsub,
        tenantId: this.getTenantId(),
        sessionHandle: this.getHandle(),
        currentPayload: withoutReservedClaims(this.#tokens.payload),
        signal: new AbortController().signal,
        userContext: context,
      },
      this.#tools.nowMs(),
    );
    await this.#merge(patch, context);
  }

  async setClaimValue<T>(claim: SessionClaim<T>, value: T, userContext?: UserContext): Promise<void> {
    await this.#merge(claim.addToPayload({}, value, this.#tools.nowMs()), this.#context(userContext));
  }

  /** The claim's value in the payload; never fetches. */
  async getClaimValue<T>(claim: SessionClaim<T>): Promise<T | undefined> {
    return claim.getValueFromPayload(this.#tokens.payload);
  }

  async removeClaim(claim: SessionClaim<unknown>, userContext?: UserContext): Promise<void> {
    await this.#merge(claim.removeFromPayloadByMerge({}), this.#context(userContext));
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
  async attachToRequestResponse(
    info: { req: unknown; res: unknown; transferMethod: TokenTransferMethod },
    userContext?: UserContext,
  ): Promise<void> {
    await this.#tools.attach(this.#self, info, userContext);
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

  /** The application's types are its own affair. */
  get #self(): SessionContainer {
    return this as unknown as SessionContainer;
  }

  async #merge(patch: object, userContext: UserContext): Promise<void> {
    const update = checkedPatch(snapshotPayload("access token payload", patch));
    if (Object.keys(update).length === 0) return;
    this.#sink?.assertDeliverable();
    const before = this.#tokens;
    const result = await this.#tools.functions.regenerateAccessToken({
      accessToken: before.accessToken,
      accessTokenPayloadUpdate: update,
      userContext,
    });
    if (result === undefined) throw this.#gone();
    if (result.accessToken === undefined) {
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
    this.#tokens = { ...before, accessToken: result.accessToken.token, payload, updated: true };
    this.#frontToken = undefined;
    this.#sink?.tokensChanged(this.#self);
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
