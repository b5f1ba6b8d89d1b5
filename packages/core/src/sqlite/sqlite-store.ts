import { parse } from "node:path";
import { checkOptions, isText, type OptionCheck, oneOf } from "../errors/option-check.js";
import { invalidOption } from "../errors/throwers.js";
import { sinceCleanUpMs } from "../store/clean-up-mark.js";
import { checkNamespace, isNamespace } from "../store/namespace.js";
import type {
  Promotion,
  SecretRow,
  SessionPage,
  SessionRow,
  SessionStore,
  SigningKeyRow,
} from "../store/session-store.js";
import { StoreError } from "../store/store-error.js";
import { Connection, type Synchronous } from "./connection.js";
import { namespacedPath, prepareDatabaseFile, readFileState } from "./database-file.js";
import type { SqliteDriver, SqliteDriverName, SqliteRecord } from "./driver.js";
import { GroupCommit } from "./group-commit.js";
import { loadDriver } from "./load-driver.js";
import { LockQueue } from "./lock-queue.js";
import { secretMapping, sessionMapping, signingKeyMapping, storable } from "./row.js";
import { isBusy, sqliteCode } from "./sqlite-error.js";
import { SqliteRoleStore } from "./sqlite-role-store.js";
import * as sql from "./statements.js";

export interface SqliteStoreOptions {
  /** File that keeps the sessions; it and missing directories are made. Relative to the working directory. */
  path: string;
  /**
   * `"NORMAL"` (default): nothing is lost when the process dies; a power cut may undo the last moments, a revocation
   * among them. `"FULL"`: not even that, at the price of one disk flush per write.
   */
  synchronous?: Synchronous;
  /** Use this driver instead of the best one that the runtime has. */
  driver?: SqliteDriverName;
}

/**
 * Opens (and makes, if missing) a file that keeps sessions, for any number of processes on one host.
 *
 * @throws SessionError `INVALID_OPTION` when the file cannot be used or the runtime has no SQLite
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new SqliteStore(options);
}

const CHECKS: { readonly [Option in keyof Required<SqliteStoreOptions>]: OptionCheck } = {
  path: isText,
  synchronous: oneOf("NORMAL", "FULL"),
  driver: oneOf("bun:sqlite", "node:sqlite", "better-sqlite3"),
};

/** Whether a file is called like that of a namespace, and could be one. */
export function isNamespacedPath(path: string): boolean {
  const { name } = parse(path);
  const at = name.lastIndexOf("@");
  return at >= 0 && isNamespace(name.slice(at + 1));
}

/** Each loss means that another process has changed the session between our read and our write, and so got on. */
const PAYLOAD_ATTEMPTS = 100;

/**
 * The store contract on one SQLite file. Every change is a single statement; what it costs is synchronous (less than
 * 0.1 ms), what it waits for is not. Changes of the same moment are committed together.
 *
 * An operation throws when the file is locked for 3 s, damaged, read-only, full, deleted or emptied, and works again as
 * soon as the file does, without a restart. It never takes a missing file for "no sessions".
 */
export class SqliteStore implements SessionStore {
  readonly name = "sqlite";
  /** Roles, in the same file. */
  readonly roles = new SqliteRoleStore({
    read: (step) => this.#read(step),
    write: (step) => this.#run(this.#writes, (connection) => connection.transaction(() => step(connection))),
  });
  /** Absolute. */
  readonly path: string;
  readonly #driver: SqliteDriver;
  readonly #synchronous: Synchronous;
  /** Two lines, since in WAL mode readers need not wait for a writer. */
  readonly #reads = new LockQueue();
  readonly #writes = new LockQueue();
  readonly #commits = new GroupCommit((attempt) => this.#attempt(this.#writes, attempt));
  #connection: Connection | undefined;
  #fileId: string | undefined;
  #hadSchema = false;
  readonly #namespaces = new Map<string, SqliteStore>();
  #closing: Promise<void> | undefined;

