import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attempt,
  assertClocksAgree,
  isOutcomeOf,
  type Joined,
  type JoinedContext,
  type JoinedTransaction,
  JoinedTransactions,
  MAX_CLOCK_DIFFERENCE_MS,
  neverUnhandled,
  OVERTAKEN,
  type Promotion,
  placeOf,
  type RoleQuery,
  type RoleStore,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SessionStore,
  type SigningKeyRow,
  SqlRoleStore,
  StoreOperations,
  StoreTimeout,
  sinceCleanUpMs,
  storableSession,
  storableText,
  untilNotOvertaken,
} from "@acme/session-core/store";
import type { Database, PostgresRecord, PostgresValue, Query } from "./database.js";
import { type Names, namesOf } from "./names.js";
import { adoptDatabase, openDatabase } from "./open-database.js";
import { checkPostgresOptions, joinable, type PostgresStoreOptions } from "./options.js";
import { pgQuery } from "./pg-database.js";
import type { PgClient, PgPool } from "./pg-parts.js";
import {
  isMissingTable,
  isUniqueViolation,
  joinedFailure,
  judgePostgres,
  PostgresFailure,
} from "./postgres-failure.js";
import { type PostgresJsSql, type PostgresJsTransaction, postgresJsQuery } from "./postgres-js-database.js";
import { roleStatementsFor } from "./role-statements.js";
import { secretMapping, sessionMapping, signingKeyMapping } from "./row.js";
import { findTables, isSchemaReady, prepareSchema } from "./schema.js";
import { AS_BEFORE, BE_PATIENT, type Statements, statementsFor } from "./statements.js";

