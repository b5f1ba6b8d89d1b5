import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import type { SessionError } from "../../src/errors/session-error.js";
import type { Logger } from "../../src/runtime/logger.js";
import { MemoryRoleStore } from "../../src/store/memory-role-store.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import type { StoreCause } from "../../src/store/store-cause.js";
import { StoreError } from "../../src/store/store-error.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { APP_INFO, type Session, startApp, type TestApp, wrap } from "../support/http-app.js";
import { TestClock } from "../support/test-clock.js";

/** What an operator reads. */
class Console implements Logger {
  readonly lines: string[] = [];
  info = (): void => {};
  warn = (message: string): void => void this.lines.push(`warn ${message}`);
  error = (message: string): void => void this.lines.push(`error ${message}`);
}

/** A store whose every operation ends so. */
function failing(error: () => unknown): SessionStore {
  const store = new MemoryStore();
  return new Proxy({} as SessionStore, {
    get(_, name) {
      const member: unknown = Reflect.get(store, name);
      if (typeof member !== "function" || name === "close") return member;
      return () => Promise.reject(error());
    },
  });
}

function start(store: SessionStore, logger: Logger, more: SessionOptions = {}) {
  const events: object[] = [];
  const { session } = bindSession(
    {
      appInfo: APP_INFO,
      store,
      logger,
      onEvent: ({ timeMs: _, instanceId: _id, ...event }) => events.push(event),
      ...more,
    },
    wrap as never,
  );
  return { session: session as unknown as Session, events };
}

async function failureOf(call: Promise<unknown>): Promise<SessionError> {
  return call.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: SessionError) => error,
  );
}

const wrapped = (cause: Error, code: string): Error =>
  Object.assign(new Error(`PostgreSQL: ${code}`, { cause }), { name: "PostgresFailure", code });
const driverError = (message: string, members: object): Error => Object.assign(new Error(message), members);

const TYPICAL: [name: string, error: () => unknown, line: RegExp, cause: object][] = [
  [
    "a wrong password",
    () => wrapped(driverError('password authentication failed for user "app"', { code: "28P01" }), "28P01"),
    /^error The memory store cannot be used \(getSession: 28P01\): password authentication failed for user "app"\. Check user and password/,
    { name: "PostgresFailure", code: "28P01", cause: { code: "28P01" } },
  ],
  [
    "a wrong database",
    () => driverError('database "shop" does not exist', { code: "3D000" }),
    /^error .*database "shop" does not exist\. Create it, or correct its name\./,
    { code: "3D000", message: 'database "shop" does not exist' },
  ],
  [
    "missing tables",
    () =>
      driverError("Table 'shop.session_sessions' doesn't exist", { code: "ER_NO_SUCH_TABLE", errno: 1146 }),
    /^error .*ER_NO_SUCH_TABLE\): Table 'shop.session_sessions' doesn't exist\. Tables are missing/,
    { code: "ER_NO_SUCH_TABLE", errno: 1146 },
  ],
  [
    "a missing driver",
    () => driverError("Cannot find package 'pg' imported from /app/x.js", { code: "ERR_MODULE_NOT_FOUND" }),
    /^error .*Cannot find package 'pg' imported from \/app\/x\.js\. Install the driver/,
    { code: "ERR_MODULE_NOT_FOUND" },
  ],
  [
    "TLS refused",
    () => driverError("self-signed certificate", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    /^error .*self-signed certificate\. TLS failed/,
    { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
  ],
  [
    "the store's own advice",
    () =>
      new StoreError("the tables are not there: run the script that `sql()` prints", { isPermanent: true }),
    /^error .*StoreError\): the tables are not there: run the script that `sql\(\)` prints\. This does not pass by itself/,
    { name: "StoreError", isPermanent: true },
  ],
  [
    "nobody listening",
    () =>
      Object.assign(new AggregateError([], ""), {
        code: "ECONNREFUSED",
        errors: [
          driverError("connect ECONNREFUSED 127.0.0.1:5432", {
            code: "ECONNREFUSED",
            syscall: "connect",
            address: "127.0.0.1",
            port: 5432,
          }),
        ],
      }),
    /^warn The memory store does not answer \(getSession: ECONNREFUSED\): connect ECONNREFUSED 127\.0\.0\.1:5432\. Nothing listens there.*nobody is signed out\.$/,
    { code: "ECONNREFUSED", cause: { port: 5432 } },
  ],
  [
    "a name that does not resolve",
    () =>
      driverError("getaddrinfo ENOTFOUND db", { code: "ENOTFOUND", syscall: "getaddrinfo", hostname: "db" }),
    /^warn .*getaddrinfo ENOTFOUND db\. The host's name does not resolve/,
    { code: "ENOTFOUND" },
  ],
  [
    "Redis with a wrong password",
    () =>
      driverError("WRONGPASS invalid username-password pair or user is disabled.", { name: "ReplyError" }),
    /^error .*WRONGPASS\): WRONGPASS invalid username-password pair/,
    { name: "ReplyError", code: "WRONGPASS" },
  ],
  [
    "a store of somebody else's that says nothing we know",
    () => driverError("secret-value is odd", { name: "Strange" }),
    /^warn The memory store does not answer \(getSession: Strange\): \(its text is kept back/,
    { name: "Strange", message: "(its text is kept back: it may hold values)" },
  ],
];

