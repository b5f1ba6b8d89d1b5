import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attempt,
  assertClocksAgree,
  invalidArgument,
  isOutcomeOf,
  type Joined,
  type JoinedContext,
  type JoinedTransaction,
  JoinedTransactions,
  MAX_NAME_BYTES,
  MAX_USER_ID_BYTES,
  neverUnhandled,
  OVERTAKEN,
  type Promotion,
  placeOf,
  type RoleResult,
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
  storableId,
  storableSession,
  storableText,
  tooLargeToStore,
  untilNotOvertaken,
} from "@acme/session-core/store";
import { Database, type MysqlRecord, type MysqlResult, type Query, type Scope } from "./database.js";
import type { MysqlConnection, MysqlPool } from "./driver.js";
import { hasNoTransaction, joinedQuery, type LentTransaction } from "./joined-query.js";
import {
  hasNoWayBeside,
  isDuplicate,
  isMissingTable,
  judgeMysql,
  MysqlFailure,
  PacketTooLarge,
} from "./mysql-failure.js";
import { type Names, namesOf } from "./names.js";
import { checkMysqlOptions, type MysqlStoreOptions, notAConnection } from "./options.js";
import { openPool } from "./own-pool.js";
import { roleStatementsFor } from "./role-statements.js";
import { bytes, secretMapping, sessionMapping, signingKeyMapping, textOf } from "./row.js";
import { findDatabase, isPrepared, prepareSchema } from "./schema.js";
import type { MysqlValue } from "./statement-text.js";
import { type Statements, statementsFor } from "./statements.js";

const DELETE_BATCH = 500;
/** Of the columns for names that are ours. */
const MAX_KIND_BYTES = 64;

/**
 * Sessions and keys in MySQL 8 or MariaDB 10.6 or newer, for any number of machines.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function mysqlStore(options: MysqlStoreOptions): MysqlStore {
  return new MysqlStore(options);
}

/** No server takes less. */
const SMALLEST_PACKET_BYTES = 1_024;

/**
 * The store contract on MySQL and MariaDB, in at most 2.8 s per operation. An operation throws while the server is gone,
 * frozen, full or read-only, and works again as soon as it does.
 *
 * These servers give no row back from an UPDATE. So a change reads the row with its `version`, and replaces exactly
 * that version in one statement; what comes back is the row that was read with the change applied.
 */
export class MysqlStore implements SessionStore {
  readonly name = "mysql";
  /** Roles, in tables beside the sessions. */
  readonly roles: RoleStore;
  readonly #database: Database;
  readonly #operations: StoreOperations;
  readonly #names: Names;
  /** With the database that our own connections have chosen: a `USE` elsewhere leads nowhere else. */
  #located: Names | undefined;
  readonly #sql: Statements;
  readonly #usesServerClock: boolean;
  readonly #mayMigrate: boolean;
  readonly #transactions: JoinedTransactions<Query>;
  readonly #lent: WeakMap<object, LentTransaction>;
  readonly #options: MysqlStoreOptions;
  readonly #origin: MysqlStore | undefined;
  readonly #namespaces = new Map<string, MysqlStore>();
  /** Whether the tables were there when they were last looked at. */
  #isPrepared = false;
  /** Of which there has been one. */
  readonly #seen = new Set<"keys" | "secrets">();
  readonly #preparing = new Map<Database, Promise<void>>();
  #closing: Promise<void> | undefined;