/**
 * Sessions, keys and roles in PostgreSQL 13 or newer, for any number of machines.
 *
 * @throws SessionError `INVALID_OPTION` when an option is wrong
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
  readonly #operations: StoreOperations;
  readonly #names: Names;
  /** With the schema that our own connections have found the tables in: a `search_path` set elsewhere leads nowhere else. */
  #found: Names | undefined;
  readonly #own: Statements;
  readonly #joined: Statements;
  readonly #usesServerClock: boolean;
  readonly #mayMigrate: boolean;
  readonly #transactions: JoinedTransactions<Query>;
  /** What each of them is on. */
  readonly #lent: WeakMap<object, PgClient | PostgresJsTransaction>;
  readonly #options: PostgresStoreOptions;
  readonly #origin: PostgresStore | undefined;
  readonly #namespaces = new Map<string, PostgresStore>();
  /** Whether the tables were there when they were last looked at. */
  #isPrepared = false;
  readonly #preparing = new Map<Database, Promise<void>>();
  #closing: Promise<void> | undefined;

  /** @param origin the store that this one is a namespace of, and shares everything but the tables with */
  constructor(given: PostgresStoreOptions, origin?: PostgresStore, namespace = "") {
    const options = checkPostgresOptions(given);
    this.#options = options;
    this.#origin = origin;
    this.#operations =
      origin === undefined ? new StoreOperations("postgres", judgePostgres) : origin.#operations;
    this.#transactions =
      origin === undefined
        ? new JoinedTransactions<Query>(new AsyncLocalStorage<JoinedContext<Query>>())
        : origin.#transactions;
    this.#lent = origin === undefined ? new WeakMap() : origin.#lent;
    const { url, client, driver, maxConnections = 10, migrate = true, clock = "server" } = options;
    const { preparedStatements: prepares = false } = options;
    this.#names = origin === undefined ? namesOf(options) : origin.#names.in(namespace);
    this.#found = this.#names.isQualified ? this.#names : undefined;
    this.#own = statementsFor(this.#names, false);
    this.#joined = statementsFor(this.#names, true);
    this.#usesServerClock = clock === "server";
    this.#mayMigrate = migrate;
    this.roles = this.#roleStore();
    this.#database =
      origin === undefined
        ? url === undefined
          ? adoptDatabase(client as PgPool | PostgresJsSql, prepares)
          : openDatabase(url, driver, maxConnections, prepares)
        : origin.#database;
  }

  get place(): string {
    const { url, client } = this.#options;
    return placeOf("postgres", url ?? (client as object), this.#names.lockKey);
  }

  /** Tables of its own: `acme__admin__sessions` … beside `acme_sessions`. */
  inNamespace(namespace: string): PostgresStore {
    let store = this.#namespaces.get(namespace);
    if (store === undefined) {
      store = new PostgresStore(this.#options, this, namespace);
      this.#namespaces.set(namespace, store);
    }
    return store;
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
      read: (text, values) => this.#run((query) => counted(query)(text, values)),
      write: (step) => {
        const joined = this.#transactions.current();
        if (joined !== undefined) {
          return this.#runJoined(joined, (query, _, attempt) =>
            patient(query, () => step(counted(query), attempt)),
          );
        }
        return this.#operations.run(async (attempt) => {
          const database = this.#free();
          await this.#prepare(database);
          return this.#watched(
            database.transaction(async (query) => {
              const result = await step(counted(this.#qualified(query)), attempt);
              // The caller has been told that nothing came of it.
              if (attempt.remainingMs() <= 0) throw new PostgresFailure(undefined, "TIMEOUT", "never");
              return result;
            }),
          );
        });
      },
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
   * Answer the request after the commit: tokens of a session that was rolled back are worth nothing. Roles that `work`
   * reads and changes belong to the transaction too, and no change of roles elsewhere goes on before it ends. Signing
   * keys, secrets and tables that have to be made meanwhile do not: they are made on a connection beside the pool.
   * Nothing is tried again inside the transaction.
   *
   * @param client a connected client of `pg`, or the `sql` that `sql.begin` hands out
   * @throws what `work` threw; SessionError `STORE_UNAVAILABLE` when a statement of ours failed, also if `work` caught
   *   that; `INVALID_ARGUMENT` when `client` is no connection or, as far as the driver tells (`pg` 8.23 does), has no
   *   transaction open, or `work` ended before what it had begun: roll back
   */
  joinTransaction<T>(client: PgClient | PostgresJsTransaction, work: () => Promise<T>): Promise<T> {
    // As with the login itself: one that nobody awaits ends no process.
    return neverUnhandled(this.#join(client, work));
  }

  async #join<T>(client: PgClient | PostgresJsTransaction, work: () => Promise<T>): Promise<T> {
    const connection = joinable(client);
    const outer = this.#transactions.current();
    // A statement that fails here fails the whole transaction, also where this call is caught.
    if (outer !== undefined && this.#lent.get(outer) === connection) {
      return this.#transactions.joinAgain(outer, work);
    }
    return this.#transactions.join((joined) => {
      this.#lent.set(joined, connection);
      return "unsafe" in connection
        ? postgresJsQuery(connection, false, joined)
        : pgQuery(connection, false, joined);
    }, work);
  }

  joined(): JoinedTransaction | undefined {
    return this.#transactions.told();
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
    return this.#run(async (query, sql) => {
      const records = await query(sql.listSessionHandles, values);
      return records.filter(({ handle }) => handle !== null).map(({ handle }) => handle as string);
    });
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

  claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    return this.#runAlone(async (query, sql) => {
      const [record] = await query(sql.claimCleanUp, [this.#now(nowMs), Math.ceil(intervalMs)]);
      if (record === undefined) return undefined;
      const markMs = record.markMs === null ? undefined : Number(record.markMs);
      return sinceCleanUpMs(markMs, Number(record.nowMs), 0);
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#run(async (query, sql) => {
      const rows = (await query(sql.scanSessions, [cursor ?? null, limit])).map(sessionMapping.toRow);
      return { rows, next: rows.length === limit ? rows.at(-1)?.handle : undefined };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#run(listKeys);
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    const values = signingKeyMapping.values(row);
    for (const value of values) if (typeof value === "string") storableText(value);
    return this.#runAlone(async (query, sql, { outcomeUnknown }) => {
      if ((await query(sql.insertSigningKey, values)).length === 1) return true;
      if (!outcomeUnknown) return false;
      const keys = await listKeys(query, sql);
      return keys.some(({ kid, privateJwkJson }) => kid === row.kid && privateJwkJson === row.privateJwkJson);
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    const values = [textList(kids)];
    await this.#runAlone((query, sql) => query(sql.deleteSigningKeys, values));
  }

  async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const list = async (query: Query, sql: Statements): Promise<SecretRow[]> =>
      (await query(sql.listSecrets, [])).filter(({ id }) => id !== null).map(secretMapping.toRow);
    const secrets = await this.#run(list);
    if (secrets.some(({ secret }) => secret !== "") || candidate === undefined) return secrets;
    return this.#runAlone(async (query, sql) => {
      await query(sql.insertFirstSecret, [storableText(candidate.id), storableText(candidate.secret)]);
      return list(query, sql);
    });
  }

  async withdrawSecret(id: string): Promise<boolean> {
    return this.#runAlone(async (query, sql, { outcomeUnknown }) => {
      if ((await query(sql.withdrawSecret, [storableText(id)])).length === 1) return true;
      if (!outcomeUnknown) return false;
      const secrets = (await query(sql.listSecrets, [])).map(secretMapping.toRow);
      return secrets.some((row) => row.id === id && row.secret === "");
    });
  }

  close(): Promise<void> {
    if (this.#origin !== undefined) return this.#origin.close();
    this.#closing ??= this.#operations.close().then(() => this.#database.close());
    return this.#closing;
  }

  /** One operation: in the application's transaction if there is one, else on a connection of the pool. */
  #run<T>(step: Step<T>): Promise<T> {
    const joined = this.#transactions.current();
    return joined === undefined ? this.#runAlone(step) : this.#runJoined(joined, step);
  }

  async #runJoined<T>(joined: Joined<Query>, step: Step<T>): Promise<T> {
    joined.assertOpen();
    if (!this.#isPrepared) await this.#prepareJoined(joined);
    return this.#stepJoined(joined, (query, sql, attempt) => step(this.#qualified(query), sql, attempt));
  }

  /** What fails inside a transaction ends it: nothing can be tried again there. */
  async #stepJoined<T>(joined: Joined<Query>, step: Step<T>): Promise<T> {
    try {
      return await this.#operations.run(({ remainingMs }) =>
        this.#watched(step(joined.query, this.#joined, { outcomeUnknown: false, remainingMs })).catch(
          (error: unknown) => {
            if (!(error instanceof PostgresFailure)) throw error;
            throw joinedFailure(error);
          },
        ),
      );
    } catch (error) {
      if (error instanceof PostgresFailure || error instanceof StoreTimeout) joined.fail(error);
      throw error;
    }
  }

  /** One operation that never belongs to the application's transaction. */
  #runAlone<T>(step: Step<T>): Promise<T> {
    return this.#operations.run(async (attempt) => {
      const database = this.#free();
      await this.#prepare(database);
      return this.#watched(step(this.#qualified(database.query.bind(database)), this.#own, attempt));
    });
  }

  /** Statements on our tables, whatever `search_path` the connection has. */
  #qualified(query: Query): Query {
    const found = this.#found;
    if (this.#names.isQualified || found === undefined) return query;
    return (sql, values) => query(found.qualify(sql), values);
  }

  /** Connections that nobody holds who waits for what is done with them. */
  #free(): Database {
    return this.#transactions.isBeside ? this.#database.beside() : this.#database;
  }

  /** A table that is gone is made again, at the next attempt or operation. */
  async #watched<T>(running: Promise<T>): Promise<T> {
    try {
      return await running;
    } catch (error) {
      if (isMissingTable(error)) this.#isPrepared = false;
      throw error;
    }
  }

  /** One preparation on each set of connections: none waits for one that may be waiting for a connection. */
  #prepare(database: Database): Promise<void> {
    if (this.#isPrepared) return Promise.resolve();
    let preparing = this.#preparing.get(database);
    if (preparing === undefined) {
      preparing = this.#findOrMake(database).finally(() => this.#preparing.delete(database));
      this.#preparing.set(database, preparing);
    }
    return preparing;
  }

  async #findOrMake(database: Database): Promise<void> {
    const find = async (): Promise<Names | undefined> =>
      this.#names.isQualified
        ? this.#names
        : findTables(database.query.bind(database), this.#names, this.#found);
    const found = await find();
    await prepareSchema(database, found ?? this.#names, this.#mayMigrate);
    this.#found = found ?? (await find());
    this.#isPrepared = true;
  }

  /** Before anything is asked for in the application's transaction, whose `search_path` may lead to other tables. */
  async #prepareJoined(joined: Joined<Query>): Promise<void> {
    const found = this.#found;
    if (found !== undefined && (await this.#stepJoined(joined, (query) => isSchemaReady(query, found)))) {
      this.#isPrepared = true;
      return;
    }
    joined.afterwards(() => this.#operations.run(() => this.#prepare(this.#database)));
    await joined.outside(() => this.#operations.run(() => this.#prepare(this.#database.beside())));
  }

  async #read(query: Query, sql: string, handle: string, nowMs: number): Promise<SessionRow | undefined> {
    const [record] = await query(sql, [storableText(handle), this.#now(nowMs)]);
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

/** Statements of an application's transaction that wait no longer for others than ours do, and leave it as it was. */
async function patient<T>(query: Query, step: () => Promise<T>): Promise<T> {
  const [found] = await query(BE_PATIENT, []);
  let result: T;
  try {
    result = await step();
  } catch (error) {
    // What failed may have been no statement: an argument, say.
    await query(AS_BEFORE, [found?.before as string]).catch(() => {});
    throw error;
  }
  await query(AS_BEFORE, [found?.before as string]);
  return result;
}

type Step<T> = (query: Query, sql: Statements, attempt: Attempt) => Promise<T>;

async function listKeys(query: Query, sql: Statements): Promise<SigningKeyRow[]> {
  const records = await query(sql.listSigningKeys, []);
  return records.filter(({ kid }) => kid !== null).map(signingKeyMapping.toRow);
}

function liveHandles(records: readonly PostgresRecord[]): string[] {
  return records.filter(({ isLive }) => Number(isLive) === 1).map(({ handle }) => handle as string);
}

function textList(texts: readonly string[]): PostgresValue {
  return JSON.stringify(texts.map(storableText));
}