describe("an operator finds the cause in one line, and in error.cause", () => {
  it.each(TYPICAL)("%s", async (_, error, line, cause) => {
    const console = new Console();
    const { session, events } = start(failing(error), console);
    const failure = await failureOf(session.getSessionInformation("h"));
    expect(failure).toMatchObject({ type: "STORE_UNAVAILABLE", status: 503, expose: false });
    expect(failure.cause).toMatchObject(cause);
    expect(console.lines).toEqual([expect.stringMatching(line)]);
    expect(events).toEqual([
      { type: "store_unavailable", operation: "getSession", store: "memory", code: expect.any(String) },
    ]);
    // Where the process does not start, the reason stands in the message.
    const notReady = await failureOf(session.ready());
    const { isPermanent } = failure.cause as StoreCause;
    expect(notReady.message).toMatch(
      isPermanent
        ? /^not ready, the memory store cannot be used/
        : /^not ready, the memory store did not answer/,
    );
    expect(notReady).toMatchObject({
      status: 503,
      retryable: !isPermanent,
      retryAfterMs: isPermanent ? undefined : 1000,
    });
    // Clients are sent away for a moment all the same: what is to be mended is none of theirs.
    expect(failure).toMatchObject({ retryable: true, retryAfterMs: 1000 });
    expect(notReady.message).toContain((failure.cause as Error).message.replace(/\.$/, ""));
    expect(notReady.cause).toMatchObject(cause);
  });

  it("however many requests meet a cause, it is told once a minute, with how many there were; another one at once", async () => {
    const console = new Console();
    const clock = new TestClock();
    let code = "ECONNREFUSED";
    const { session, events } = start(
      failing(() => driverError("x", { code })),
      console,
      { clock },
    );
    const meet = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) await failureOf(session.getSessionInformation("h"));
    };
    await meet(100);
    expect(console.lines).toHaveLength(1);
    code = "ETIMEDOUT";
    await meet(10);
    expect(console.lines).toHaveLength(2);
    clock.advanceSeconds(61);
    code = "ECONNREFUSED";
    await meet(5);
    expect(console.lines).toHaveLength(3);
    expect(console.lines[2]).toContain("(99 more since this was last said)");
    expect(events).toHaveLength(115);
    // Whatever it was that met it.
    await failureOf(session.revokeSession("h"));
    await failureOf(session.getAllSessionHandlesForUser("u"));
    expect(console.lines).toHaveLength(3);
  });

  it("no value, statement, parameter, address with a password or control character is in line or cause", async () => {
    const value = "hidden-value";
    const faults = [
      driverError(`duplicate key ${value}`, {
        code: "23505",
        detail: value,
        query: value,
        parameters: [value],
      }),
      driverError(`near '${value}'`, {
        code: "ER_PARSE_ERROR",
        sql: value,
        sqlMessage: value,
        sqlState: value,
      }),
      driverError(`MOVED ${value}`, { name: "ReplyError", command: { args: [value] } }),
      new StoreError(`cannot reach postgres://app:${value}@db:5432/shop?password=${value}`),
      new StoreError(`cannot reach mysql://app:p@ss/${value}@db:5432/shop`),
      new Error(value, { cause: new Error(value, { cause: value }) }),
      driverError(value, { code: value, address: value, hostname: value, syscall: value, stack: value }),
      new AggregateError([new Error(value)], value),
      {
        get message(): string {
          throw new Error(value);
        },
      },
      value,
      undefined,
    ];
    for (const fault of faults) {
      const console = new Console();
      const { session } = start(
        failing(() => fault),
        console,
      );
      const failure = await failureOf(session.getSessionInformation("h"));
      const notReady = await failureOf(session.ready());
      const seen = [failure, notReady].flatMap((error) => [
        inspect(error, { depth: 10, showHidden: true }),
        JSON.stringify(error),
        JSON.stringify(error.cause),
        (error.cause as Error).stack,
      ]);
      expect([...console.lines, ...seen].join("\n")).not.toContain(value);
    }
    const console = new Console();
    const { session } = start(
      failing(() => new StoreError("first\r\nsecond\u001b[31m")),
      console,
    );
    await failureOf(session.getSessionInformation("h"));
    expect(console.lines[0]).not.toMatch(/\p{Cc}/u);
  });

  it("the client is told nothing of it", async () => {
    const app = await startApp({ store: failing(() => new StoreError("the advice", { isPermanent: true })) });
    const response = await app.client().send("POST", "/login");
    expect([response.status, response.json]).toEqual([503, { message: "session store unavailable" }]);
    expect(response.lines.join()).not.toContain("advice");
    await app.close();
  });

  it("the roles' store is told of like the sessions' own", async () => {
    const console = new Console();
    const roles = new MemoryRoleStore();
    roles.readAuthorization = () => Promise.reject(driverError("", { code: "ECONNRESET" }));
    const { session, events } = start(new MemoryStore(), console, {
      plugins: [createUserRoles({ store: roles })],
    });
    const failure = await failureOf(session.createNewSessionWithoutRequestResponse("u"));
    expect(failure).toMatchObject({ type: "STORE_UNAVAILABLE", cause: { code: "ECONNRESET" } });
    expect(events).toContainEqual({
      type: "store_unavailable",
      operation: "readAuthorization",
      store: "role",
      code: "ECONNRESET",
    });
    expect(console.lines).toEqual([expect.stringContaining("The role store does not answer")]);
  });
});

