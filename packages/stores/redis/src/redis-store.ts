import {
  assertClocksAgree,
  checkServerOptions,
  isOutcomeOf,
  MAX_CLOCK_DIFFERENCE_MS,
  MAX_HANDLE_BYTES,
  MAX_USER_ID_BYTES,
  OVERTAKEN,
  type Promotion,
  type RoleStore,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SessionStore,
  type SigningKeyRow,
  StoreOperations,
  storableId,
  storableSession,
  storableText,
  untilNotOvertaken,
  within,
} from "@acme/session-core/store";
import { openConnection, type RedisDriverName } from "./open-connection.js";
import {
  adoptClient,
  keepsOneConnection,
  type RedisClient,
  type RedisConnection,
} from "./redis-connection.js";
import { judgeRedis, RedisFailure, redisFailure } from "./redis-failure.js";
import { RedisRoleStore } from "./redis-role-store.js";
import { roleScripts } from "./role-scripts.js";
import type { Script } from "./script.js";
import { SESSION_FIELDS, scripts } from "./scripts.js";

export interface RedisStoreOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://`: a connection of our own. Either this or `client`. */
  url?: string | undefined;
  /** The application's own connected client of `@redis/client`, `redis` or `ioredis`, or cluster; `close` leaves it open. */
  client?: RedisClient | undefined;
  /** Which driver opens `url`. Default: `@redis/client` if it is installed, else `ioredis`. */
  driver?: RedisDriverName | undefined;
  /** Start of every key, and in a cluster what decides on the node. Letters, digits, `-` and `_`. Default `acme`. */
  keyPrefix?: string | undefined;
  /**
   * Whose clock decides what has expired: Redis's (default), the same for every machine, or `"engine"`, the clock of
   * the caller, for tests that move it; then keys get no time to live and only clean-up removes them.
   */
  clock?: "server" | "engine" | undefined;
  /**
   * Has a revocation wait until so many replicas have it, and fail (`NOT_REPLICATED`) when they do not in time: it may
   * come undone with a failover, so it has to be repeated. For `url` and clients with one connection per node.
   */
  waitForReplicas?: ReplicaWait | undefined;
  /** Told that Redis may throw sessions away. Default `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined;
}

/** How a revocation waits for replicas. */
export interface ReplicaWait {
  /** 1 or more. */
  readonly count: number;
  /** At most 1500; other commands of the connection wait as long. Default 500. */
  readonly timeoutMs?: number | undefined;
}

/** What takes something away: lost with a failover, it is back. */
const REVOCATIONS: ReadonlySet<Script> = new Set([
  scripts.deleteSessions,
  scripts.deleteSessionsOfUser,
  roleScripts.revokePermissions,
  roleScripts.deleteRole,
  roleScripts.setParents,
  roleScripts.unassignRole,
  roleScripts.unassignAll,
]);
const LONGEST_WAIT_MS = 1_500;

/** So that one script holds up the others for some milliseconds at most. */
const DELETE_BATCH = 200;
const STATEMENT_LIMIT_MS = 2_000;

/**
 * Sessions, keys and roles in Redis 6.2 or newer, or Valkey, for any number of machines.
 *
 * @throws TypeError when an option is wrong
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  return new RedisStore(options);
}

/**
 * The store contract on Redis. Every operation is one script, in at most 2.8 s. An operation throws while Redis is gone,
 * frozen, loading, full or a replica, and works again as soon as it does.
 */
