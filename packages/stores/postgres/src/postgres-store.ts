import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attempt,
  assertClocksAgree,
  checkServerOptions,
  isOutcomeOf,
  MAX_CLOCK_DIFFERENCE_MS,
  OVERTAKEN,
  type Promotion,
  type RoleQuery,
  type RoleStore,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SessionStore,
  type SigningKeyRow,
  SqlRoleStore,
  StoreOperations,
  storableSession,
  storableText,
  untilNotOvertaken,
} from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { type NamesOptions, namesOf } from "./names.js";
import { adoptDatabase, openDatabase, type PostgresDriverName } from "./open-database.js";
import { type PgClient, type PgPool, pgQuery } from "./pg-database.js";
import { isStandby, isUniqueViolation, judgePostgres } from "./postgres-failure.js";
import { type PostgresJsSql, type PostgresJsTransaction, postgresJsQuery } from "./postgres-js-database.js";
import { roleStatementsFor } from "./role-statements.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";
import { prepareSchema } from "./schema.js";
import { type Statements, statementsFor } from "./statements.js";

export interface PostgresStoreOptions extends NamesOptions {
  /** `postgres://user:password@host:5432/database`: connections of our own. Either this or `client`. */
  url?: string | undefined;
  /** The application's own `pg.Pool` or `postgres(…)`, which `close` leaves open. */
  client?: PgPool | PostgresJsSql | undefined;
  /** Which driver opens `url`. Default: `pg` if it is installed, else `postgres`. */
  driver?: PostgresDriverName | undefined;
  /** Most connections opened for `url`. Default 10. */
  maxConnections?: number | undefined;
  /**
   * Whether connections keep our statements prepared, which saves a third of a refresh's CPU time. Default false: a pooler
   * in transaction mode has to know prepared statements (PgBouncer 1.21, `max_prepared_statements`). Where one does not,
   * the store goes on without. Inside `joinTransaction` nothing is prepared.
   */
  preparedStatements?: boolean | undefined;
  /** Whether the store makes and updates its tables by itself. Default true. */
  migrate?: boolean | undefined;
  /**
   * Whose clock decides what has expired: the server's (default), the same for every machine, or `"engine"`, the
   * clock of the caller, for tests that move it.
   */
  clock?: "server" | "engine" | undefined;
}

/**
 * Sessions, keys and roles in PostgreSQL 13 or newer, for any number of machines.
 *
 * @throws TypeError when an option is wrong
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  return new PostgresStore(options);
}

/**
 * The store contract on PostgreSQL. Every operation is one statement on one connection, in at most 2.8 s. An operation
 * throws while the server is gone, frozen, full, read-only or a standby, and works again as soon as the server does.
 */
