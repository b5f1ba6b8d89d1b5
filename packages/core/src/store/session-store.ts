import type { RoleStore } from "./role-store.js";

/**
 * One session as a store keeps it. Times are whole milliseconds since the epoch. JSON is kept as text, so that what
 * comes back is exactly what was put in. No field holds anything a client could present: a refresh token appears only
 * as the SHA-256 of its SHA-256.
 */
export interface SessionRow {
  /** Primary key, compared byte for byte; at most 128 bytes. */
  handle: string;
  tenantId: string;
  /** At most 256 bytes of UTF-8. */
  userId: string;
  /** `hex(sha256(hex(sha256(secret))))` of the current refresh token. */
  refreshTokenHash2: string;
  /** The same of the token that the last promotion retired; null before the first one. */
  previousRefreshTokenHash2: string | null;
  /** Id of the secret that the child of the current token is derived with. */
  secretId: string;
  /** The same for the previous token; null before the first promotion. */
  previousSecretId: string | null;
  /** How many promotions there have been; the number of the current refresh token. */
  generation: number;
  /** Time of the last promotion; null before the first one. */
  rotatedAtMs: number | null;
  /** JSON object as text: server-only data. */
  sessionDataJson: string;
  /** JSON object as text: the custom part of the access token payload. */
  accessTokenPayloadJson: string;
  createdAtMs: number;
  /** Slides with each promotion, never past `absoluteExpiresAtMs`. */
  expiresAtMs: number;
  absoluteExpiresAtMs: number;
}

/** What {@link SessionStore.promoteSession} changes, and on what condition. */
export interface Promotion {
  handle: string;
  /** Only if this is still the current hash. */
  expectedRefreshTokenHash2: string;
  /** Becomes current; the expected one becomes previous. */
  nextRefreshTokenHash2: string;
  /** Becomes `secretId`; the old one becomes `previousSecretId`. */
  nextSecretId: string;
  nowMs: number;
  /** The new `expiresAtMs` is the smaller of this and the row's `absoluteExpiresAtMs`. */
  expiresAtMs: number;
}

export type KeyFamily = "dynamic" | "static";
export type SigningAlgorithm = "ES256" | "RS256" | "EdDSA";

/** One signing key, shared by all processes of the application. */
export interface SigningKeyRow {
  /** Unique. `d-…` for a rotating key, `s-…` for a static one. */
  kid: string;
  family: KeyFamily;
  algorithm: SigningAlgorithm;
  /** 1, 2, 3 … within (family, algorithm): the slot that decides which of several processes creates the next key. */
  sequence: number;
  createdAtMs: number;
  publicJwkJson: string;
  privateJwkJson: string;
}

/** A secret of the application. */
export interface SecretRow {
  id: string;
  /** 32 random bytes, base64url; empty when it has been withdrawn. */
  secret: string;
}

/** What {@link SessionStore.scanSessions} gives. */
export interface SessionPage {
  rows: SessionRow[];
  /** Undefined when there is nothing behind this page. */
  next: string | undefined;
}

/** A transaction of the application that a store has joined, as the engine sees it. */
export interface JoinedTransaction {
  /**
   * Runs `work` at once but not in the transaction, on a connection that is not the application's and does not wait for
   * one of its pool: for what others rely on whatever becomes of the transaction (a signing key).
   */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** Runs `task` in the background, outside, when the transaction has been handed back. What it throws is lost. */
  afterwards(task: () => unknown): void;
  /** Calls `task` right before the call of the application settles: `false`, it rejects, and what a client was to be told is void. */
  whenOver(task: (isKept: boolean) => void): void;
}

/**
 * What the engine asks of a database. A store decides nothing but atomicity: every method is one atomic, linearizable
 * step per session, expressed as compare-and-set; none may be put together from a separate get and set.
 *
 * A store that cannot answer within its time budget (3 s for a whole operation) throws; the engine turns whatever it
 * throws into `STORE_UNAVAILABLE`, never into "no session". Transient conflicts are retried inside the store.
 *
 * "Live" means `expiresAtMs > nowMs`. `nowMs` is the caller's clock, and clocks of machines differ. A store that is a
 * server compares with its own clock instead, inside the statement (security.md TM-01): it then also stamps
 * `rotatedAtMs` itself, lets a promotion run `expiresAtMs - nowMs` from its own now, and gives `rotatedAtMs` back such
 * that `nowMs - rotatedAtMs` is the age by the server's clock. Such a store has an option to take the caller's clock,
 * for tests that move it.
 */