it("two instances that share their roles are both told of the store", async () => {
  const roles = new MemoryRoleStore();
  roles.readAuthorization = () => Promise.reject(driverError("", { code: "ECONNRESET" }));
  const plugins = [createUserRoles({ store: roles })];
  const all = [1, 2].map(() => start(new MemoryStore(), new Console(), { plugins }));
  for (const { session, events } of all) {
    await failureOf(session.createNewSessionWithoutRequestResponse("u"));
    expect(events).toContainEqual(expect.objectContaining({ operation: "readAuthorization", store: "role" }));
  }
});

describe("a store that never answers", () => {
  let app: TestApp | undefined;
  afterEach(async () => {
    vi.useRealTimers();
    await app?.close();
    app = undefined;
  });

  it("is answered for after 3.3 s, sessions and roles alike, and what comes later is ignored", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const store = new MemoryStore();
    const console = new Console();
    const { session } = start(store, console);
    let late: ((error: Error) => void) | undefined;
    store.getSession = () =>
      new Promise((_, reject) => {
        late = reject;
      });
    const asked = failureOf(session.getSessionInformation("h"));
    await vi.advanceTimersByTimeAsync(3400);
    expect(await asked).toMatchObject({ type: "STORE_UNAVAILABLE", cause: { code: "TIMEOUT" } });
    expect(console.lines).toEqual([expect.stringMatching(/^warn .*no answer within 3300 ms/)]);
    late?.(new Error("late"));
    await new Promise((resolve) => setImmediate(resolve));

    const roles = new MemoryRoleStore();
    roles.readAuthorization = () => new Promise(() => {});
    const other = start(new MemoryStore(), console, { plugins: [createUserRoles({ store: roles })] });
    await other.session.createJWT({});
    const login = failureOf(other.session.createNewSessionWithoutRequestResponse("u"));
    await vi.advanceTimersByTimeAsync(3400);
    expect(await login).toMatchObject({ type: "STORE_UNAVAILABLE" });
  });

  it("a session it writes after the login was refused is taken back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const store = new MemoryStore();
    const insert = store.insertSession.bind(store);
    let go: (() => void) | undefined;
    store.insertSession = async (row) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      await insert(row);
    };
    const { session } = start(store, new Console());
    const login = failureOf(session.createNewSessionWithoutRequestResponse("u"));
    await vi.waitUntil(() => go !== undefined);
    await vi.advanceTimersByTimeAsync(3400);
    expect(await login).toMatchObject({ type: "STORE_UNAVAILABLE" });
    go?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await store.scanSessions(undefined, 10)).toMatchObject({ rows: [] });
  });
});

describe("Session.ready()", () => {
  it("makes secret and signing key, so that a first request only writes its session", async () => {
    const app = await startApp({ plugins: [createUserRoles({ store: new MemoryRoleStore() })] });
    await app.session.ready();
    expect(app.store.calls).toContain("insertSigningKey");
    expect(app.store.calls).toContain("listSecrets");
    app.store.reset();
    expect((await app.client().send("POST", "/login")).status).toBe(200);
    expect(app.store.calls).toEqual(["insertSession"]);
    await app.session.ready();
    await app.close();
  });

  it.each(["replaceSessionData", "deleteSessions"] as const)(
    "an account that may read but not %s is found out at start",
    async (operation) => {
      const store = new MemoryStore();
      const rows = store.scanSessions(undefined, 10);
      Object.assign(store, {
        [operation]: () =>
          Promise.reject(driverError("permission denied for table sessions", { code: "42501" })),
      });
      const { session } = start(store, new Console());
      expect((await failureOf(session.ready())).message).toMatch(
        /permission denied for table sessions\. Grant/,
      );
      expect(await store.scanSessions(undefined, 10)).toEqual(await rows);
    },
  );

  it("asks the roles' tables and other plugins too, and does not wait for ever", async () => {
    const roles = new MemoryRoleStore();
    roles.listRoles = () => Promise.reject(driverError('relation "roles" does not exist', { code: "42P01" }));
    const first = start(new MemoryStore(), new Console(), { plugins: [createUserRoles({ store: roles })] });
    expect((await failureOf(first.session.ready())).message).toMatch(
      /the role store .*: relation "roles" does not exist\. Tables are missing/,
    );
    const own = new Error("my plugin");
    const second = start(new MemoryStore(), new Console(), {
      plugins: [{ name: "mine", ready: () => Promise.reject(own) }],
    });
    expect(await failureOf(second.session.ready())).toBe(own);
  });
});
