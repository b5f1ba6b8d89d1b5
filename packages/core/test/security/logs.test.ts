import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { SessionError } from "../../src/errors/session-error.js";
import type { JsonObject } from "../../src/runtime/json.js";
import type { Logger } from "../../src/runtime/logger.js";
import { heldStore } from "../support/held-store.js";
import { startApp, type TestApp, wrap } from "../support/http-app.js";
import { keysOf } from "../support/store-rows.js";
import type { WireClient } from "../support/wire-client.js";

const SECRET = "an-application-secret-that-nobody-may-read-0123456789";
const CANARY = "canary-of-the-payload";

let app: TestApp;
afterEach(() => app.close());

/** Everything a curious reader could get hold of. */
class Eavesdropper {
  readonly heard: string[] = [];
  readonly logger: Logger = {
    debug: (message) => this.heard.push(message),
    info: (message) => this.heard.push(message),
    warn: (message) => this.heard.push(message),
  };

  hear(value: unknown): void {
    this.heard.push(
      inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null }),
    );
    this.heard.push(inspect(value, { depth: 10 }), String(value));
    try {
      this.heard.push(JSON.stringify(value) ?? "");
    } catch {
      // Not every object can be written as JSON.
    }
    if (value instanceof Error) {
      this.heard.push(value.message, value.stack ?? "");
      if (value.cause !== undefined) this.hear(value.cause);
    }
  }

  /** Pieces of 9 characters of the secrets that were heard. */
  leaks(secrets: Iterable<string>): string[] {
    const all = this.heard.join("\n");
    const leaked: string[] = [];
    for (const secret of secrets) {
      for (let at = 0; at + 9 <= secret.length; at += 1) {
        const piece = secret.slice(at, at + 9);
        if (all.includes(piece)) {
          leaked.push(piece);
          break;
        }
      }
    }
    return leaked;
  }
}

/** What a client holds that would let somebody else in. Handle and secret id are names and may be read. */
function secretsOf(client: WireClient): string[] {
  const refreshToken = client.refreshToken ?? client.cookies.get("sRefreshToken") ?? "";
  const accessToken = client.accessToken ?? client.cookies.get("sAccessToken") ?? "";
  const [, , , , , secret = "", parent = "", tag = ""] = refreshToken.split(".");
  return [secret, parent, tag, ...accessToken.split("."), client.antiCsrf ?? "", client.frontToken ?? ""];
}