export class PostgresStore implements SessionStore {
  readonly name = "postgres";
  /** Roles, in tables beside the sessions. */
  readonly roles: RoleStore;
  readonly #database: Database;
  readonly #operations = new StoreOperations("postgres", judgePostgres);
  readonly #names: ReturnType<typeof namesOf>;
  readonly #own: Statements;
  readonly #joined: Statements;
  readonly #usesServerClock: boolean;
  readonly #mayMigrate: boolean;
  readonly #transaction = new AsyncLocalStorage<Query>();
  #prepared: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    const { url, client, driver, maxConnections = 10, migrate = true, clock = "server" } = options;
    const { preparedStatements: prepares = false } = options;
    if (typeof prepares !== "boolean") {
      throw new TypeError("postgresStore: `preparedStatements` is true or false");
    }
    checkServerOptions("postgresStore", options);
    this.#names = namesOf(options);
    this.#own = statementsFor(this.#names, false);
    this.#joined = statementsFor(this.#names, true);
    this.#usesServerClock = clock === "server";
    this.#mayMigrate = migrate;
    this.roles = this.#roleStore();
    this.#database =
      url === undefined
        ? adoptDatabase(client as PgPool | PostgresJsSql, prepares)
        : openDatabase(url, driver, maxConnections, prepares);
  }

  #roleStore(): RoleStore {
    const counted =
      (query: Query): RoleQuery<PostgresValue> =>
      async (text, values) => {
        const records = await query(text, values);
        return { records, count: records.length };
      };
    return new SqlRoleStore<PostgresValue>({
      statements: roleStatementsFor(this.#names),
      text: (text) => text,
      lists: (texts) => [JSON.stringify(texts)],
      textOf: String,
      read: (text, values) => this.#runOutside((query) => counted(query)(text, values)),
      write: (step) =>
        this.#operations.run(async (attempt) => {
          await this.#prepare();
          return this.#database.transaction((query) => step(counted(query), attempt));
        }),
    });
  }

  /**
   * Runs `work` such that the sessions it creates, changes or revokes belong to a transaction that the application has
   * begun: they are kept or dropped with it.
   *
   * ```ts
   * await client.query("BEGIN");
   * await client.query("INSERT INTO users …");
   * await store.joinTransaction(client, () => Session.createNewSession(req, res, userId));
   * await client.query("COMMIT");
   * ```
   *
   * Answer the request after the commit: tokens of a session that was rolled back are worth nothing. Signing keys and
   * secrets that are made meanwhile do not belong to the transaction. Nothing is tried again inside it.
   *
   * @param client a connected client of `pg`, or the `sql` that `sql.begin` hands out
   */
  async joinTransaction<T>(client: PgClient | PostgresJsTransaction, work: () => Promise<T>): Promise<T> {
    await this.#operations.run(() => this.#prepare());
    return this.#transaction.run("unsafe" in client ? postgresJsQuery(client) : pgQuery(client), work);
  }

  /** Whose clock compares and stamps times here. */
  get clock(): "server" | "engine" {
    return this.#usesServerClock ? "server" : "engine";
  }

  async insertSession(row: SessionRow): Promise<void> {
    const values = sessionMapping.values(storableSession(row));
    await this.#run(async (query, sql, { outcomeUnknown }) => {
      try {
        await query(sql.insertSession, values);
      } catch (error) {
        if (!outcomeUnknown || !isUniqueViolation(error)) throw error;
        // The attempt whose answer was lost may have been the one.
        const [kept] = await query(sql.getSession, [row.handle, row.createdAtMs]);
        if (kept?.refreshTokenHash2 !== row.refreshTokenHash2) throw error;
      }
    });
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#run((query, sql) => this.#read(query, sql.getSession, handle, nowMs));
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    const values = [
      storableText(handle),
      storableText(expectedRefreshTokenHash2),
      storableText(nextRefreshTokenHash2),
      storableText(nextSecretId),
      this.#now(nowMs),
      expiresAtMs - nowMs,
    ];
    return this.#run(async (query, sql, { outcomeUnknown }) => {
      const [promoted] = await query(sql.promoteSession, values);
      if (promoted !== undefined) return this.#toRow(promoted, nowMs);
      if (!outcomeUnknown) return undefined;
      const row = await this.#read(query, sql.getSession, handle, nowMs);
      return isOutcomeOf(promotion, row) ? row : undefined;
    });
  }

  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    return this.#run((query, sql, { remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const row = await this.#read(query, sql.getSession, handle, nowMs);
        if (row === undefined) return undefined;
        const { accessTokenPayloadJson: before, generation, sessionDataJson } = row;
        const after = storableText(apply(before, row));
        if (after === before) return row;
        const values = [handle, this.#now(nowMs), after, before, generation, sessionDataJson];
        const [changed] = await query(sql.replacePayload, values);
        return changed === undefined ? OVERTAKEN : this.#toRow(changed, nowMs);
      }),
    );
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const values = [storableText(handle), this.#now(nowMs), storableText(sessionDataJson)];
    return this.#run(async (query, sql) => (await query(sql.replaceSessionData, values)).length === 1);
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    if (handles.length === 0) return [];
    const values = [textList(handles), this.#now(nowMs)];
    return this.#run(async (query, sql, { outcomeUnknown }) => {
      const live = liveHandles(await query(sql.deleteSessions, values));
      // Who deleted what is gone after a lost answer cannot be told; a revocation rather counts twice than never.
      return outcomeUnknown ? [...new Set(handles)] : live;
    });
  }

  async listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const values = [storableText(userId), this.#now(nowMs), storableText(tenantId ?? null)];
    return this.#run(async (query, sql) =>
      (await query(sql.listSessionHandles, values)).map(({ handle }) => handle as string),
    );
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const values = [storableText(userId), this.#now(nowMs), storableText(tenantId ?? null)];
    return this.#run(async (query, sql) => liveHandles(await query(sql.deleteSessionsOfUser, values)));
  }

  /** @throws Error when the caller's clock and the server's differ by more than 5 min: one of them is wrong */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#run(async (query, sql) => {
      const values = [this.#now(nowMs), limit, nowMs, MAX_CLOCK_DIFFERENCE_MS];
      const [result] = await query(sql.deleteExpiredSessions, values);
      assertClocksAgree("PostgreSQL", Number(result?.differenceMs));
      return Number(result?.count);
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#runOutside(async (query, sql) => {
      const rows = (await query(sql.scanSessions, [cursor ?? null, limit])).map(sessionMapping.toRow);
      return { rows, next: rows.length === limit ? rows.at(-1)?.handle : undefined };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#run(async (query, sql) =>
      (await query(sql.listSigningKeys, [])).map(signingKeyMapping.toRow),
    );
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    const values = signingKeyMapping.values(row);
    for (const value of values) if (typeof value === "string") storableText(value);
    return this.#runOutside(async (query, sql, { outcomeUnknown }) => {
      if ((await query(sql.insertSigningKey, values)).length === 1) return true;
      if (!outcomeUnknown) return false;
      const keys = (await query(sql.listSigningKeys, [])).map(signingKeyMapping.toRow);
      return keys.some(({ kid, privateJwkJson }) => kid === row.kid && privateJwkJson === row.privateJwkJson);
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    const values = [textList(kids)];
    await this.#runOutside((query, sql) => query(sql.deleteSigningKeys, values));
  }

  listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    return this.#runOutside(async (query, sql) => {
      const list = async (): Promise<SecretRow[]> =>
        (await query(sql.listSecrets, [])).map(secretMapping.toRow);
      const secrets = await list();
      if (secrets.length > 0 || candidate === undefined) return secrets;
      await query(sql.insertFirstSecret, [storableText(candidate.id), storableText(candidate.secret)]);
      return list();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#operations.close().then(() => this.#database.close());
    return this.#closing;
  }

  /** One operation: in the application's transaction if there is one, else on a connection of the pool. */
  #run<T>(step: Step<T>): Promise<T> {
    const joined = this.#transaction.getStore();
    if (joined === undefined) return this.#runOutside(step);
    // What fails inside a transaction ends it: nothing can be tried again there.
    return this.#operations.run(({ remainingMs }) =>
      step(joined, this.#joined, { outcomeUnknown: false, remainingMs }).catch((error: unknown) => {
        throw new Error("the statement failed in the application's transaction", { cause: error });
      }),
    );
  }

  /** One operation that never belongs to the application's transaction. */
  #runOutside<T>(step: Step<T>): Promise<T> {
    return this.#operations.run(async (attempt) => {
      await this.#prepare();
      return step(this.#database.query.bind(this.#database), this.#own, attempt);
    });
  }

  #prepare(): Promise<void> {
    this.#prepared ??= prepareSchema(this.#database, this.#names, this.#mayMigrate).catch(
      (error: unknown) => {
        this.#prepared = undefined;
        throw error;
      },
    );
    return this.#prepared;
  }

  async #read(query: Query, sql: string, handle: string, nowMs: number): Promise<SessionRow | undefined> {
    const [record] = await query(sql, [storableText(handle), this.#now(nowMs)]);
    if (record?.isStandby === true) throw isStandby();
    return record === undefined || record.handle === null ? undefined : this.#toRow(record, nowMs);
  }

  /** The parameter of "now": null has the server use its own. */
  #now(nowMs: number): number | null {
    return this.#usesServerClock ? null : nowMs;
  }

  /** Gives the age since the last rotation by the clock of the statement, told in the caller's time (TM-01). */
  #toRow(record: PostgresRecord, nowMs: number): SessionRow {
    const row = sessionMapping.toRow(record);
    if (row.rotatedAtMs !== null) row.rotatedAtMs += nowMs - Number(record.nowMs);
    return row;
  }
}

type Step<T> = (query: Query, sql: Statements, attempt: Attempt) => Promise<T>;

function liveHandles(records: readonly PostgresRecord[]): string[] {
  return records.filter(({ isLive }) => isLive === true).map(({ handle }) => handle as string);
}

function textList(texts: readonly string[]): PostgresValue {
  return JSON.stringify(texts.map(storableText));
}
