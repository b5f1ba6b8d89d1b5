import {
  type Attempt,
  assertClocksAgree,
  checkNamespace,
  MAX_CLOCK_DIFFERENCE_MS,
  MAX_HANDLE_BYTES,
  MAX_USER_ID_BYTES,
  OVERTAKEN,
  type Promotion,
  placeOf,
  type RoleStore,
  type SecretRow,
  type SessionPage,
  type SessionRow,
  type SessionStore,
  type SigningKeyRow,
  StoreOperations,
  StoreTimeout,
  storableId,
  storableSession,
  storableText,
  systemRandom,
  untilNotOvertaken,
} from "@acme/session-core/store";
import { type Answer, answerOf, countOf, listOf, textOf, textsOf } from "./answer.js";
import { openConnection } from "./own-connection.js";
import type { RedisClient } from "./redis-client.js";
import { adoptClient, type RedisConnection } from "./redis-connection.js";
import { damaged, judgeRedis, noAnswer, RedisFailure, redisFailure, timeOfRefusal } from "./redis-failure.js";
import { checkRedisOptions, type RedisStoreOptions, type ReplicaWait } from "./redis-options.js";
import { RedisRoleStore } from "./redis-role-store.js";
import { roleScripts } from "./role-scripts.js";
import { FIRST_KEY, type Script } from "./script.js";
import { NUMBER_FIELDS, SESSION_FIELDS, scripts } from "./scripts.js";
import { ServerTime } from "./server-time.js";

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

/** So that one script holds up the others for some milliseconds at most. */
const DELETE_BATCH = 200;

/**
 * Sessions, keys and roles in Redis 6.2 or newer, or Valkey, for any number of machines.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  return new RedisStore(options);
}

const DEFAULT_PREFIX = "acme";

/**
 * The store contract on Redis. Every operation is one script, in at most 2.8 s. An operation throws while Redis is gone,
 * frozen, loading, full or a replica, and works again as soon as it does.
 */