export class RedisStore implements SessionStore {
  readonly name = "redis";
  /** Roles, in keys beside the sessions. */
  readonly roles: RoleStore = new RedisRoleStore((script, args, repeated) =>
    this.#operations.run(async ({ outcomeUnknown }) => {
      const answer = await this.#eval(script, 0, args);
      return outcomeUnknown && answer === repeated?.[0] ? repeated?.[1] : answer;
    }),
  );
  readonly #connection: RedisConnection;
  readonly #operations = new StoreOperations("redis", judgeRedis);
  readonly #prefix: string;
  readonly #usesServerClock: boolean;
  readonly #onWarning: (message: string) => void;
  readonly #waitForReplicas: Required<ReplicaWait> | undefined;
  #hasCheckedPolicy = false;
  #closing: Promise<void> | undefined;

  constructor(options: RedisStoreOptions) {
    const { url, client, driver, keyPrefix = "acme", clock = "server" } = options;
    checkServerOptions("redisStore", options);
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(keyPrefix)) {
      throw new TypeError("redisStore: `keyPrefix` takes up to 64 letters, digits, - and _");
    }
    this.#waitForReplicas = checkedWait(options);
    this.#prefix = `{${keyPrefix}}:`;
    this.#usesServerClock = clock === "server";
    this.#onWarning = options.onWarning ?? ((message) => process.emitWarning(message));
    this.#connection = url === undefined ? adoptClient(client as RedisClient) : openConnection(url, driver);
  }

  /** Whose clock compares and stamps times here. */
  get clock(): "server" | "engine" {
    return this.#usesServerClock ? "server" : "engine";
  }

  async insertSession(row: SessionRow): Promise<void> {
    storableSession(row);
    const fields = SESSION_FIELDS.flatMap((field) =>
      row[field] === null ? [] : [field, String(row[field])],
    );
    await this.#operations.run(async ({ outcomeUnknown }) => {
      const args = [row.handle, row.userId, String(row.expiresAtMs), ...fields];
      const answer = await this.#eval(scripts.insertSession, row.createdAtMs, args);
      // The attempt whose answer was lost may have been the one.
      if (answer === 1 || (outcomeUnknown && answer === row.refreshTokenHash2)) return;
      throw new Error("a session with this handle exists already");
    });
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#operations.run(() => this.#read(handle, nowMs));
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    const args = [handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId].map(storableText);
    return this.#operations.run(async ({ outcomeUnknown }) => {
      const validityMs = String(expiresAtMs - nowMs);
      const promoted = toRow(await this.#eval(scripts.promoteSession, nowMs, [...args, validityMs]), nowMs);
      if (promoted !== undefined || !outcomeUnknown) return promoted;
      const row = await this.#read(handle, nowMs);
      return isOutcomeOf(promotion, row) ? row : undefined;
    });
  }

  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    return this.#operations.run(({ remainingMs }) =>
      untilNotOvertaken(remainingMs, async () => {
        const row = await this.#read(handle, nowMs);
        if (row === undefined) return undefined;
        const { accessTokenPayloadJson: before, generation, sessionDataJson } = row;
        const after = storableText(apply(before, row));
        if (after === before) return row;
        const args = [handle, after, before, String(generation), sessionDataJson];
        return toRow(await this.#eval(scripts.replacePayload, nowMs, args), nowMs) ?? OVERTAKEN;
      }),
    );
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const args = [storableText(handle), storableText(sessionDataJson)];
    return this.#operations.run(
      async () => (await this.#eval(scripts.replaceSessionData, nowMs, args)) === 1,
    );
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    const unique = [...new Set(handles.map(storableText))];
    const deleted: string[] = [];
    for (let start = 0; start < unique.length; start += DELETE_BATCH) {
      const batch = unique.slice(start, start + DELETE_BATCH);
      const live = await this.#operations.run(async ({ outcomeUnknown }) => {
        const answer = (await this.#eval(scripts.deleteSessions, nowMs, batch)) as string[];
        // Who deleted what is gone after a lost answer cannot be told; a revocation rather counts twice than never.
        return outcomeUnknown ? batch : answer;
      });
      deleted.push(...live);
    }
    return deleted;
  }

  async listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const args = userArguments(userId, tenantId);
    return this.#operations.run(
      async () => (await this.#eval(scripts.listSessionHandles, nowMs, args)) as string[],
    );
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const args = userArguments(userId, tenantId);
    return this.#operations.run(
      async () => (await this.#eval(scripts.deleteSessionsOfUser, nowMs, args)) as string[],
    );
  }

  /** @throws Error when the caller's clock and Redis's differ by more than 5 min: one of them is wrong */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#operations.run(async () => {
      const args = [String(limit), String(nowMs), String(MAX_CLOCK_DIFFERENCE_MS)];
      const [count, differenceMs] = (await this.#eval(scripts.deleteExpiredSessions, nowMs, args)) as [
        number,
        string,
      ];
      assertClocksAgree("Redis", Number(differenceMs));
      return Number(count);
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#operations.run(async () => {
      const args = [cursor ?? "0", String(limit)];
      const [next, answers] = (await this.#eval(scripts.scanSessions, 0, args)) as [string, unknown[]];
      const rows = answers.flatMap((answer) => toStoredRow(answer) ?? []);
      return { rows, next: next === "0" ? undefined : next };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#operations.run(async () => {
      const keys = (await this.#eval(scripts.listSigningKeys, 0, [])) as string[];
      return keys.map((json) => JSON.parse(json) as SigningKeyRow);
    });
  }

  async insertSigningKey(row: SigningKeyRow): Promise<boolean> {
    const { kid, family, algorithm, sequence, createdAtMs, publicJwkJson, privateJwkJson } = row;
    const json = JSON.stringify({
      kid,
      family,
      algorithm,
      sequence,
      createdAtMs,
      publicJwkJson,
      privateJwkJson,
    });
    return this.#operations.run(async ({ outcomeUnknown }) => {
      const answer = await this.#eval(scripts.insertSigningKey, 0, [
        storableText(kid),
        `${family}:${algorithm}:${sequence}`,
        json,
      ]);
      return answer === 1 || (outcomeUnknown && answer === 2);
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    await this.#operations.run(() => this.#eval(scripts.deleteSigningKeys, 0, [...kids]));
  }

  listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const args =
      candidate === undefined ? [] : [JSON.stringify({ id: candidate.id, secret: candidate.secret })];
    return this.#operations.run(async () => {
      const secrets = (await this.#eval(scripts.listSecrets, 0, args)) as string[];
      return secrets.map((json) => JSON.parse(json) as SecretRow);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#operations.close().then(() => this.#connection.close());
    return this.#closing;
  }

  async #read(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    const id = storableId("handle", handle, MAX_HANDLE_BYTES);
    return toRow(await this.#eval(scripts.getSession, nowMs, [id]), nowMs);
  }

  async #eval(script: Script, nowMs: number, args: readonly string[]): Promise<unknown> {
    const answer = await this.#send(script, nowMs, args);
    if (!this.#hasCheckedPolicy) {
      this.#hasCheckedPolicy = true;
      await this.#checkPolicy();
    }
    if (REVOCATIONS.has(script)) await this.#awaitReplicas();
    return answer;
  }

  /** Whatever this connection has been told of by now: so it says the truth of a revocation that is repeated, too. */
  async #awaitReplicas(): Promise<void> {
    if (this.#waitForReplicas === undefined) return;
    const { count, timeoutMs } = this.#waitForReplicas;
    const replicas = await this.#command("WAIT", String(count), String(timeoutMs));
    if (Number(replicas) < count) throw new RedisFailure(undefined, "NOT_REPLICATED", "never");
  }

  #send({ sha1, source }: Script, nowMs: number, args: readonly string[]): Promise<unknown> {
    const time = this.#usesServerClock ? "" : String(nowMs);
    const rest = ["1", this.#routingKey, this.#prefix, time, ...args];
    return this.#command("EVALSHA", sha1, ...rest).catch((error: unknown) => {
      // A node that has been restarted or flushed does not know the script; EVAL teaches it.
      if (redisFailure(error).code === "NOSCRIPT") return this.#command("EVAL", source, ...rest);
      throw error;
    });
  }

  async #command(...command: string[]): Promise<unknown> {
    try {
      return await within(STATEMENT_LIMIT_MS, this.#connection.send(this.#routingKey, command));
    } catch (error) {
      const failure = redisFailure(error);
      if (failure.endsConnection) this.#connection.renew();
      throw failure;
    }
  }

  get #routingKey(): string {
    return `${this.#prefix}expiry`;
  }

  /** A policy other than `noeviction` lets Redis throw sessions away when its memory is full: people are logged out. */
  async #checkPolicy(): Promise<void> {
    const info = await this.#send(scripts.readMemoryPolicy, 0, []).catch(() => "");
    const policy = /^maxmemory_policy:(\S+)/m.exec(String(info))?.[1];
    if (policy === undefined || policy === "noeviction") return;
    this.#onWarning(
      `Redis has maxmemory-policy ${policy}: when its memory is full it deletes sessions and logs people out. Set it to noeviction.`,
    );
  }
}

