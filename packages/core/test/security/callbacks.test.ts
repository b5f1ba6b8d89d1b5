import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionClaimValidator } from "../../src/claims/claim-validator.js";
import { PrimitiveClaim } from "../../src/claims/primitive-claim.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import type { SessionFunctions } from "../../src/session/types.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { type Handler, startApp, type TestApp, wrap } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { TestClock } from "../support/test-clock.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

/** What an application's callback may do, whatever its type says. `right` gives what it should answer. */
const BEHAVIOURS: Record<string, (right: () => unknown) => unknown> = {
  throws() {
    throw new Error("the application's");
  },
  rejects: () => Promise.reject(new Error("the application's")),
  "answers with a promise": async (right) => right(),
  "never settles": () => new Promise(() => {}),
  "is a thenable that throws": () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    get then() {
      throw new Error("the application's");
    },
  }),
  "is a thenable that rejects": () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    then: (_: unknown, reject: (error: Error) => void) => reject(new Error("the application's")),
  }),
};

/** What the callback under test does now; undefined: what it should. */
let misbehave: ((right: () => unknown) => unknown) | undefined;
const does = (right: () => unknown): never => (misbehave === undefined ? right() : misbehave(right)) as never;

const claim = new PrimitiveClaim<string>({ key: "plan", fetchValue: () => "free", autoAdd: false });
const rule = (change: Partial<SessionClaimValidator>): SessionClaimValidator =>
  ({ id: "rule", validate: () => ({ isValid: true }), ...change }) as SessionClaimValidator;
const guarded =
  (options: Parameters<TestApp["session"]["getSession"]>[2]): Handler =>
  async (req, res, session) => ({ user: (await session.getSession(req, res, options))?.getUserId() });

interface Callback {
  options?: SessionOptions;
  /** Routes beside those every application has, asked with a session. */
  routes?: Record<string, Handler>;
}

const FUNCTIONS: readonly (keyof SessionFunctions)[] = [
  "createNewSession",
  "getGlobalClaimValidators",
  "getSession",
  "refreshSession",
  "getSessionInformation",
  "revokeSession",
  "regenerateAccessToken",
  "validateClaims",
];
const STORE_OPERATIONS = [
  "insertSession",
  "getSession",
  "promoteSession",
  "updateAccessTokenPayload",
  "deleteSessions",
  "listSigningKeys",
  "listSecrets",
] as const;

const CALLBACKS: Record<string, () => Callback> = {
  onEvent: () => ({ options: { onEvent: () => does(() => undefined) } }),
  "every method of the logger": () => {
    const write = (): void => does(() => undefined);
    return { options: { debug: true, logger: { debug: write, info: write, warn: write, error: write } } };
  },
  ...Object.fromEntries(
    (["onUnauthorised", "onTryRefreshToken", "onTokenTheftDetected", "onInvalidClaim"] as const).map(
      (name) => [
        `errorHandlers.${name}`,
        (): Callback => ({
          options: {
            errorHandlers: {
              [name]: (...given: { setStatus(status: number): void; finish(body: null): void }[]) =>
                does(() => {
                  const res = given.at(-2);
                  res?.setStatus(401);
                  res?.finish(null);
                }),
            },
          },
          routes: {
            "GET /refused": guarded({ require: [rule({ validate: () => ({ isValid: false }) })] }),
          },
        }),
      ],
    ),
  ),
  ...Object.fromEntries(
    FUNCTIONS.map((name) => [
      `override.functions: ${name}`,
      (): Callback => ({
        options: {
          override: {
            functions: (original) => ({
              ...original,
              [name]: (input: never) => does(() => (original[name] as (input: never) => unknown)(input)),
            }),
          },
        },
        routes: { "GET /ruled": guarded({ require: [rule({})] }) },
      }),
    ]),
  ),
  ...Object.fromEntries(
    (["refreshPOST", "signOutPOST", "verifySession"] as const).map((name) => [
      `override.apis: ${name}`,
      (): Callback => ({
        options: {
          override: {
            apis: (original) => ({
              ...original,
              [name]: (input: never) => does(() => original[name]?.(input)),
            }),
          },
        },
        routes: {
          "GET /verified": async (req, res, _session, adapter) => {
            const found = await adapter.verifySession(wrap(req, res));
            return { user: found?.getUserId() };
          },
        },
      }),
    ]),
  ),
  getTokenTransferMethod: () => ({ options: { getTokenTransferMethod: () => does(() => "any") } }),
  getCookieNameForTokenType: () => ({
    options: { getCookieNameForTokenType: (_, type) => does(() => `my-${type}`) },
  }),
  getResponseHeaderNameForTokenType: () => ({
    options: { getResponseHeaderNameForTokenType: (_, type) => does(() => `st-${type}-token`) },
  }),
  "appInfo.origin": () => ({
    options: {
      appInfo: {
        appName: "test",
        apiDomain: "https://api.example.com",
        origin: () => does(() => "https://example.com"),
      },
    },
  }),
  "clock.wallMs": () => {
    const clock = new TestClock();
    return { options: { clock: { wallMs: () => does(() => clock.wallMs()), monoMs: () => clock.monoMs() } } };
  },
  "clock.monoMs": () => {
    const clock = new TestClock();
    return { options: { clock: { wallMs: () => clock.wallMs(), monoMs: () => does(() => clock.monoMs()) } } };
  },
  random: () => ({
    options: { random: (length) => does(() => crypto.getRandomValues(new Uint8Array(length))) },
  }),
  "a claim's fetchValue": () => {
    const fetched = new PrimitiveClaim<string>({ key: "plan", fetchValue: () => does(() => "free") });
    return {
      options: { claims: [fetched] },
      routes: { "GET /plan": guarded({ require: [fetched.validators.hasValue("free", 0)] }) },
    };
  },
  "a validator's validate": () => ({
    routes: {
      "GET /ruled": guarded({ require: [rule({ validate: () => does(() => ({ isValid: true })) })] }),
    },
  }),
  "a validator's shouldRefetch": () => ({
    routes: {
      "GET /ruled": guarded({ require: [rule({ claim, shouldRefetch: () => does(() => false) })] }),
    },
  }),
  overrideGlobalClaimValidators: () => ({
    routes: { "GET /ruled": guarded({ overrideGlobalClaimValidators: () => does(() => []) }) },
  }),
  "a plugin's endpoint": () => ({
    options: {
      plugins: [
        {
          name: "mine",
          endpoints: [
            { method: "GET", path: "/mine", sessionRequired: true, handle: () => does(async () => ({})) },
          ],
        },
      ],
    },
    routes: { "GET /auth/mine": async () => ({}) },
  }),
  ...Object.fromEntries(
    STORE_OPERATIONS.map((operation) => [
      `store: ${operation}`,
      (): Callback => {
        const store = new MemoryStore();
        const original = store[operation].bind(store) as (...given: unknown[]) => unknown;
        Object.defineProperty(store, operation, {
          value: (...given: unknown[]) => does(() => original(...given)),
        });
        return { options: { store } };
      },
    ]),
  ),
};