export class RedisStore implements SessionStore {
  readonly name = "redis";
  /** Roles, in keys beside the sessions. */
  readonly roles: RoleStore = new RedisRoleStore((script, args, repeated) =>
    this.#run(async (attempt) => {
      const answer = await this.#eval(attempt, script, 0, args);
      return attempt.outcomeUnknown && answer === repeated?.[0] ? repeated?.[1] : answer;
    }),
  );
  readonly #connection: RedisConnection;
  readonly #operations: StoreOperations;
  readonly #options: RedisStoreOptions;
  readonly #origin: RedisStore | undefined;
  readonly #namespaces = new Map<string, RedisStore>();
  /** Leads a cluster to the node of all keys, and tells a script how keys begin. */
  readonly #firstKey: string;
  readonly #usesServerClock: boolean;
  readonly #onWarning: (message: string) => void;
  readonly #waitForReplicas: ReplicaWait | undefined;
  readonly #time: ServerTime;
  #hasCheckedPolicy = false;
  #closing: Promise<void> | undefined;

  /**
   * @param origin the store that this one is a namespace of, and shares everything but the keys with
   * @throws SessionError `INVALID_OPTION`
   */
  constructor(given: RedisStoreOptions, origin?: RedisStore) {
    const options = origin === undefined ? checkRedisOptions(given) : given;
    this.#options = options;
    this.#origin = origin;
    this.#operations = origin === undefined ? new StoreOperations("redis", judgeRedis) : origin.#operations;
    const { url, client, driver, keyPrefix = DEFAULT_PREFIX, clock = "server", waitForReplicas } = options;
    this.#waitForReplicas = waitForReplicas && { timeoutMs: 500, ...waitForReplicas };
    this.#usesServerClock = clock === "server";
    this.#onWarning = options.onWarning ?? ((message) => process.emitWarning(message));
    this.#connection =
      origin === undefined
        ? url === undefined
          ? adoptClient(client as RedisClient)
          : openConnection(url, driver)
        : origin.#connection;
    this.#time = origin === undefined ? new ServerTime() : origin.#time;
    this.#firstKey = `${this.#connection.keyPrefix}{${keyPrefix}}:${FIRST_KEY}`;
  }

  get place(): string {
    const { url, client } = this.#options;
    return placeOf("redis", url ?? (client as object), this.#firstKey);
  }

  /** Keys of its own: `{acme:admin}:…` beside `{acme}:…`. */
  inNamespace(namespace: string): RedisStore {
    let store = this.#namespaces.get(namespace);
    if (store === undefined) {
      checkNamespace(namespace);
      // No `keyPrefix` can have a colon.
      const keyPrefix = `${this.#options.keyPrefix ?? DEFAULT_PREFIX}:${namespace}`;
      store = new RedisStore({ ...this.#options, keyPrefix }, this);
      this.#namespaces.set(namespace, store);
    }
    return store;
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
    const args = [row.handle, row.userId, String(row.expiresAtMs), "writer", newWriter(), ...fields];
    const answer = await this.#run((attempt) =>
      this.#eval(attempt, scripts.insertSession, row.createdAtMs, args),
    );
    if (answer !== "1") throw new Error("a session with this handle exists already");
  }

  getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return this.#run((attempt) => this.#read(attempt, handle, nowMs));
  }

  async promoteSession(promotion: Promotion): Promise<SessionRow | undefined> {
    const { handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId, nowMs, expiresAtMs } =
      promotion;
    const tokens = [handle, expectedRefreshTokenHash2, nextRefreshTokenHash2, nextSecretId].map(storableText);
    const args = [...tokens, String(expiresAtMs - nowMs), newWriter()];
    return this.#run(async (attempt) =>
      toRow(await this.#eval(attempt, scripts.promoteSession, nowMs, args), nowMs),
    );
  }

  updateAccessTokenPayload(
    handle: string,
    nowMs: number,
    apply: (accessTokenPayloadJson: string, row: Readonly<SessionRow>) => string,
  ): Promise<SessionRow | undefined> {
    return this.#run((attempt) =>
      untilNotOvertaken(
        () => attempt.remainingMs(),
        async () => {
          const row = await this.#read(attempt, handle, nowMs);
          if (row === undefined) return undefined;
          const { accessTokenPayloadJson: before, generation, sessionDataJson } = row;
          const after = storableText(apply(before, row));
          if (after === before) return row;
          const args = [handle, after, before, String(generation), sessionDataJson];
          return toRow(await this.#eval(attempt, scripts.replacePayload, nowMs, args), nowMs) ?? OVERTAKEN;
        },
      ),
    );
  }

  async replaceSessionData(handle: string, nowMs: number, sessionDataJson: string): Promise<boolean> {
    const args = [storableText(handle), storableText(sessionDataJson)];
    return this.#run(
      async (attempt) => (await this.#eval(attempt, scripts.replaceSessionData, nowMs, args)) === "1",
    );
  }

  async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    const unique = [...new Set(handles.map(storableText))];
    const deleted: string[] = [];
    for (let start = 0; start < unique.length; start += DELETE_BATCH) {
      const batch = unique.slice(start, start + DELETE_BATCH);
      const live = await this.#run(async (attempt) => {
        const answer = textsOf(await this.#eval(attempt, scripts.deleteSessions, nowMs, batch));
        // Who deleted what is gone after a lost answer cannot be told; a revocation rather counts twice than never.
        return attempt.outcomeUnknown ? batch : answer;
      });
      deleted.push(...live);
    }
    return deleted;
  }

  async listSessionHandles(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const args = userArguments(userId, tenantId);
    return this.#run(async (attempt) =>
      textsOf(await this.#eval(attempt, scripts.listSessionHandles, nowMs, args)),
    );
  }

  async deleteSessionsOfUser(userId: string, tenantId: string | undefined, nowMs: number): Promise<string[]> {
    const args = userArguments(userId, tenantId);
    return this.#run(async (attempt) =>
      textsOf(await this.#eval(attempt, scripts.deleteSessionsOfUser, nowMs, args)),
    );
  }

  /** @throws Error when the caller's clock and Redis's differ by more than 5 min: one of them is wrong */
  deleteExpiredSessions(nowMs: number, limit: number): Promise<number> {
    return this.#run(async (attempt) => {
      const args = [String(limit), String(nowMs), String(MAX_CLOCK_DIFFERENCE_MS)];
      const [count, differenceMs] = listOf(
        await this.#eval(attempt, scripts.deleteExpiredSessions, nowMs, args),
      );
      assertClocksAgree("Redis", countOf(differenceMs));
      return countOf(count);
    });
  }

  claimCleanUp(nowMs: number, intervalMs: number): Promise<number | undefined> {
    return this.#run(async (attempt) => {
      const answer = await this.#eval(attempt, scripts.claimCleanUp, nowMs, [String(intervalMs)]);
      if (answer === null) return undefined;
      return answer === "" ? Number.POSITIVE_INFINITY : countOf(answer);
    });
  }

  scanSessions(cursor: string | undefined, limit: number): Promise<SessionPage> {
    return this.#run(async (attempt) => {
      const args = [cursor ?? "0", String(limit)];
      const [cursorAfter, answers] = listOf(await this.#eval(attempt, scripts.scanSessions, 0, args));
      const rows = listOf(answers).flatMap((answer) => toStoredRow(answer) ?? []);
      const next = textOf(cursorAfter);
      return { rows, next: next === "0" ? undefined : next };
    });
  }

  listSigningKeys(): Promise<SigningKeyRow[]> {
    return this.#run(async (attempt) => {
      const keys = textsOf(await this.#eval(attempt, scripts.listSigningKeys, 0, []));
      return keys.map((json) => parsed(json, "a signing key", KEY_FIELDS) as SigningKeyRow);
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
    return this.#run(async (attempt) => {
      const answer = await this.#eval(attempt, scripts.insertSigningKey, 0, [
        storableText(kid),
        `${family}:${algorithm}:${sequence}`,
        json,
      ]);
      return answer === "1" || (attempt.outcomeUnknown && answer === "2");
    });
  }

  async deleteSigningKeys(kids: readonly string[]): Promise<void> {
    await this.#run((attempt) => this.#eval(attempt, scripts.deleteSigningKeys, 0, [...kids]));
  }

  listSecrets(candidate?: SecretRow): Promise<SecretRow[]> {
    const args =
      candidate === undefined ? [] : [JSON.stringify({ id: candidate.id, secret: candidate.secret })];
    return this.#run(async (attempt) => {
      const secrets = textsOf(await this.#eval(attempt, scripts.listSecrets, 0, args));
      return secrets.map((json) => parsed(json, "a secret", SECRET_FIELDS) as SecretRow);
    });
  }

  withdrawSecret(id: string): Promise<boolean> {
    return this.#run(async (attempt) => {
      const left = JSON.stringify({ id, secret: "" });
      const answer = countOf(await this.#eval(attempt, scripts.withdrawSecret, 0, [storableText(id), left]));
      return answer === 1 || (answer === 2 && attempt.outcomeUnknown);
    });
  }

  close(): Promise<void> {
    if (this.#origin !== undefined) return this.#origin.close();
    this.#closing ??= this.#operations.close().then(() => this.#connection.close());
    return this.#closing;
  }

  /** When time is up, says what the last attempt met, where there was one. @throws RedisFailure */
  #run<T>(step: (attempt: Attempt) => Promise<T>): Promise<T> {
    let last: unknown;
    const noted = (attempt: Attempt): Promise<T> =>
      step(attempt).catch((error: unknown) => {
        last = error;
        throw error;
      });
    return this.#operations.run(noted).catch((error: unknown) => {
      throw error instanceof StoreTimeout ? (last ?? noAnswer(error, this.#options.url, "never")) : error;
    });
  }

  async #read(attempt: Attempt, handle: string, nowMs: number): Promise<SessionRow | undefined> {
    const id = storableId("handle", handle, MAX_HANDLE_BYTES);
    return toRow(await this.#eval(attempt, scripts.getSession, nowMs, [id]), nowMs);
  }

  async #eval(attempt: Attempt, script: Script, nowMs: number, args: readonly string[]): Promise<Answer> {
    const answer = await this.#send(attempt, script, nowMs, args);
    if (!this.#hasCheckedPolicy) {
      this.#hasCheckedPolicy = true;
      await this.#checkPolicy(attempt);
    }
    if (REVOCATIONS.has(script)) await this.#awaitReplicas(attempt);
    return answer;
  }

  /** Whatever this connection has been told of by now: so it says the truth of a revocation that is repeated, too. */
  async #awaitReplicas(attempt: Attempt): Promise<void> {
    if (this.#waitForReplicas === undefined) return;
    const { count, timeoutMs } = this.#waitForReplicas;
    const wait = ["WAIT", String(count), String(timeoutMs)];
    const replicas = await this.#connection.send(attempt, this.#firstKey, () => wait);
    if (countOf(answerOf(replicas)) < count) throw new RedisFailure(undefined, "NOT_REPLICATED", "never");
  }

  async #send(attempt: Attempt, script: Script, nowMs: number, args: readonly string[]): Promise<Answer> {
    const given = this.#usesServerClock ? "" : String(nowMs);
    const run = async (command: string, text: string): Promise<Answer> =>
      answerOf(
        await this.#connection.send(attempt, this.#firstKey, () => {
          const dueMs =
            this.#time.nowMs() + Math.min(this.#connection.limitMs, Math.ceil(attempt.remainingMs()));
          return [command, text, "1", this.#firstKey, `${given}:${dueMs}`, ...args];
        }),
      );
    const taught = (): Promise<Answer> =>
      run("EVALSHA", script.sha1).catch((error: unknown) => {
        // A node that has been restarted or flushed does not know the script; EVAL teaches it.
        if (redisFailure(error).code !== "NOSCRIPT") throw error;
        return run("EVAL", script.source);
      });
    return taught().catch((error: unknown) => {
      const serverNowMs = timeOfRefusal(error);
      if (serverNowMs === undefined) throw error;
      this.#time.learn(serverNowMs);
      return taught();
    });
  }

  /** A policy other than `noeviction` lets Redis throw sessions away when its memory is full: people are logged out. */
  async #checkPolicy(attempt: Attempt): Promise<void> {
    const info = await this.#send(attempt, scripts.readMemoryPolicy, 0, []).catch(() => "");
    const policy = /^maxmemory_policy:(\S+)/m.exec(String(info))?.[1];
    if (policy === undefined || policy === "noeviction") return;
    this.#onWarning(
      `Redis has maxmemory-policy ${policy}: when its memory is full it deletes sessions and logs people out. Set it to noeviction.`,
    );
  }
}