  /** @param origin the store that this one is a namespace of, and shares everything but the tables with */
  constructor(given: MysqlStoreOptions, origin?: MysqlStore, namespace = "") {
    const options = checkMysqlOptions(given);
    this.#options = options;
    this.#origin = origin;
    this.#operations = origin === undefined ? new StoreOperations("mysql", judgeMysql) : origin.#operations;
    this.#transactions =
      origin === undefined
        ? new JoinedTransactions<Query>(new AsyncLocalStorage<JoinedContext<Query>>())
        : origin.#transactions;
    this.#lent = origin === undefined ? new WeakMap<object, LentTransaction>() : origin.#lent;
    const { url, client, maxConnections = 10, migrate = true, clock = "server" } = options;
    this.#names = origin === undefined ? namesOf(options) : origin.#names.in(namespace);
    this.#sql = statementsFor(this.#names);
    this.#usesServerClock = clock === "server";
    this.#mayMigrate = migrate;
    this.roles = new SqlRoleStore<MysqlValue>({
      statements: roleStatementsFor(this.#names),
      text: bytes,
      lists: (texts) => texts.map(bytes),
      textOf,
      read: async (text, values) => counted(await this.#run("READ ONLY", ({ query }) => query(text, values))),
      write: (step) =>
        this.#transact(({ query }, _, attempt) =>
          step(async (text, values) => counted(await query(text, values)), attempt),
        ),
    });
    this.#database =
      origin === undefined
        ? url === undefined
          ? new Database(client as MysqlPool, false)
          : new Database(openPool({ uri: url }, maxConnections), true)
        : origin.#database;
  }

  get place(): string {
    const { url, client } = this.#options;
    return placeOf("mysql", url ?? (client as object), this.#names.sessions);
  }

  /** Tables of its own: `acme__admin__sessions` … beside `acme_sessions`. */
  inNamespace(namespace: string): MysqlStore {
    let store = this.#namespaces.get(namespace);
    if (store === undefined) {
      store = new MysqlStore(this.#options, this, namespace);
      this.#namespaces.set(namespace, store);
    }
    return store;
  }

  /**
   * Runs `work` such that everything it asks of this store happens on `connection` (of `mysql2/promise`), in the
   * transaction that the application has begun on it, and is kept or dropped with it: sessions, and roles that it reads
   * or changes. Signing keys, secrets and tables that have to be made meanwhile are made on a connection beside the pool,
   * so a pool of one is enough. Answer the request after the commit. Nothing is tried again inside the transaction; after
   * a statement that failed none is sent.
   *
   * @throws what `work` threw; SessionError `STORE_UNAVAILABLE` when a statement of ours failed, also if `work` caught
   *   that; `INVALID_ARGUMENT` for what is no connection or has no transaction, or when `work` ended before what it had
   *   begun: roll back
   */
  joinTransaction<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T> {
    // As with the login itself: one that nobody awaits ends no process.
    return neverUnhandled(this.#join(connection, work));
  }

  async #join<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T> {
    const reason = notAConnection(connection);
    if (reason !== undefined) throw invalidArgument(`joinTransaction: ${reason}`);
    const outer = this.#transactions.current();
    if (outer !== undefined && this.#lent.get(outer)?.connection === connection) {
      return this.#transactions.joinAgain(outer, work);
    }
    return this.#transactions.join((joined) => {
      const lent = joinedQuery(connection, joined, (send) => this.#openJoined(send));
      this.#lent.set(joined, lent);
      return lent.query;
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
    await this.#run("READ WRITE", async (scope, sql, { outcomeUnknown }) => {
      try {
        await scope.query(sql.insertSession, values);
      } catch (error) {
        if (!outcomeUnknown || !isDuplicate(error)) throw error;
        // The attempt whose answer was lost may have been the one.
        const kept = await this.#read(scope, row.handle, row.createdAtMs);
        if (kept?.row.refreshTokenHash2 !== row.refreshTokenHash2) throw error;
      }
    });
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#run("READ ONLY", async (scope) => {
      // What the application decides on it in its transaction, it decides on the row as it is now.
      const isJoined = scope.transaction === "theirs";
      const found = isJoined ? this.#readToChange(scope, handle, nowMs) : this.#read(scope, handle, nowMs);
      return (await found)?.row;
    });
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    storableId("hash", nextRefreshTokenHash2, MAX_NAME_BYTES);
    storableId("secret id", nextSecretId, MAX_NAME_BYTES);
    return this.#run("READ WRITE", (scope, sql, { outcomeUnknown, remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const found = await this.#readToChange(scope, handle, nowMs);
        if (found === undefined) return undefined;
        const { row, version, serverNowMs } = found;
        if (row.refreshTokenHash2 !== expectedRefreshTokenHash2) {
          return outcomeUnknown && isOutcomeOf(promotion, row) ? row : undefined;
        }
        const newExpiryMs = Math.min(serverNowMs + (expiresAtMs - nowMs), row.absoluteExpiresAtMs);
        const { affectedRows } = await scope.query(sql.promoteSession, [
          bytes(nextRefreshTokenHash2),
          bytes(nextSecretId),
          serverNowMs,
          newExpiryMs,
          bytes(handle),
          bytes(expectedRefreshTokenHash2),
          version,
          this.#now(nowMs),
        ]);
        if (affectedRows === 0) return OVERTAKEN;
        return {
          ...row,
          refreshTokenHash2: nextRefreshTokenHash2,
          previousRefreshTokenHash2: row.refreshTokenHash2,
          secretId: nextSecretId,
          previousSecretId: row.secretId,
          generation: row.generation + 1,
          rotatedAtMs: nowMs,
          expiresAtMs: newExpiryMs,
        };
      }),
    );
  }

  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    return this.#run("READ WRITE", (scope, sql, { remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const found = await this.#readToChange(scope, handle, nowMs);
        if (found === undefined) return undefined;
        const { row, version } = found;
        const after = storableText(apply(row.accessTokenPayloadJson, row));
        if (after === row.accessTokenPayloadJson) return row;
        const values = [bytes(after), bytes(handle), version, this.#now(nowMs)];
        const { affectedRows } = await scope.query(sql.replacePayload, values);
        return affectedRows === 0 ? OVERTAKEN : { ...row, accessTokenPayloadJson: after };
      }),
    );
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const values = [bytes(storableText(sessionDataJson)), idBytes(handle), this.#now(nowMs)];
    return this.#run("READ WRITE", async (scope, sql) => {
      if (scope.transaction !== "none" && !(await this.#readToChange(scope, handle, nowMs))) return false;
      return (await scope.query(sql.replaceSessionData, values)).affectedRows === 1;
    });
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    const unique = [...new Set(handles.map(storableText))];
    const deleted: string[] = [];
    for (let start = 0; start < unique.length; start += DELETE_BATCH) {
      const batch = unique.slice(start, start + DELETE_BATCH);
      const live = await this.#transact(async (scope, _, { outcomeUnknown }) => {
        const records = await this.#deleteThese(scope, await this.#thereOf(scope, batch), nowMs);
        // Who deleted what is gone after a lost answer cannot be told; a revocation rather counts twice than never.
        return outcomeUnknown ? batch : liveHandles(records);
      });
      deleted.push(...live);
    }
    return deleted;
  }

  async listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const tenant = tenantId === undefined ? null : idBytes(tenantId);
    const values = [userBytes(userId), this.#now(nowMs), tenant, tenant];
    return this.#run("READ ONLY", async ({ query }, sql) =>
      (await query(sql.listSessionHandles, values)).records.map(({ handle }) => textOf(handle)),
    );
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const tenant = tenantId === undefined ? null : idBytes(tenantId);
    const values = [userBytes(userId), tenant, tenant];
    return this.#transact(async (scope, sql) => {
      const there = (await scope.query(sql.findSessionsOfUser, values)).records;
      return liveHandles(await this.#deleteThese(scope, there, nowMs));
    });
  }

  /** @throws Error when the caller's clock and the server's differ by more than 5 min: one of them is wrong */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#run("READ WRITE", async (scope, sql) => {
      const { records } = await scope.query(sql.differenceOfClocks, [this.#now(nowMs), nowMs]);
      assertClocksAgree("MySQL", Number(records[0]?.differenceMs));
      const values = [this.#now(nowMs), limit];
      if (scope.transaction === "none")
        return (await scope.query(sql.deleteExpiredSessions, values)).affectedRows;
      const expired = (await scope.query(sql.findExpiredSessions, values)).records;
      return (await this.#deleteThese(scope, expired, nowMs, isDead)).length;
    });
  }

  claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    return this.#runAlone("READ WRITE", async ({ query }, sql) => {
      const { records } = await query(sql.readCleanUp, [this.#now(nowMs)]);
      const markMs = records[0]?.markMs == null ? null : Number(records[0].markMs);
      const now = Number(records[0]?.nowMs);
      const sinceMs = sinceCleanUpMs(markMs ?? undefined, now, intervalMs);
      if (sinceMs === undefined) return undefined;
      if (markMs === null) await query(sql.insertCleanUp);
      const { affectedRows } = await query(sql.claimCleanUp, [now, markMs]);
      return affectedRows === 1 ? sinceMs : undefined;
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#run("READ ONLY", async ({ query }, sql) => {
      const { records } = await query(sql.scanSessions, [bytes(cursor ?? ""), limit]);
      const rows = records.map(sessionMapping.toRow);
      return { rows, next: rows.length === limit ? rows.at(-1)?.handle : undefined };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#listAll("keys", async ({ query }, sql) =>
      (await query(sql.listSigningKeys)).records.map(signingKeyMapping.toRow),
    );
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    storableId("key id", row.kid, MAX_NAME_BYTES);
    storableId("key family", row.family, MAX_KIND_BYTES);
    storableId("algorithm", row.algorithm, MAX_KIND_BYTES);
    return this.#runAlone("READ WRITE", async ({ query }, sql, { outcomeUnknown }) => {
      if ((await query(sql.insertSigningKey, signingKeyMapping.values(row))).affectedRows === 1) return true;
      if (!outcomeUnknown) return false;
      const keys = (await query(sql.listSigningKeys)).records.map(signingKeyMapping.toRow);
      return keys.some(({ kid, privateJwkJson }) => kid === row.kid && privateJwkJson === row.privateJwkJson);
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    await this.#runAlone("READ WRITE", async ({ query }, sql) => {
      for (const kid of kids) await query(sql.deleteSigningKey, [idBytes(kid)]);
    });
  }

  async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const secrets = await this.#listAll("secrets", async ({ query }, sql) =>
      (await query(sql.listSecrets)).records.map(secretMapping.toRow),
    );
    if (secrets.some(({ secret }) => secret !== "") || candidate === undefined) return secrets;
    const values = [idBytes(storableId("secret id", candidate.id, MAX_NAME_BYTES)), bytes(candidate.secret)];
    return this.#runAlone("READ WRITE", async ({ query }, sql) => {
      await query(sql.insertFirstSecret, values);
      return (await query(sql.listSecrets)).records.map(secretMapping.toRow);
    });
  }

  withdrawSecret(id: string): Promise<boolean> {
    return this.#runAlone("READ WRITE", async ({ query }, sql, { outcomeUnknown }) => {
      if ((await query(sql.withdrawSecret, [idBytes(id)])).affectedRows === 1) return true;
      if (!outcomeUnknown) return false;
      const secrets = (await query(sql.listSecrets)).records.map(secretMapping.toRow);
      return secrets.some((row) => row.id === id && row.secret === "");
    });
  }

  close(): Promise<void> {
    if (this.#origin !== undefined) return this.#origin.close();
    this.#closing ??= this.#operations.close().then(() => this.#database.close());
    return this.#closing;
  }

  /** One operation of statements that may commit one by one: in the application's transaction if there is one. */
  #run<T>(access: "READ ONLY" | "READ WRITE", step: Step<T>): Promise<T> {
    return this.#joinedStep(step) ?? this.#runAlone(access, step);
  }

  /** One operation that is a transaction: the application's if there is one. */
  #transact<T>(step: Step<T>): Promise<T> {
    return (
      this.#joinedStep(step) ??
      this.#alone((database, attempt) =>
        database.transaction((scope) => step(this.#qualified(scope), this.#sql, attempt)),
      )
    );
  }

  /** One operation that never belongs to the application's transaction. */
  #runAlone<T>(access: "READ ONLY" | "READ WRITE", step: Step<T>): Promise<T> {
    return this.#alone((database, attempt) =>
      database.run(access, (scope) => step(this.#qualified(scope), this.#sql, attempt)),
    );
  }

  /**
   * All keys, or all secrets. Until some have been seen they are read beside the application's transaction: a reading
   * inside that finds none would lock, where that is SERIALIZABLE, the place where the first one then goes.
   */
  async #listAll<T>(kind: "keys" | "secrets", list: Step<T[]>): Promise<T[]> {
    const isFirst = this.#transactions.current() !== undefined && !this.#seen.has(kind);
    const rows = isFirst
      ? await this.#runAlone("READ ONLY", list).catch(() => this.#run("READ ONLY", list))
      : await this.#run("READ ONLY", list);
    if (rows.length > 0) this.#seen.add(kind);
    return rows;
  }

  /** Statements on our tables, whatever database the connection has chosen. */
  #qualified(scope: Scope): Scope {
    const located = this.#located;
    if (located === undefined) return scope;
    return { ...scope, query: (sql, values) => scope.query(located.qualify(sql), values) };
  }

  #joinedStep<T>(step: Step<T>): Promise<T> | undefined {
    const joined = this.#transactions.current();
    return joined && this.#runJoined(joined, step);
  }

  /** What fails inside a transaction may have ended it: nothing is tried again there. */
  async #runJoined<T>(joined: Joined<Query>, step: Step<T>): Promise<T> {
    joined.assertOpen();
    if (!this.#isPrepared) await this.#prepareJoined(joined);
    try {
      return await this.#operations.run(({ remainingMs }) => {
        const scope = this.#qualified({ query: joined.query, transaction: "theirs" });
        return step(scope, this.#sql, { outcomeUnknown: false, remainingMs });
      });
    } catch (error) {
      if (error instanceof StoreTimeout) joined.fail(error);
      if (isMissingTable(error)) this.#isPrepared = false;
      throw error;
    }
  }

  #alone<T>(attempt: (database: Database, attempt: Attempt) => Promise<T>): Promise<T> {
    return this.#operations.run(async (given) => {
      // Where somebody waits for this with the application's connection in hand, there may be no other in its pool.
      const database = this.#transactions.isBeside ? this.#database.beside() : this.#database;
      try {
        return await this.#prepared(database, () => attempt(database, given));
      } catch (error) {
        throw await this.#explained(error);
      }
    });
  }

  /** With all tables there; one that is dropped under a running store is made again. */
  async #prepared<T>(database: Database, step: () => Promise<T>): Promise<T> {
    await this.#prepare(database);
    try {
      return await step();
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      this.#isPrepared = false;
    }
    await this.#prepare(database);
    return step();
  }

  /** What is too large for this server is the application's to know, and no outage. */
  async #explained(error: unknown): Promise<unknown> {
    const isSure = error instanceof PacketTooLarge;
    const sent = error instanceof MysqlFailure ? error.sent : undefined;
    if (!isSure && (sent === undefined || sent.bytes < SMALLEST_PACKET_BYTES)) return error;
    const limit = this.#database.lease((query) => query("SELECT @@max_allowed_packet AS bytes"));
    const { records } = isSure ? await limit : await limit.catch(() => ({ records: [] }));
    const limitBytes = Number(records[0]?.bytes);
    if (isSure) return tooLargeToStore(error.sizeBytes, limitBytes, "max_allowed_packet");
    return sent !== undefined && sent.bytes > limitBytes
      ? tooLargeToStore(sent.values, limitBytes, "max_allowed_packet")
      : error;
  }

  /** One preparation on each set of connections: none waits for one that may be waiting for a connection. */
  async #prepare(database: Database): Promise<void> {
    if (this.#isPrepared) return;
    let preparing = this.#preparing.get(database);
    if (preparing === undefined) {
      preparing = this.#findOrMake(database).finally(() => this.#preparing.delete(database));
      this.#preparing.set(database, preparing);
    }
    await preparing;
    this.#isPrepared = true;
  }

  async #findOrMake(database: Database): Promise<void> {
    this.#located ??= await database.run("READ ONLY", ({ query }) => findDatabase(query, this.#names));
    await prepareSchema(database, this.#located, this.#mayMigrate);
  }

  /** Before the first statement in the application's transaction. */
  async #openJoined(send: Query): Promise<void> {
    if (hasNoTransaction(await send("DO 0"))) {
      throw invalidArgument("joinTransaction: no transaction is open on the connection: begin it first");
    }
  }

  /** Before the first statement of this store's in the application's transaction. Making tables there would commit it. */
  async #prepareJoined(joined: Joined<Query>): Promise<void> {
    const located = this.#located;
    const isReadyIn = (names: Names): Promise<boolean> | undefined =>
      this.#lent.get(joined)?.inTurn((send) => isPrepared(send, names));
    if (located !== undefined && (await isReadyIn(located))) {
      this.#isPrepared = true;
      return;
    }
    try {
      await joined.outside(() => this.#prepare(this.#database.beside()));
    } catch (error) {
      // Where nothing leads beside it and nothing was asked before, the transaction is all there is to go by, this once.
      if (located !== undefined || !hasNoWayBeside(error) || !(await isReadyIn(this.#names))) throw error;
    }
  }

  async #read(scope: Scope, handle: string, nowMs: number): Promise<Found | undefined> {
    return this.#found(await scope.query(this.#sql.getSession, this.#valuesToRead(handle, nowMs)), nowMs);
  }

  /** In a transaction, the row as it is now, held to the end. */
  async #readToChange(scope: Scope, handle: string, nowMs: number): Promise<Found | undefined> {
    if (scope.transaction === "none") return this.#read(scope, handle, nowMs);
    // What is not there must not be locked for long: that would be the place where somebody else's session goes.
    if (scope.transaction === "theirs" && !(await this.#read(scope, handle, nowMs))) return undefined;
    const values = this.#valuesToRead(handle, nowMs);
    return this.#found(await scope.query(this.#sql.getSessionLocked, values), nowMs);
  }

  /** Which of these sessions to lock: for long, only those that are there (see `#readToChange`). */
  async #thereOf({ query, transaction }: Scope, handles: readonly string[]): Promise<readonly MysqlRecord[]> {
    if (transaction !== "theirs") return handles.map((handle) => ({ handle }));
    return (await query(this.#sql.findSessions(handles.length), handles.map(idBytes))).records;
  }

  #valuesToRead(handle: string, nowMs: number): MysqlValue[] {
    return [this.#now(nowMs), idBytes(handle), this.#now(nowMs)];
  }

  #found({ records: [record] }: MysqlResult, nowMs: number): Found | undefined {
    if (record === undefined) return undefined;
    const row = sessionMapping.toRow(record);
    const serverNowMs = Number(record.nowMs);
    // The age since the last rotation is that by the clock of the statement, told in the caller's time (TM-01).
    if (row.rotatedAtMs !== null) row.rotatedAtMs += nowMs - serverNowMs;
    return { row, version: Number(record.version), serverNowMs };
  }

  /**
   * Locks sessions that were found, and deletes those that are still there.
   *
   * @param isMeant which of them, as they are now
   * @returns them with their handle and `isLive`
   */
  async #deleteThese(
    { query }: Scope,
    found: readonly MysqlRecord[],
    nowMs: number,
    isMeant: (record: MysqlRecord) => boolean = () => true,
  ): Promise<MysqlRecord[]> {
    const deleted: MysqlRecord[] = [];
    for (let start = 0; start < found.length; start += DELETE_BATCH) {
      const handles = found.slice(start, start + DELETE_BATCH).map(handleOf);
      const { records } = await query(this.#sql.lockSessions(handles.length), [this.#now(nowMs), ...handles]);
      const meant = records.filter(isMeant);
      if (meant.length > 0) await query(this.#sql.deleteSessions(meant.length), meant.map(handleOf));
      deleted.push(...meant);
    }
    return deleted;
  }

  /** The parameter of "now": null has the server use its own. */
  #now(nowMs: number): number | null {
    return this.#usesServerClock ? null : nowMs;
  }
}

type Step<T> = (scope: Scope, sql: Statements, attempt: Attempt) => Promise<T>;

interface Found {
  readonly row: SessionRow;
  readonly version: number;
  readonly serverNowMs: number;
}

/** For looking up: what is too long is simply not there. */
function idBytes(id: string): Buffer {
  return bytes(storableText(id));
}

function userBytes(userId: string): Buffer {
  return bytes(storableId("user id", userId, MAX_USER_ID_BYTES));
}

function counted({ records, affectedRows }: MysqlResult): RoleResult {
  return { records, count: affectedRows };
}

function handleOf({ handle }: MysqlRecord): Buffer {
  return idBytes(textOf(handle));
}

function isDead({ isLive }: MysqlRecord): boolean {
  return Number(isLive) === 0;
}

function liveHandles(records: readonly MysqlRecord[]): string[] {
  return records.filter((record) => !isDead(record)).map(({ handle }) => textOf(handle));
}