const realSetTimeout = setTimeout;
/** What is really computed gets so long before time is made to pass. */
const REAL_WORK_MS = 200;

let app: TestApp;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(() => {
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});
afterAll(() => {
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
});
beforeEach(() => {
  misbehave = undefined;
  unhandled.length = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(async () => {
  vi.useRealTimers();
  await app.close();
});

/** Lets time pass until the answer is there: a request must not take longer than a minute, however much is waited for. */
async function answered(request: Promise<WireResponse>): Promise<WireResponse> {
  let response: WireResponse | undefined;
  let failure: unknown;
  request.then(
    (found) => {
      response = found;
    },
    (error: unknown) => {
      failure = error;
    },
  );
  for (let turn = 0; response === undefined && failure === undefined; turn += 1) {
    if (turn > REAL_WORK_MS + 60) throw new Error("no answer");
    await new Promise((resolve) => realSetTimeout(resolve, 1));
    if (turn > REAL_WORK_MS) vi.advanceTimersByTime(1000);
  }
  if (response === undefined) throw failure;
  return response;
}

const PLAIN: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/me"],
  ["POST", "/me"],
  ["GET", "/checked"],
  ["POST", "/merge"],
  ["POST", "/auth/session/refresh"],
];

async function ask(client: WireClient, method: string, path: string): Promise<WireResponse> {
  return answered(client.send(method, path, {}, path === "/merge" ? '{"note":1}' : undefined));
}

describe("whatever a callback of the application does, the process lives, requests are answered, nobody is signed out", () => {
  for (const [name, make] of Object.entries(CALLBACKS)) {
    it.each(Object.keys(BEHAVIOURS))(`${name} %s`, async (behaviour) => {
      const { options, routes = {} } = make();
      app = await startApp(options, routes);
      const client = app.client();
      expect([(await ask(client, "POST", "/login")).status, app.foreignErrors]).toEqual([200, []]);
      const own = Object.keys(routes).map((route) => route.split(" ") as [string, string]);

      misbehave = BEHAVIOURS[behaviour];
      // Nobody waits for listeners and loggers, so nothing fails with them.
      const isAside = name === "onEvent" || name === "every method of the logger";
      const faults = isAside ? [] : [500, 503];
      for (const [method, path] of [...PLAIN, ...own, ["GET", "/me"] as const]) {
        const response = await ask(client, method, path);
        // A handler of the application's that is asked for an answer gives its own.
        expect([200, 403, ...faults], `${method} ${path}`).toContain(
          response.status === 401 && name.startsWith("errorHandlers") ? 403 : response.status,
        );
        expect(tokenEffect(response), `${method} ${path}`).not.toMatch(/cleared|removed/);
      }
      await ask(app.client(), "POST", "/login");
      for (const cookie of [undefined, "sAccessToken=junk"]) {
        const response = await answered(app.client().send("GET", "/me", { cookie }));
        expect([401, ...faults]).toContain(response.status);
      }
      const foreign = await answered(
        client.copy().refresh({ origin: "https://evil.example", rid: undefined }),
      );
      expect([403, ...faults]).toContain(foreign.status);
      expect(tokenEffect(foreign)).toBe("untouched");

      misbehave = undefined;
      // Longer than a reading of keys or secrets is not repeated.
      app.clock.advanceSeconds(2);
      for (const [method, path] of PLAIN) {
        const response = await ask(client, method, path);
        expect([method, path, response.status, response.body]).toEqual([
          method,
          path,
          200,
          expect.any(String),
        ]);
      }
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    });
  }
});