export interface SessionStore {
  /** For messages: `"sqlite"`, `"postgres"` … */
  readonly name: string;

  /**
   * `"server"` for a store that compares and stamps times with a clock of its own: then a step of this machine's clock
   * casts no doubt on them. Default `"engine"`.
   */
  readonly clock?: "server" | "engine" | undefined;

  /** Roles and permissions, where the store keeps them too. Used by `createUserRoles()` only. */
  readonly roles?: RoleStore | undefined;

  /**
   * Optional: where the data is. Stores of one process whose places are equal keep the same data, which tells two
   * instances that would take each other's tokens, and lets each know what the other has revoked. Never shown.
   */
  readonly place?: string | undefined;

  /**
   * Optional: this store as one namespace sees it: its sessions, keys, secrets and roles are met by no other namespace
   * and not by the store itself. For one name it is always the same data. It shares what the store has open, and is
   * closed with it.
   *
   * @param namespace as {@link isNamespace} takes it
   */
  inNamespace?(namespace: string): SessionStore;

  /**
   * Optional, for a store that can join a transaction of the application: the one the calling code runs in. Inside it
   * every statement runs on the connection that was given, and may show an old moment; one that failed has made the
   * transaction useless, so that the engine passes its error on where it would go on without; and the engine starts
   * nothing in the background but through `afterwards`.
   */
  joined?(): JoinedTransaction | undefined;

  /** Inserts a new row. Throws when the handle exists. */
  insertSession(row: SessionRow): Promise<void>;

  /** The live row, or undefined. */
  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined>;

  /**
   * Compare-and-set of the current refresh token: if the row is live and its current hash is the expected one, sets
   * current, previous, both secret ids, `rotatedAtMs = nowMs`, `expiresAtMs`, and adds one to `generation`.
   *
   * @returns the row after the change; undefined when the condition did not hold (nothing was changed)
   */
  promoteSession(promotion: Promotion): Promise<SessionRow | undefined>;

  /**
   * Replaces the custom access token payload by `apply(current, row)`, atomically against every other writer. `apply`
   * is pure and synchronous, may be called more than once, and may throw: then nothing is written and what it threw is
   * passed on. When it returns the same text nothing needs to be written.
   *
   * @returns the row after the change; undefined when there is no live row
   */
  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined>;

  /** Replaces the session data. @returns whether a live row was there */
  replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean>;

  /** Deletes rows, live or not. @returns the handles that were there and live */
  deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]>;

  /** Handles of the live sessions of a user, in one tenant or (undefined) in all. */
  listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]>;

  /** Deletes all sessions of a user in one step. @returns the handles that were live */
  deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]>;

  /** Deletes at most `limit` rows that are not live. @returns how many */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number>;

  /**
   * Optional: keeps when the latest clean-up was, for all processes. If that is at least `intervalMs` ago, or ahead of
   * now, or there was none, now becomes the latest, in one atomic step: of several processes at once one is told so.
   *
   * @returns how long ago the one before was, Infinity when there is none to go by; undefined when it is not time yet
   */
  claimCleanUp?(nowMs: number, intervalMs: number): Promise<number | undefined>;

  /** All signing keys, in any order. */
  listSigningKeys(): Promise<SigningKeyRow[]>;

  /** Inserts a key unless (family, algorithm, sequence) is taken. @returns whether it was inserted */
  insertSigningKey(row: SigningKeyRow): Promise<boolean>;

  /** Deletes keys by kid. Missing ones are ignored. */
  deleteSigningKeys(kids: readonly string[]): Promise<void>;

  /**
   * All secrets, oldest first, with what is left of withdrawn ones. If there are none but withdrawn ones and a candidate
   * is given, inserts it first, unless its id is there; of several processes doing so at once exactly one candidate wins.
   */
  listSecrets(candidate?: SecretRow): Promise<SecretRow[]>;

  /** Optional: empties the secret with this id and keeps the id, for good. @returns whether it was there, and not empty */
  withdrawSecret?(id: string): Promise<boolean>;

  /**
   * Optional: walks over all rows, live or not, as they are kept, for moving to another store and for revoking all
   * sessions. A row that is there all the while is met at least once, whatever is added and deleted meanwhile.
   *
   * @param cursor undefined at first, then what the call before gave
   * @param limit about so many rows at a time
   */
  scanSessions?(cursor: string | undefined, limit: number): Promise<SessionPage>;

  /** Waits at most 5 s for what is in flight, then lets go of every timer, socket and file. */
  close(): Promise<void>;
}