it("a whole life at debug level: no token, secret, key, cookie or payload in logs, events, errors or anything inspected [sec L-01, L-02]", async () => {
  const ear = new Eavesdropper();
  const spies = (["stdout", "stderr"] as const).map((stream) =>
    vi.spyOn(process[stream], "write").mockImplementation((chunk: unknown) => {
      ear.heard.push(String(chunk));
      return true;
    }),
  );
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      for (const arg of args) ear.hear(arg);
    });
  }
  const secrets = new Set<string>([SECRET, CANARY]);
  const errors: unknown[] = [];
  const options: SessionOptions = {
    secret: SECRET,
    antiCsrf: "VIA_TOKEN",
    logger: ear.logger,
    onEvent: (event) => ear.hear(event),
    errorHandlers: {
      onUnauthorised: (message, req, res) => {
        ear.hear([message, req, res]);
        res.setStatus(401);
        res.finish(null);
      },
    },
    override: {
      functions: (original) => ({
        ...original,
        async refreshSession(input) {
          try {
            const session = await original.refreshSession(input);
            ear.hear(session);
            ear.hear(input.userContext);
            return session;
          } catch (error) {
            errors.push(error);
            throw error;
          }
        },
      }),
    },
  };
  app = await startApp(options, {
    "GET /inspect": async (req, res, session, adapter) => {
      try {
        ear.hear(await session.getSession(req, res));
      } catch (error) {
        errors.push(error);
      }
      ear.hear(session);
      ear.hear(adapter);
      ear.hear(wrap(req, res));
      return {};
    },
  });
  for (const mode of ["cookie", "header"] as const) {
    const client = app.client(mode);
    const keep = (): void => {
      for (const secret of secretsOf(client)) if (secret.length > 8) secrets.add(secret);
    };
    await client.send(
      "POST",
      "/login",
      {},
      JSON.stringify({ payload: { note: CANARY }, data: { note: CANARY } }),
    );
    keep();
    const stolen = client.copy();
    for (let n = 0; n < 3; n += 1) {
      await client.send("GET", "/inspect");
      await client.refresh();
      keep();
      await client.send("GET", "/inspect");
      await client.send("POST", "/merge", {}, JSON.stringify({ [`n${n}`]: CANARY }));
      keep();
    }
    await client.copy().send("POST", "/me", { "anti-csrf": "wrong" });
    await client.send("GET", "/inspect", { authorization: "Bearer junk", cookie: "sAccessToken=junk" });
    await client.copy().refresh({ origin: "https://evil.example" });
    await client.send("POST", "/merge", {}, JSON.stringify({ big: `${CANARY}${"x".repeat(5000)}` }));
    app.store.fail = () => "before";
    await client.copy().refresh();
    await client.copy().send("GET", "/checked");
    app.store.fail = undefined;
    app.clock.advanceSeconds(40);
    await stolen.refresh();
    await client.refresh();
    app.clock.advanceSeconds(4000);
    await client.send("GET", "/inspect");
  }
  for (const row of await keysOf(app.store)) {
    const { d } = JSON.parse(row.privateJwkJson) as { d: string };
    secrets.add(d);
  }
  for (const error of [...errors, ...app.foreignErrors]) ear.hear(error);
  vi.restoreAllMocks();
  for (const spy of spies) spy.mockRestore();
  expect(errors.length).toBeGreaterThan(4);
  expect(secrets.size).toBeGreaterThan(40);
  expect(ear.heard.join().length).toBeGreaterThan(10_000);
  expect(ear.leaks(secrets)).toEqual([]);
});

describe("the session container [sec L-02]", () => {
  it("shows its handle and no token, however it is looked at", async () => {
    app = await startApp();
    const created = await app.session.createNewSessionWithoutRequestResponse("user-1", { note: CANARY });
    const { accessToken, refreshToken = "" } = created.getAllSessionTokensDangerously();
    const ear = new Eavesdropper();
    for (const seen of [
      created,
      { created },
      [created],
      new Map([["s", created]]),
      new Error("x", { cause: created }),
    ]) {
      ear.hear(seen);
    }
    ear.heard.push(
      `${created}`,
      JSON.stringify({ created }),
      inspect(created, { customInspect: false, showHidden: true }),
    );
    ear.heard.push(JSON.stringify(Object.getOwnPropertyDescriptors(created)), JSON.stringify({ ...created }));
    const [, , , , , secret = "", , tag = ""] = refreshToken.split(".");
    expect(ear.leaks([accessToken, secret, tag, CANARY])).toEqual([]);
    expect(inspect(created)).toBe(`SessionContainer { sessionHandle: "${created.getHandle()}" }`);
  });
});

describe("errors of drivers [sec L-03]", () => {
  it("leave nothing behind but a short name, wherever they carried statements and values", async () => {
    const ear = new Eavesdropper();
    app = await startApp({ logger: ear.logger, onEvent: (event) => ear.hear(event) });
    const created = await app.session.createNewSessionWithoutRequestResponse("user-1");
    const value = "value-that-a-driver-puts-into-its-error";
    const faults: Error[] = [
      Object.assign(new Error(`duplicate key (${value})`), {
        code: "23505",
        detail: value,
        hint: value,
        where: value,
      }),
      Object.assign(new Error(`You have an error near '${value}'`), {
        code: "ER_PARSE_ERROR",
        sql: value,
        sqlMessage: value,
      }),
      Object.assign(new Error("READONLY"), { name: "ReplyError", command: { name: "hset", args: [value] } }),
      Object.assign(new Error(`connect postgres://user:${value}@host/db`), {
        code: `E${value}`,
        name: value,
      }),
      Object.assign(new Error(value, { cause: new Error(value) }), { code: { value } }),
      new AggregateError([new Error(value)], value),
      new Error(value),
    ];
    for (const fault of [...faults, value, undefined, null]) {
      const failing = heldStore(app.store).store;
      const broken = new Proxy(failing, {
        get: (target, name) =>
          name === "deleteSessions" ? () => Promise.reject(fault) : Reflect.get(target, name),
      });
      const other = await startApp({
        store: broken,
        logger: ear.logger,
        onEvent: (event) => ear.hear(event),
      });
      const error: unknown = await other.session
        .revokeSession(created.getHandle())
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", status: 503 });
      ear.hear(error);
      await other.close();
    }
    expect(ear.leaks([value])).toEqual([]);
    expect(ear.heard.join()).toContain("23505");
  });
});