/** @throws TypeError */
function checkedWait({ waitForReplicas, client }: RedisStoreOptions): Required<ReplicaWait> | undefined {
  if (waitForReplicas === undefined) return undefined;
  const { count, timeoutMs = 500 } = waitForReplicas;
  if (!Number.isInteger(count) || count < 1) {
    throw new TypeError("redisStore: `waitForReplicas.count` is a whole number of 1 or more");
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > LONGEST_WAIT_MS) {
    throw new TypeError(
      `redisStore: \`waitForReplicas.timeoutMs\` is a whole number from 1 to ${LONGEST_WAIT_MS}`,
    );
  }
  if (client !== undefined && !keepsOneConnection(client)) {
    throw new TypeError(
      "redisStore: `waitForReplicas` takes a client with one connection per node, which a pool and the `Cluster` of ioredis have not; give `url`, or `createCluster` of @redis/client",
    );
  }
  return { count, timeoutMs };
}

function userArguments(userId: string, tenantId: string | undefined): string[] {
  const user = storableId("user id", userId, MAX_USER_ID_BYTES);
  return tenantId === undefined ? [user, "0"] : [user, "1", storableText(tenantId)];
}

const NUMBERS: ReadonlySet<string> = new Set<keyof SessionRow>([
  "generation",
  "rotatedAtMs",
  "createdAtMs",
  "expiresAtMs",
  "absoluteExpiresAtMs",
]);

/** The age since the last rotation is that by the clock of the script, told in the caller's time (TM-01). */
function toRow(answer: unknown, nowMs: number): SessionRow | undefined {
  const row = toStoredRow(answer);
  if (row === undefined || row.rotatedAtMs === null) return row;
  const serverNowMs = Number((answer as unknown[])[SESSION_FIELDS.length]);
  return { ...row, rotatedAtMs: row.rotatedAtMs + nowMs - serverNowMs };
}

function toStoredRow(answer: unknown): SessionRow | undefined {
  if (!Array.isArray(answer)) return undefined;
  const values = answer as (string | null)[];
  return Object.fromEntries(
    SESSION_FIELDS.map((field, index) => {
      const value = values[index] ?? null;
      return [field, value !== null && NUMBERS.has(field) ? Number(value) : value];
    }),
  ) as unknown as SessionRow;
}
