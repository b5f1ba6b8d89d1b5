const BRAND = Symbol.for("acme.session.error");

/** One failed claim check, as it stands in the body of the 403 (claims.md 2.5). */
export interface ClaimValidationError {
  /** Id of the validator that said no. */
  id: string;
  /** Any JSON; absent when the validator gave none. */
  reason?: unknown;
}

/** What each type of error carries in `payload`. */
export interface SessionErrorPayloads {
  /** No usable session. `clearTokens` false leaves the client's tokens alone. Answer: 401. */
  UNAUTHORISED: { clearTokens: boolean };
  /** A session may exist; the client should refresh and repeat. Answer: 401. */
  TRY_REFRESH_TOKEN: undefined;
  /** A refresh token was used again after its successor was in use (RFC 9700 §4.14.2). The session is already revoked. Answer: 401. */
  TOKEN_THEFT_DETECTED: { sessionHandle: string; userId: string; recipeUserId: string };
  /** At least one claim validator said no. Answer: 403. */
  INVALID_CLAIMS: ClaimValidationError[];
  /** The request carried tokens of two sessions under one cookie name; the older ones are being removed. Answer: 200. */
  CLEAR_DUPLICATE_SESSION_COOKIES: undefined;
  /** The store (or a key in it) is needed and cannot be reached now. Retryable. Answer: 503 with `Retry-After`. */
  STORE_UNAVAILABLE: undefined;
  /** Too many refreshes of one session. Retryable. Answer: 429 with `Retry-After`. */
  RATE_LIMITED: undefined;
  /** Refresh or sign-out was asked for by a page of another origin. Answer: 403; nothing is cleared. */
  CSRF_REJECTED: undefined;
  /** A request body could not be read. Answer: 400. */
  BAD_INPUT_ERROR: undefined;
  /** A token would not fit into a cookie. `largestClaims` names the biggest keys first. Answer: 500 unless the app maps it. */
  PAYLOAD_TOO_LARGE: { sizeBytes: number; limitBytes: number; largestClaims: string[] };
  /** A payload, session data or user id that cannot be stored. */
  INVALID_PAYLOAD: undefined;
  /** The payload names a claim that belongs to the token itself. */
  RESERVED_CLAIM_NAME: { key: string };
  /** An option of `createSession` is wrong. */
  INVALID_OPTION: { option: string };
  /** A function was called with something it cannot use. */
  INVALID_ARGUMENT: undefined;
  /** Tokens can no longer be delivered: the response head has already been sent. */
  RESPONSE_COMMITTED: undefined;
  /** Tokens can never be delivered here: a server component, say. The store is as it was. */
  READ_ONLY_CONTEXT: undefined;
}

export type SessionErrorType = keyof SessionErrorPayloads;

/** Status, and whether the same call may succeed later. Types not listed are developer errors: 500. */
const ANSWERS: { [T in SessionErrorType]?: { status: number; retryAfterMs?: number } } = {
  UNAUTHORISED: { status: 401 },
  TRY_REFRESH_TOKEN: { status: 401 },
  TOKEN_THEFT_DETECTED: { status: 401 },
  INVALID_CLAIMS: { status: 403 },
  CLEAR_DUPLICATE_SESSION_COOKIES: { status: 200 },
  STORE_UNAVAILABLE: { status: 503, retryAfterMs: 1000 },
  RATE_LIMITED: { status: 429, retryAfterMs: 1000 },
  CSRF_REJECTED: { status: 403 },
  BAD_INPUT_ERROR: { status: 400 },
};

type PayloadOf<T extends SessionErrorType> = SessionErrorPayloads[T];

/** New tokens of a session whose claims were refused: the claims that were fetched are in them. */
export interface UpdatedTokens {
  accessToken: string;
  frontToken: string;
}