describe("texts from outside [sec L-04]", () => {
  it("start no new line in a log, a message or an event", async () => {
    const ear = new Eavesdropper();
    const lines: string[] = [];
    const keep = (message: string): void => void lines.push(message);
    app = await startApp({
      logger: { debug: keep, info: keep, warn: keep },
      onEvent: (event) =>
        ear.heard.push(...Object.values(event).filter((value) => typeof value === "string")),
    });
    const nasty = "x\r\n2026-01-01 ADMIN LOGGED IN\u001b[31m\u2028";
    const client = app.client("header");
    await client.send("POST", `/auth/session/refresh?${encodeURIComponent(nasty)}`, {
      origin: "https://evil.example",
    });
    await client.send("POST", "/login", {}, JSON.stringify({ payload: { [nasty]: "x".repeat(3400) } }));
    for (const payload of [{ [nasty]: Number.NaN }, { [nasty]: "x".repeat(5000) }, { [nasty]: () => 1 }]) {
      const error: unknown = await app.session
        .createNewSessionWithoutRequestResponse("user-1", payload as object as JsonObject)
        .catch((thrown: unknown) => thrown);
      expect(SessionError.is(error)).toBe(true);
      lines.push((error as Error).message);
    }
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const text of [...lines, ...ear.heard]) expect(text).toMatch(/^[^\p{Cc}\u2028\u2029]*$/u);
  });
});

describe("events [sec L-05]", () => {
  it("tell what happened, when, to which session and where, in a form that can be counted", async () => {
    app = await startApp();
    const client = app.client("header");
    await client.send("POST", "/login");
    const stolen = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    await client
      .copy()
      .send("POST", "/auth/session/refresh", { authorization: `Bearer ${stolen.refreshToken}` });
    await client.refresh({ origin: "https://evil.example" });
    app.store.fail = (operation) => (operation === "getSession" ? "before" : undefined);
    await client.refresh();
    app.store.fail = undefined;
    app.clock.advanceSeconds(31);
    await stolen.refresh();
    await client.send("POST", "/login");
    await client.send("POST", "/logout");
    const counts: Record<string, number> = {};
    for (const { type } of app.events) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toMatchObject({
      "session.created": 2,
      "session.refreshed": 2,
      "session.revoked": 1,
      grace_hit: 1,
      csrf_rejected: 1,
      store_unavailable: 1,
      theft: 1,
      key_created: 1,
    });
    const instances = new Set<unknown>();
    for (const event of app.events as ((typeof app.events)[number] & {
      timeMs: number;
      instanceId: string;
    })[]) {
      instances.add(event.instanceId);
      expect(event.timeMs).toBeGreaterThanOrEqual(1_800_000_000_000);
      if ("handleHash" in event) expect(event.handleHash).toMatch(/^[0-9a-f]{8}$/);
      if (event.type === "theft") expect(event).toMatchObject({ userId: "user-1", generation: 0 });
    }
    expect([...instances]).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/)]);
  });

  it("a listener that throws disturbs nobody [sec CC-08]", async () => {
    app = await startApp({
      onEvent: () => {
        throw new Error("listener");
      },
    });
    const client = app.client("header");
    expect((await client.send("POST", "/login")).status).toBe(200);
    expect((await client.refresh()).status).toBe(200);
  });
});
