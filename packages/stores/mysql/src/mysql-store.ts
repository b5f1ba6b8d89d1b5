import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attempt,
  assertClocksAgree,
  checkServerOptions,
  isOutcomeOf,
  MAX_NAME_BYTES,
  MAX_USER_ID_BYTES,
  OVERTAKEN,
  type Promotion,
  type RoleResult,
  type RoleStore,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SessionStore,
  type SigningKeyRow,
  SqlRoleStore,
  StoreOperations,
  sinceCleanUpMs,
  storableId,
  storableSession,
  storableText,
  tooLargeToStore,
  untilNotOvertaken,
} from "@acme/session-core/store";
import {
  Database,
  type MysqlConnection,
  type MysqlPool,
  type MysqlRecord,
  type MysqlResult,
  type MysqlValue,
  mysqlQuery,
  openPool,
  type Query,
} from "./database.js";
import { isDuplicate, judgeMysql, PacketTooLarge } from "./mysql-failure.js";
import { type NamesOptions, namesOf } from "./names.js";
import { roleStatementsFor } from "./role-statements.js";
import { bytes, secretMapping, sessionMapping, signingKeyMapping, textOf } from "./row.js";
import { prepareSchema } from "./schema.js";
import { type Statements, statementsFor } from "./statements.js";

export interface MysqlStoreOptions extends NamesOptions {
  /** `mysql://user:password@host:3306/database`: connections of our own. Either this or `client`. */
  url?: string | undefined;
  /** The application's own pool of `mysql2/promise`, which `close` leaves open. Its `flags` must keep `FOUND_ROWS` on (the default). */
  client?: MysqlPool | undefined;
  /** Most connections opened for `url`. Default 10. */
  maxConnections?: number | undefined;
  /** Whether the store makes and updates its tables by itself. Default true. */
  migrate?: boolean | undefined;
  /** Whose clock decides what has expired: the server's (default), or `"engine"`, the caller's, for tests that move it. */
  clock?: "server" | "engine" | undefined;
}

const DELETE_BATCH = 500;

/**
 * Sessions and keys in MySQL 8 or MariaDB 10.6 or newer, for any number of machines.
 *
 * @throws TypeError when an option is wrong
 */