export type SessionErrorInit<T extends SessionErrorType> = {
  type: T;
  message: string;
  cause?: unknown;
  /** Default: what the type says; undefined: trying again is of no use. */
  retryAfterMs?: number | undefined;
  /** Overrides the default status of the type (options `sessionExpiredStatusCode`, `invalidClaimStatusCode`). */
  status?: number;
  /** Of `INVALID_CLAIMS` where the tokens changed. */
  updatedTokens?: UpdatedTokens | undefined;
} & (undefined extends PayloadOf<T> | (T extends "UNAUTHORISED" ? undefined : never)
  ? {
      /** `UNAUTHORISED` clears the client's tokens when it is left out. */
      payload?: PayloadOf<T> | undefined;
    }
  : { payload: PayloadOf<T> });

/**
 * The one class of errors this library throws. Branch on `type`; recognise it with `SessionError.is`, which also
 * works when two copies of the package are loaded (`instanceof` does not).
 */
export class SessionError<T extends SessionErrorType = SessionErrorType> extends Error {
  static readonly UNAUTHORISED = "UNAUTHORISED" as const;
  static readonly TRY_REFRESH_TOKEN = "TRY_REFRESH_TOKEN" as const;
  static readonly TOKEN_THEFT_DETECTED = "TOKEN_THEFT_DETECTED" as const;
  static readonly INVALID_CLAIMS = "INVALID_CLAIMS" as const;
  static readonly CLEAR_DUPLICATE_SESSION_COOKIES = "CLEAR_DUPLICATE_SESSION_COOKIES" as const;
  static readonly STORE_UNAVAILABLE = "STORE_UNAVAILABLE" as const;
  static readonly RATE_LIMITED = "RATE_LIMITED" as const;
  static readonly CSRF_REJECTED = "CSRF_REJECTED" as const;
  static readonly BAD_INPUT_ERROR = "BAD_INPUT_ERROR" as const;
  static readonly PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE" as const;
  static readonly INVALID_PAYLOAD = "INVALID_PAYLOAD" as const;
  static readonly RESERVED_CLAIM_NAME = "RESERVED_CLAIM_NAME" as const;
  static readonly INVALID_OPTION = "INVALID_OPTION" as const;
  static readonly INVALID_ARGUMENT = "INVALID_ARGUMENT" as const;
  static readonly RESPONSE_COMMITTED = "RESPONSE_COMMITTED" as const;
  static readonly READ_ONLY_CONTEXT = "READ_ONLY_CONTEXT" as const;

  readonly type: T;
  readonly payload: PayloadOf<T>;
  /** HTTP status this error deserves; frameworks read `status` or `statusCode`. */
  readonly status: number;
  readonly statusCode: number;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly #updatedTokens: UpdatedTokens | undefined;
  /** Whether Express and Koa may show the message to a client: not where it is for the developer or the operator. */
  readonly expose: boolean;

  constructor(init: SessionErrorInit<T>) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "SessionError";
    this.type = init.type;
    this.#updatedTokens = init.updatedTokens;
    const payload = init.payload ?? (init.type === "UNAUTHORISED" ? { clearTokens: true } : undefined);
    this.payload = payload as PayloadOf<T>;
    if (init.type === "INVALID_CLAIMS" && !(Array.isArray(payload) && payload.length > 0)) {
      throw new TypeError("INVALID_CLAIMS needs a non-empty array of {id, reason} as its payload");
    }
    const answer = ANSWERS[init.type];
    this.status = init.status ?? answer?.status ?? 500;
    this.statusCode = this.status;
    this.expose = this.status < 500;
    this.retryAfterMs = "retryAfterMs" in init ? init.retryAfterMs : answer?.retryAfterMs;
    this.retryable = this.retryAfterMs !== undefined;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /**
   * Tokens that a caller without a response has to deliver itself, beside the 403 (claims.md O-15). A method, so that no
   * log that prints the error holds them.
   */
  getUpdatedTokens(): UpdatedTokens | undefined {
    return this.#updatedTokens;
  }

  /** Whether a caught value is one of this library's errors, whichever copy of the package made it. */
  static is(value: unknown): value is AnySessionError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }

  /** The seed's name for {@link SessionError.is}. */
  static isErrorFromSuperTokens(value: unknown): value is AnySessionError {
    return SessionError.is(value);
  }
}

/** Union over all types: narrowing on `type` narrows `payload`. */
export type AnySessionError = { [T in SessionErrorType]: SessionError<T> }[SessionErrorType];