  /** @param isOfNamespace whether the file is that of a namespace: no other may be called so */
  constructor(options: SqliteStoreOptions, isOfNamespace = false) {
    const { path, synchronous = "NORMAL", driver } = checkOptions("sqliteStore", CHECKS, options, ["path"]);
    if (!isOfNamespace && isNamespacedPath(path)) {
      throw invalidOption(
        "sqliteStore.path",
        "is the name of a namespace's file (`name@namespace.db`): use another one, or the option `namespace`",
      );
    }
    this.#driver = loadDriver(driver);
    this.#synchronous = synchronous;
    try {
      this.path = prepareDatabaseFile(path);
      this.#connect();
    } catch (error) {
      // Another process is making the schema: the first operation waits for it.
      if (!isBusy(error))
        throw invalidOption("store", error instanceof Error ? error.message : String(error));
      this.path ??= path;
    }
  }

  get place(): string {
    return `sqlite ${this.path}`;
  }

  /** A file of its own: `sessions@admin.db` beside `sessions.db`. */
  inNamespace(namespace: string): SqliteStore {
    checkNamespace(namespace);
    this.#assertOpen();
    let store = this.#namespaces.get(namespace);
    if (store === undefined) {
      const path = namespacedPath(this.path, namespace);
      store = new SqliteStore({ path, synchronous: this.#synchronous, driver: this.#driver.name }, true);
      this.#namespaces.set(namespace, store);
    }
    return store;
  }

  async insertSession(row: SessionRow): Promise<void> {
    const values = sessionMapping.values(row);
    await this.#write((connection) => connection.run(sql.INSERT_SESSION, ...values));
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#read((connection) => sessionRow(connection.all(sql.GET_SESSION, storable(handle), nowMs)));
  }

  promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    return this.#write((connection) =>
      sessionRow(
        connection.all(
          sql.PROMOTE_SESSION,
          storable(nextRefreshTokenHash2),
          storable(nextSecretId),
          nowMs,
          expiresAtMs,
          storable(handle),
          expectedRefreshTokenHash2,
          nowMs,
        ),
      ),
    );
  }

  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    return this.#write((connection) => {
      for (let attempt = 0; attempt < PAYLOAD_ATTEMPTS; attempt += 1) {
        const row = sessionRow(connection.all(sql.GET_SESSION, storable(handle), nowMs));
        if (row === undefined) return undefined;
        const { accessTokenPayloadJson: before, generation, sessionDataJson } = row;
        const after = storable(apply(before, row));
        if (after === before) return row;
        const changed = sessionRow(
          connection.all(sql.REPLACE_PAYLOAD, after, handle, nowMs, before, generation, sessionDataJson),
        );
        if (changed !== undefined) return changed;
      }
      throw new StoreError("the session was changed by other processes again and again");
    });
  }

  replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    return this.#write(
      (connection) =>
        connection.run(sql.REPLACE_SESSION_DATA, storable(sessionDataJson), storable(handle), nowMs) === 1,
    );
  }

  deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    return this.#write((connection) =>
      liveHandles(connection.all(sql.DELETE_SESSIONS, textList(handles)), nowMs),
    );
  }

  listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    return this.#read((connection) => {
      const tenant = storable(tenantId ?? null);
      const records = connection.all(sql.LIST_SESSION_HANDLES, storable(userId), nowMs, tenant, tenant);
      return records.map((record) => record.handle as string);
    });
  }

  deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    return this.#write((connection) => {
      const tenant = storable(tenantId ?? null);
      return liveHandles(
        connection.all(sql.DELETE_SESSIONS_OF_USER, storable(userId), tenant, tenant),
        nowMs,
      );
    });
  }

  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#write((connection) => connection.run(sql.DELETE_EXPIRED_SESSIONS, nowMs, limit));
  }

  async claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    const markMs = await this.#read((connection) => {
      const [record] = connection.all(sql.READ_CLEAN_UP);
      return record === undefined ? undefined : Number(record.claimedAtMs);
    });
    const sinceMs = sinceCleanUpMs(markMs, nowMs, intervalMs);
    if (sinceMs === undefined) return undefined;
    const isOurs = await this.#write(
      (connection) => connection.run(sql.CLAIM_CLEAN_UP, nowMs, markMs ?? null) === 1,
    );
    return isOurs ? sinceMs : undefined;
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    const after = storable(cursor ?? "");
    return this.#read((connection) => {
      const rows = connection.all(sql.SCAN_SESSIONS, after, limit).map(sessionMapping.toRow);
      return { rows, next: rows.length === limit ? rows.at(-1)?.handle : undefined };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#read((connection) => connection.all(sql.LIST_SIGNING_KEYS).map(signingKeyMapping.toRow));
  }

  insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    return this.#write(
      (connection) => connection.run(sql.INSERT_SIGNING_KEY, ...signingKeyMapping.values(row)) === 1,
    );
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    await this.#write((connection) => connection.run(sql.DELETE_SIGNING_KEYS, textList(kids)));
  }

  async listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const list = (connection: Connection): SecretRow[] =>
      connection.all(sql.LIST_SECRETS).map(secretMapping.toRow);
    const secrets = await this.#read(list);
    if (secrets.some(({ secret }) => secret !== "") || candidate === undefined) return secrets;
    return this.#write((connection) => {
      connection.run(sql.INSERT_FIRST_SECRET, ...secretMapping.values(candidate));
      return list(connection);
    });
  }

  withdrawSecret(id: string): Promise<boolean> {
    return this.#write((connection) => connection.run(sql.WITHDRAW_SECRET, "", storable(id)) === 1);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#namespaces.values()].map((store) => store.close()));
    await this.#commits.drain();
    await Promise.all([this.#reads.drain(), this.#writes.drain()]);
    this.#connection?.close();
    this.#connection = undefined;
  }

  #read<T>(step: (connection: Connection) => T): Promise<T> {
    return this.#run(this.#reads, step);
  }

  /** @param step writes with one statement at most */
  async #write<T>(step: (connection: Connection) => T): Promise<T> {
    this.#assertOpen();
    return this.#commits.run(step);
  }

  async #run<T>(queue: LockQueue, step: (connection: Connection) => T): Promise<T> {
    this.#assertOpen();
    return this.#attempt(queue, step);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError("the SQLite store has been closed");
  }

  #attempt<T>(queue: LockQueue, step: (connection: Connection) => T): Promise<T> {
    return queue.run(() => {
      const connection = this.#connect();
      try {
        return step(connection);
      } catch (error) {
        if (hasFailed(error)) this.#disconnect();
        throw error;
      }
    });
  }

  /**
   * The open connection, or a new one after a failure or when another file stands at the path. A process that kept
   * its handle on a deleted file would go on writing where nobody reads.
   */
  #connect(): Connection {
    const file = readFileState(this.path);
    if (file === undefined)
      throw new StoreError(`${this.path} has been deleted or moved away; put it back`, { isPermanent: true });
    if (file.id !== this.#fileId || (this.#hadSchema && file.sizeBytes === 0)) this.#disconnect();
    if (this.#connection === undefined) {
      this.#connection = Connection.open({
        driver: this.#driver,
        path: this.path,
        synchronous: this.#synchronous,
        mayCreateSchema: !this.#hadSchema,
      });
      this.#fileId = file.id;
      this.#hadSchema = true;
    }
    return this.#connection;
  }

  #disconnect(): void {
    this.#connection?.abandon();
    this.#connection = undefined;
  }
}

/** Whether the handle should not be trusted any more: every answer of SQLite but "busy" and a broken constraint. */
function hasFailed(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && code !== "CONSTRAINT" && !isBusy(error);
}

function sessionRow(records: readonly SqliteRecord[]): SessionRow | undefined {
  return records[0] === undefined ? undefined : sessionMapping.toRow(records[0]);
}

function textList(texts: readonly string[]): string {
  return JSON.stringify(texts.map(storable));
}

function liveHandles(deleted: readonly SqliteRecord[], nowMs: number): string[] {
  return deleted.filter((row) => (row.expiresAtMs as number) > nowMs).map((row) => row.handle as string);
}