export function mysqlStore(options: MysqlStoreOptions): MysqlStore {
  return new MysqlStore(options);
}

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
  readonly #operations = new StoreOperations("mysql", judgeMysql);
  readonly #names: ReturnType<typeof namesOf>;
  readonly #sql: Statements;
  readonly #usesServerClock: boolean;
  readonly #mayMigrate: boolean;
  readonly #transaction = new AsyncLocalStorage<Query>();
  #prepared: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MysqlStoreOptions) {
    const { url, client, maxConnections = 10, migrate = true, clock = "server" } = options;
    checkServerOptions("mysqlStore", options);
    this.#names = namesOf(options);
    this.#sql = statementsFor(this.#names);
    this.#usesServerClock = clock === "server";
    this.#mayMigrate = migrate;
    this.roles = new SqlRoleStore<MysqlValue>({
      statements: roleStatementsFor(this.#names),
      text: bytes,
      lists: (texts) => texts.map(bytes),
      textOf,
      read: async (text, values) => counted(await this.#runOutside((query) => query(text, values))),
      write: (step) =>
        this.#operations.run(async (attempt) => {
          await this.#prepare();
          return this.#database.transaction((query) =>
            step(async (text, values) => counted(await query(text, values)), attempt),
          );
        }),
    });
    this.#database =
      url === undefined
        ? new Database(client as MysqlPool, false)
        : new Database(openPool(url, maxConnections), true);
  }

  /**
   * Runs `work` such that the sessions it creates, changes or revokes belong to a transaction that the application has
   * begun on `connection` (of `mysql2/promise`): they are kept or dropped with it. Answer the request after the commit.
   * Signing keys and secrets that are made meanwhile do not belong to it. Nothing is tried again inside it.
   */
  async joinTransaction<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T> {
    await this.#operations.run(() => this.#prepare());
    return this.#transaction.run(mysqlQuery(connection), work);
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
        if (!outcomeUnknown || !isDuplicate(error)) throw error;
        // The attempt whose answer was lost may have been the one.
        const kept = await this.#read(query, row.handle, row.createdAtMs);
        if (kept?.row.refreshTokenHash2 !== row.refreshTokenHash2) throw error;
      }
    });
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#run(async (query) => (await this.#read(query, handle, nowMs))?.row);
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    storableId("hash", nextRefreshTokenHash2, MAX_NAME_BYTES);
    storableId("secret id", nextSecretId, MAX_NAME_BYTES);
    return this.#run((query, sql, { outcomeUnknown, remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const found = await this.#read(query, handle, nowMs);
        if (found === undefined) return undefined;
        const { row, version, serverNowMs } = found;
        if (row.refreshTokenHash2 !== expectedRefreshTokenHash2) {
          return outcomeUnknown && isOutcomeOf(promotion, row) ? row : undefined;
        }
        const newExpiryMs = Math.min(serverNowMs + (expiresAtMs - nowMs), row.absoluteExpiresAtMs);
        const { affectedRows } = await query(sql.promoteSession, [
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
    return this.#run((query, sql, { remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const found = await this.#read(query, handle, nowMs);
        if (found === undefined) return undefined;
        const { row, version } = found;
        const after = storableText(apply(row.accessTokenPayloadJson, row));
        if (after === row.accessTokenPayloadJson) return row;
        const values = [bytes(after), bytes(handle), version, this.#now(nowMs)];
        const { affectedRows } = await query(sql.replacePayload, values);
        return affectedRows === 0 ? OVERTAKEN : { ...row, accessTokenPayloadJson: after };
      }),
    );
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const values = [bytes(storableText(sessionDataJson)), idBytes(handle), this.#now(nowMs)];
    return this.#run(async (query, sql) => (await query(sql.replaceSessionData, values)).affectedRows === 1);
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    const unique = [...new Set(handles.map(storableText))];
    const deleted: string[] = [];
    for (let start = 0; start < unique.length; start += DELETE_BATCH) {
      const batch = unique.slice(start, start + DELETE_BATCH);
      const live = await this.#transact(async (query, sql, { outcomeUnknown }) => {
        const values = batch.map(idBytes);
        const { records } = await query(sql.lockSessions(batch.length), [this.#now(nowMs), ...values]);
        if (records.length > 0) await query(sql.deleteSessions(batch.length), values);
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
    return this.#run(async (query, sql) =>
      (await query(sql.listSessionHandles, values)).records.map(({ handle }) => textOf(handle)),
    );
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const tenant = tenantId === undefined ? null : idBytes(tenantId);
    const values = [this.#now(nowMs), userBytes(userId), tenant, tenant];
    return this.#transact(async (query, sql) => {
      const { records } = await query(sql.lockSessionsOfUser, values);
      const handles = records.map(({ handle }) => idBytes(textOf(handle)));
      for (let start = 0; start < handles.length; start += DELETE_BATCH) {
        const batch = handles.slice(start, start + DELETE_BATCH);
        await query(sql.deleteSessions(batch.length), batch);
      }
      return liveHandles(records);
    });
  }

  /** @throws Error when the caller's clock and the server's differ by more than 5 min: one of them is wrong */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#run(async (query, sql) => {
      const { records } = await query(sql.differenceOfClocks, [this.#now(nowMs), nowMs]);
      assertClocksAgree("MySQL", Number(records[0]?.differenceMs));
      return (await query(sql.deleteExpiredSessions, [this.#now(nowMs), limit])).affectedRows;
    });
  }

  claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    return this.#runOutside(async (query, sql) => {
      const { records } = await query(sql.readCleanUp, [this.#now(nowMs)]);
      const markMs = records[0]?.markMs == null ? null : Number(records[0].markMs);
      const now = Number(records[0]?.nowMs);
      const sinceMs = sinceCleanUpMs(markMs ?? undefined, now, intervalMs);
      if (sinceMs === undefined) return undefined;
      const { affectedRows } = await query(sql.claimCleanUp, [now, markMs]);
      return affectedRows === 1 ? sinceMs : undefined;
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#runOutside(async (query, sql) => {
      const { records } = await query(sql.scanSessions, [bytes(cursor ?? ""), limit]);
      const rows = records.map(sessionMapping.toRow);
      return { rows, next: rows.length === limit ? rows.at(-1)?.handle : undefined };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#run(async (query, sql) =>
      (await query(sql.listSigningKeys)).records.map(signingKeyMapping.toRow),
    );
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    storableId("key id", row.kid, MAX_NAME_BYTES);
    return this.#runOutside(async (query, sql, { outcomeUnknown }) => {
      try {
        await query(sql.insertSigningKey, signingKeyMapping.values(row));
        return true;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        if (!outcomeUnknown) return false;
        const keys = (await query(sql.listSigningKeys)).records.map(signingKeyMapping.toRow);
        return keys.some(
          ({ kid, privateJwkJson }) => kid === row.kid && privateJwkJson === row.privateJwkJson,
        );
      }
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    await this.#runOutside(async (query, sql) => {
      for (const kid of kids) await query(sql.deleteSigningKey, [idBytes(kid)]);
    });
  }

  listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    return this.#runOutside(async (query, sql) => {
      const list = async (): Promise<SecretRow[]> =>
        (await query(sql.listSecrets)).records.map(secretMapping.toRow);
      const secrets = await list();
      if (secrets.some(({ secret }) => secret !== "") || candidate === undefined) return secrets;
      await query(sql.insertFirstSecret, [bytes(candidate.id), bytes(candidate.secret)]).catch(
        (error: unknown) => {
          if (!isDuplicate(error)) throw error;
        },
      );
      return list();
    });
  }

  withdrawSecret(id: string): Promise<boolean> {
    return this.#runOutside(async (query, sql, { outcomeUnknown }) => {
      if ((await query(sql.withdrawSecret, [idBytes(id)])).affectedRows === 1) return true;
      if (!outcomeUnknown) return false;
      const secrets = (await query(sql.listSecrets)).records.map(secretMapping.toRow);
      return secrets.some((row) => row.id === id && row.secret === "");
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#operations.close().then(() => this.#database.close());
    return this.#closing;
  }

  /** One operation of statements that commit one by one: in the application's transaction if there is one. */
  #run<T>(step: Step<T>): Promise<T> {
    return this.#joined(step) ?? this.#runOutside(step);
  }

  /** One operation that is a transaction: the application's if there is one. */
  #transact<T>(step: Step<T>): Promise<T> {
    return (
      this.#joined(step) ??
      this.#operations.run(async (attempt) => {
        await this.#prepare();
        return this.#database.transaction((query) => step(query, this.#sql, attempt));
      })
    );
  }

  #joined<T>(step: Step<T>): Promise<T> | undefined {
    const joined = this.#transaction.getStore();
    if (joined === undefined) return undefined;
    // What fails inside a transaction may have ended it: nothing can be tried again there.
    return this.#operations.run(({ remainingMs }) =>
      step(joined, this.#sql, { outcomeUnknown: false, remainingMs }).catch((error: unknown) => {
        throw new Error("the statement failed in the application's transaction", { cause: error });
      }),
    );
  }

  #runOutside<T>(step: Step<T>): Promise<T> {
    return this.#operations.run(async (attempt) => {
      await this.#prepare();
      return this.#database
        .lease((query) => step(query, this.#sql, attempt))
        .catch((error: unknown) => this.#explain(error));
    });
  }

  /** What is too large for this server is the application's to know, and no outage. */
  async #explain(error: unknown): Promise<never> {
    if (!(error instanceof PacketTooLarge)) throw error;
    const { records } = await this.#database.lease((query) => query("SELECT @@max_allowed_packet AS bytes"));
    throw tooLargeToStore(error.sizeBytes, Number(records[0]?.bytes), "max_allowed_packet");
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

  async #read(
    query: Query,
    handle: string,
    nowMs: number,
  ): Promise<{ row: SessionRow; version: number; serverNowMs: number } | undefined> {
    const now = this.#now(nowMs);
    const [record] = (await query(this.#sql.getSession, [now, idBytes(handle), now])).records;
    if (record === undefined) return undefined;
    const row = sessionMapping.toRow(record);
    const serverNowMs = Number(record.nowMs);
    // The age since the last rotation is that by the clock of the statement, told in the caller's time (TM-01).
    if (row.rotatedAtMs !== null) row.rotatedAtMs += nowMs - serverNowMs;
    return { row, version: Number(record.version), serverNowMs };
  }

  /** The parameter of "now": null has the server use its own. */
  #now(nowMs: number): number | null {
    return this.#usesServerClock ? null : nowMs;
  }
}

type Step<T> = (query: Query, sql: Statements, attempt: Attempt) => Promise<T>;

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

function liveHandles(records: readonly MysqlRecord[]): string[] {
  return records.filter(({ isLive }) => Number(isLive) === 1).map(({ handle }) => textOf(handle));
}