/** Marks what one operation writes, so that it knows its own work when it comes a second time. */
function newWriter(): string {
  return Buffer.from(systemRandom(12)).toString("base64url");
}

function userArguments(userId: string, tenantId: string | undefined): string[] {
  const user = storableId("user id", userId, MAX_USER_ID_BYTES);
  return tenantId === undefined ? [user, "0"] : [user, "1", storableText(tenantId)];
}

/** The age since the last rotation is that by the clock of the script, told in the caller's time (TM-01). */
function toRow(answer: Answer, nowMs: number): SessionRow | undefined {
  const row = toStoredRow(answer);
  if (row === undefined || row.rotatedAtMs === null) return row;
  const serverNowMs = countOf(listOf(answer)[SESSION_FIELDS.length]);
  return { ...row, rotatedAtMs: row.rotatedAtMs + nowMs - serverNowMs };
}

/** Scripts have looked that it is whole. */
function toStoredRow(answer: Answer): SessionRow | undefined {
  if (answer === null) return undefined;
  const values = listOf(answer);
  if (values.length <= SESSION_FIELDS.length) throw damaged("a session");
  return Object.fromEntries(
    SESSION_FIELDS.map((field, index) => {
      const value = values[index] ?? null;
      return [field, value !== null && NUMBER_FIELDS.has(field) ? Number(value) : value];
    }),
  ) as unknown as SessionRow;
}

const KEY_FIELDS = [
  "kid",
  "family",
  "algorithm",
  "sequence",
  "createdAtMs",
  "publicJwkJson",
  "privateJwkJson",
] as const satisfies readonly (keyof SigningKeyRow)[];
const SECRET_FIELDS = ["id", "secret"] as const satisfies readonly (keyof SecretRow)[];

/** @throws RedisFailure when it is not the JSON that was put there */
function parsed(json: string, what: string, fields: readonly string[]): unknown {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's words would hold a piece of it.
    throw damaged(what);
  }
  const missing = fields.find((field) => value?.[field] === undefined);
  if (missing !== undefined) throw damaged(`the field \`${missing}\` of ${what}`);
  return value;
}
