import { afterEach, describe, expect, it } from "vitest";
import { ClaimFetcher } from "../../src/claims/claim-fetcher.js";
import {
  allOf,
  BooleanClaim,
  type ClaimPolicyInput,
  defineClaim,
  mfaClaim,
  PrimitiveArrayClaim,
  PrimitiveClaim,
  type SessionClaimValidator,
  validateClaimsInPayload,
} from "../../src/claims/index.js";
import { runValidators } from "../../src/claims/run-validators.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { readBody, startApp, type TestApp } from "../support/http-app.js";

const NOW_MS = 1_800_000_000_000;

function question(
  validators: readonly SessionClaimValidator[],
  payload: JsonObject = {},
  fetcher = quietFetcher(),
) {
  return {
    validators,
    payload: Object.freeze(payload),
    requestValues: {},
    userId: "u",
    recipeUserId: "u",
    tenantId: "public",
    sessionHandle: "h",
    nowMs: NOW_MS,
    userContext: {},
    fetcher,
  };
}

function quietFetcher(): ClaimFetcher {
  return new ClaimFetcher(
    () => 0,
    () => {},
  );
}

/** A promise that is settled by hand. */
function door<T>() {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

function failing(policy: ClaimPolicyInput) {
  return new PrimitiveClaim<string>({
    ...policy,
    key: "k",
    fetchValue: async () => {
      throw new Error("the source is down");
    },
  });
}

describe("the engine", () => {
  it("costs no promise as long as nothing has to be fetched", () => {
    const claim = new BooleanClaim({ key: "k", fetchValue: () => true });
    const outcome = runValidators(
      question([claim.validators.isTrue(), allOf(claim.validators.isTrue(60))], {
        k: { v: true, t: NOW_MS },
      }),
    );
    expect(outcome).toMatchObject({ invalidClaims: [], patch: undefined });
  });

  it("fetches distinct claims at the same time, one claim once, all before any validation (O-11)", async () => {
    const log: string[] = [];
    const doors = { a: door<string>(), b: door<string>() };
    const claim = (key: "a" | "b") =>
      new PrimitiveClaim<string>({
        key,
        fetchValue: () => {
          log.push(`fetch ${key}`);
          return doors[key].promise;
        },
      });
    const [a, b] = [claim("a"), claim("b")];
    const watch: SessionClaimValidator = {
      id: "watch",
      validate: (payload) => {
        log.push(`validate ${Object.keys(payload).join()}`);
        return { isValid: true };
      },
    };
    const outcome = runValidators(
      question([watch, a.validators.hasValue("1"), b.validators.hasValue("2"), a.validators.hasValue("x")]),
    );
    await Promise.resolve();
    expect(log).toEqual(["fetch a", "fetch b"]);
    doors.b.open("2");
    doors.a.open("1");
    expect(await outcome).toMatchObject({
      invalidClaims: [{ id: "a", reason: { message: "wrong value" } }],
      patch: { a: { v: "1", t: NOW_MS }, b: { v: "2", t: NOW_MS } },
    });
    expect(log).toHaveLength(3);
  });

  it("lets requests of one session share a fetch under way, but not one that is too old or depends on others", async () => {
    const fetcher = quietFetcher();
    let asked = 0;
    const gate = door<string>();
    const fetchValue = (): Promise<string> => {
      asked += 1;
      return gate.promise;
    };
    const claim = new PrimitiveClaim<string>({ key: "k", fetchValue });
    const judge = (validator: SessionClaimValidator, more: Partial<ReturnType<typeof question>> = {}) =>
      runValidators({ ...question([validator], {}, fetcher), ...more });
    const first = judge(claim.validators.hasValue("x"));
    const second = judge(claim.validators.hasValue("x"), { nowMs: NOW_MS + 10 });
    expect(asked).toBe(1);
    const fresh = judge(claim.validators.hasValue("x", 0), { nowMs: NOW_MS + 10 });
    expect(asked).toBe(2);
    const foreign = judge(claim.validators.hasValue("x"), { sessionHandle: "other" });
    expect(asked).toBe(3);
    gate.open("x");
    for (const outcome of [first, second, fresh, foreign]) expect((await outcome).invalidClaims).toEqual([]);
    // The joined fetch began with the first request: its time is the value's.
    expect((await second).patch).toEqual({ k: { v: "x", t: NOW_MS } });
    const dependent = new PrimitiveClaim<string>({ key: "d", fetchValue, dependsOn: [claim] });
    await Promise.all([judge(dependent.validators.hasValue("x")), judge(dependent.validators.hasValue("x"))]);
    expect(asked).toBe(5);
  });

  it("a request that began after a change does not take what a request before it has asked for", async () => {
    const fetcher = quietFetcher();
    const gate = door<void>();
    let plan = "pro";
    const fetchValue = async (): Promise<string> => {
      const seen = plan;
      await gate.promise;
      return seen;
    };
    for (const [policy, maxAgeInSeconds] of [
      [{ mode: "request" as const }, undefined],
      [{}, 0],
    ] as const) {
      plan = "pro";
      const { validators } = new PrimitiveClaim<string>({ ...policy, key: "plan", fetchValue });
      const ask = () => runValidators(question([validators.hasValue("pro", maxAgeInSeconds)], {}, fetcher));
      const before = ask();
      plan = "free";
      const after = ask();
      gate.open();
      expect((await before).invalidClaims).toEqual([]);
      expect((await after).invalidClaims).toHaveLength(1);
    }
  });

  it("what is fetched in a transaction is seen by no other request, and the other way round", async () => {
    let isInTransaction = false;
    const fetcher = new ClaimFetcher(
      () => 0,
      () => {},
      () => isInTransaction,
    );
    const gate = door<void>();
    const fetchValue = async (): Promise<string> => {
      const seen = isInTransaction ? "granted" : "none";
      await gate.promise;
      return seen;
    };
    const { validators } = new PrimitiveClaim<string>({ key: "role", fetchValue });
    const ask = (isWithin: boolean) => {
      isInTransaction = isWithin;
      return runValidators(question([validators.hasValue("granted")], {}, fetcher));
    };
    const asked = [ask(true), ask(false), ask(true), ask(false)];
    gate.open();
    const refused = (await Promise.all(asked)).map(({ invalidClaims }) => invalidClaims.length);
    expect(refused).toEqual([0, 1, 0, 1]);
  });

  it("fetches what a claim depends on first, and shows it the new value", async () => {
    const first = new PrimitiveClaim<string>({ key: "first", fetchValue: async () => "new" });
    const second = new PrimitiveClaim<string>({
      key: "second",
      dependsOn: [first],
      fetchValue: ({ currentPayload }) => JSON.stringify(currentPayload.first),
    });
    const outcome = await runValidators(
      question([second.validators.hasValue("?"), first.validators.hasValue("new")]),
    );
    expect(outcome.patch?.second).toEqual({ v: JSON.stringify({ v: "new", t: NOW_MS }), t: NOW_MS });
  });

  it("gives a fetch its time, tells it when that is over, and reports how it went", async () => {
    const reports: unknown[] = [];
    const fetcher = new ClaimFetcher(
      () => 0,
      (report) => reports.push(report),
    );
    let signal: AbortSignal | undefined;
    const claim = new PrimitiveClaim<string>({
      key: "k",
      fetchTimeoutMs: 1,
      fetchValue: (context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
    });
    await expect(
      runValidators(question([claim.validators.hasValue("x")], {}, fetcher)),
    ).rejects.toMatchObject({
      name: "TimeoutError",
      message: "the claim `k` took longer than 1 ms to fetch",
    });
    expect(signal?.aborted).toBe(true);
    expect(reports).toEqual([{ claimKey: "k", durationMs: 0, outcome: "timeout" }]);
  });

  it("a failed fetch throws, or takes the old value, or counts as missing, as the policy says (O-11)", async () => {
    const old = { k: { v: "x", t: NOW_MS - 100_000 } };
    const judge = async (policy: ClaimPolicyInput, payload: JsonObject) =>
      (await runValidators(question([failing(policy).validators.hasValue("x", 10)], payload))).invalidClaims;
    await expect(judge({}, old)).rejects.toThrow("the source is down");
    expect(await judge({ onFetchError: "stale" }, old)).toEqual([]);
    expect(await judge({ onFetchError: "stale", maxStaleSeconds: 100 }, old)).toEqual([]);
    await expect(judge({ onFetchError: "stale", maxStaleSeconds: 99 }, old)).rejects.toThrow(
      "the source is down",
    );
    await expect(judge({ onFetchError: "stale" }, {})).rejects.toThrow("the source is down");
    expect(await judge({ onFetchError: "fail" }, old)).toMatchObject([
      { reason: { message: "value does not exist" } },
    ]);
  });

  it.each([
    ["a bigint", 1n],
    ["NaN", Number.NaN],
    ["an object", { a: 1 }],
    ["a function", () => 1],
  ])("a fetch that brings %s is a typed error, and nothing is saved", async (_what, value) => {
    const claim = new PrimitiveClaim<string>({ key: "k", fetchValue: () => value as unknown as string });
    await expect(async () => runValidators(question([claim.validators.hasValue("x")]))).rejects.toMatchObject(
      {
        type: "INVALID_PAYLOAD",
      },
    );
  });

  it.each([
    ["no list", undefined],
    ["something that is no validator", [undefined]],
    ["a validator without validate", [{ id: "x" }]],
    ["a claim without shouldRefetch", [{ id: "x", validate: () => ({ isValid: true }), claim: failing({}) }]],
    [
      "a claim that is none",
      [{ id: "x", validate: () => ({ isValid: true }), claim: {}, shouldRefetch: () => false }],
    ],
    ["a validator that answers nothing", [{ id: "x", validate: () => undefined }]],
    ["a validator that answers a text", [{ id: "x", validate: async () => "valid" }]],
  ])("%s is a typed error, never a pass (O-7)", async (_what, validators) => {
    await expect(async () =>
      runValidators(question(validators as unknown as SessionClaimValidator[])),
    ).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
  });

  it("judges a payload without fetching or saving (O-16)", async () => {
    const claim = failing({});
    const payload = { k: { v: "x", t: NOW_MS } };
    const rules = [claim.validators.hasValue("x", 10), claim.validators.hasValue("y", 10)];
    expect(await validateClaimsInPayload(rules, payload, { now: NOW_MS + 10_000 })).toMatchObject({
      status: "OK",
      invalidClaims: [{ id: "k", reason: { message: "wrong value" } }],
    });
    expect(
      (await validateClaimsInPayload(rules, payload, { now: NOW_MS + 10_001 })).invalidClaims,
    ).toHaveLength(2);
  });

  it("schemas judge values, sync or async, without changing them (O-42)", async () => {
    const even = (isAsync: boolean) => ({
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => {
          const result =
            typeof value === "number" && value % 2 === 0
              ? { value: `${value}` }
              : { issues: [{ message: "not even", path: [{ key: "n" }, 0, Symbol("s")] }] };
          return isAsync ? Promise.resolve(result) : result;
        },
      },
    });
    const claim = new PrimitiveClaim<number>({ key: "k", fetchValue: () => 3 });
    for (const isAsync of [false, true]) {
      const rule = claim.validators.matches(even(isAsync));
      expect((await runValidators(question([rule], { k: { v: 2, t: NOW_MS } }))).invalidClaims).toEqual([]);
      expect((await runValidators(question([rule], { k: { v: 3, t: NOW_MS } }))).invalidClaims).toEqual([
        {
          id: "k",
          reason: {
            message: "schema mismatch",
            issues: [{ message: "not even", path: ["n", 0, "Symbol(s)"] }],
          },
        },
      ]);
    }
    const defined = defineClaim({ key: "d", schema: even(true), fetch: () => "odd" });
    await expect(runValidators(question([defined.validators.hasValue("2")]))).rejects.toMatchObject({
      type: "INVALID_PAYLOAD",
    });
  });

  it("defineClaim's own validators, and refetch policies (O-17, O-38)", async () => {
    const plan = defineClaim<"plan", "free" | "pro">({ key: "plan", fetch: () => "free" });
    const seats = defineClaim<"seats", number>({
      key: "seats",
      fetch: () => 5,
      policy: { refetch: { maxAge: 10 } },
    });
    const tags = defineClaim<"tags", string[]>({
      key: "tags",
      fetch: () => ["a"],
      policy: { refetch: "always" },
    });
    const outcome = await runValidators(
      question([
        plan.is("pro"),
        plan.validators.oneOf(["free", "pro"]),
        plan.validators.satisfies((value) => value.startsWith("p"), "starts with p"),
        seats.validators.gte(6),
        seats.validators.lte(4),
        tags.validators.includes("a"),
        tags.validators.isEmpty(),
        tags.validators.notEmpty(),
      ]),
    );
    expect(outcome.invalidClaims).toEqual([
      { id: "plan", reason: { message: "wrong value", expectedValue: "pro", actualValue: "free" } },
      { id: "plan", reason: { message: "wrong value", expectedLabel: "starts with p", actualValue: "free" } },
      { id: "seats", reason: { message: "wrong value", expectedMinimum: 6, actualValue: 5 } },
      { id: "seats", reason: { message: "wrong value", expectedMaximum: 4, actualValue: 5 } },
      { id: "tags", reason: { message: "wrong value", expectedMaximum: 0, actualValue: ["a"] } },
    ]);
    expect(seats.defaultMaxAgeInSeconds).toBe(10);
    expect(tags.defaultMaxAgeInSeconds).toBe(0);
    expect(() => defineClaim({ key: "x", fetch: () => 1, policy: { refetch: "never" as "always" } })).toThrow(
      /refetch/,
    );
  });
});

describe("claims of a session", () => {
  let app: TestApp;
  afterEach(() => app.close());

  it("a claim of single requests is fetched once per request, and never written (O-23)", async () => {
    let asked = 0;
    const secret = new PrimitiveArrayClaim<string>({
      key: "secret",
      mode: "request",
      fetchValue: async () => {
        asked += 1;
        return ["a"];
      },
    });
    const seen: unknown[] = [];
    app = await startApp(
      { claims: [secret] },
      {
        "GET /guarded": async (req, res, session) => {
          const found = await session.getSession(req, res, { require: [secret.validators.includes("a")] });
          await found.assertClaims([secret.validators.includes("a")]);
          seen.push(found.claims.get(secret), await found.getClaimValue(secret));
        },
      },
    );
    const client = app.client();
    // What a token says of such a claim does not count.
    await client.send(
      "POST",
      "/login",
      {},
      JSON.stringify({ payload: { secret: { v: ["forged"], t: NOW_MS } } }),
    );
    app.store.reset();
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect([asked, seen]).toEqual([1, [["a"], ["a"]]]);
    expect(app.store.writes).toEqual([]);
    await client.send("GET", "/guarded");
    expect(asked).toBe(2);
    await client.refresh();
    expect("secret" in client.front.up).toBe(false);
  });

  it("has() answers from the token, and says no to whatever it does not know; authorize() fetches and throws (O-46)", async () => {
    const roles = createUserRoles({ skipAddingRolesToAccessToken: true });
    app = await startApp({ plugins: [roles] });
    await roles.createNewRoleOrAddPermissions("admin", ["posts:*"]);
    await roles.addRoleToUser("public", "u", "admin");
    const session = await app.session.createNewSessionWithoutRequestResponse("u");
    expect(session.has({ role: "admin" })).toBe(false);
    await session.authorize({ role: "admin", permission: "posts:read" });
    expect(session.has({ role: "admin" })).toBe(true);
    expect(session.has({ role: "admin", permission: "posts:read", anyPermission: ["x", "posts:a:b"] })).toBe(
      true,
    );
    expect(session.has({ allPermissions: ["posts:read", "posts:write"] })).toBe(true);
    expect(session.has({ claim: roles.UserRoleClaim.validators.includes("admin") })).toBe(true);
    const nos: unknown[] = [
      {},
      undefined,
      null,
      { role: undefined },
      { role: "" },
      { role: "root" },
      { role: "admin", permission: "users:read" },
      { permission: "posts:*" },
      { anyPermission: [] },
      { allPermissions: [] },
      { role: "admin", permision: "posts:read" },
      { claim: { id: "x", validate: async () => ({ isValid: true }) } },
      { claim: { id: "x" } },
    ];
    for (const no of nos) expect(session.has(no as { role: string })).toBe(false);
    await expect(session.authorize({ role: "root" })).rejects.toMatchObject({ type: "INVALID_CLAIMS" });
    for (const empty of [{}, { allPermissions: [] }, { rol: "admin" }]) {
      await expect(session.authorize(empty as { role: string })).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    }
  });

  it("without a response the refusal carries the new tokens, where no log shows them (O-15)", async () => {
    app = await startApp();
    const claim = new PrimitiveClaim<string>({ key: "k", fetchValue: () => "y" });
    const { accessToken } = (
      await app.session.createNewSessionWithoutRequestResponse("u")
    ).getAllSessionTokensDangerously();
    const refusal = await app.session
      .getSessionWithoutRequestResponse(accessToken, undefined, { only: [claim.validators.hasValue("x")] })
      .catch((error: unknown) => error);
    expect(app.session.Error.is(refusal)).toBe(true);
    if (!app.session.Error.is(refusal)) return;
    const tokens = refusal.getUpdatedTokens();
    expect(tokens?.accessToken).not.toBe(accessToken);
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain(tokens?.accessToken);
    const { inspect } = await import("node:util");
    expect(inspect(refusal, { depth: 9, showHidden: true })).not.toContain(tokens?.accessToken);
    const again = await app.session.getSessionWithoutRequestResponse(tokens?.accessToken, undefined, {
      only: [claim.validators.hasValue("y")],
    });
    expect(again.claims.get(claim)).toBe("y");
  });

  it("a change that changes nothing makes no new token (O-18)", async () => {
    const claim = new PrimitiveClaim<string>({ key: "k", fetchValue: () => undefined });
    app = await startApp();
    const session = await app.session.createNewSessionWithoutRequestResponse("u");
    const before = session.getAccessToken();
    await session.fetchAndSetClaim(claim);
    await session.removeClaim(claim);
    await session.mergeIntoAccessTokenPayload({});
    expect(session.getAccessToken()).toBe(before);
  });

  it("a claim of a plugin is built at sign-in under its policy, and again at a refresh that it cannot fail (O-44)", async () => {
    const state: { value: string | Error } = { value: "a" };
    const make = (key: string, onFetchError: "throw" | "fail") =>
      new PrimitiveClaim<string>({
        key,
        onFetchError,
        onSessionRefresh: true,
        fetchValue: async () => {
          if (state.value instanceof Error) throw state.value;
          return state.value;
        },
      });
    app = await startApp({ claims: [make("kept", "throw"), make("erased", "fail")] });
    const client = app.client();
    await client.send("POST", "/login");
    expect(client.front.up).toMatchObject({ kept: { v: "a" }, erased: { v: "a" } });
    state.value = "b";
    await client.refresh();
    expect(client.front.up).toMatchObject({ kept: { v: "b" }, erased: { v: "b" } });
    state.value = new Error("down");
    expect((await client.refresh()).status).toBe(200);
    expect(client.front.up).toMatchObject({ kept: { v: "b" } });
    expect("erased" in client.front.up).toBe(false);
    // A sign-in needs what its claims say; one that may be missing is left out.
    expect((await app.client().send("POST", "/login")).status).toBe(500);
  });

  it("a refresh that brings the same values writes nothing", async () => {
    const roles = createUserRoles({ propagation: "refresh" });
    app = await startApp({ plugins: [roles] });
    const client = app.client();
    await client.send("POST", "/login");
    app.clock.advanceSeconds(10);
    app.store.reset();
    await client.refresh();
    expect(app.store.sessionCalls).toEqual(["getSession"]);
  });

  it("updateClaimForUser reaches every session of the user (O-21)", async () => {
    const state = { value: "a" };
    const claim = new PrimitiveClaim<string>({
      key: "k",
      fetchValue: ({ tenantId }) => `${state.value} in ${tenantId}`,
    });
    app = await startApp({ claims: [claim] });
    const make = (userId: string, tenantId: string) =>
      app.session.createNewSessionWithoutRequestResponse({ userId, tenantId });
    const [one, two, stranger] = [
      await make("u", "public"),
      await make("u", "t1"),
      await make("v", "public"),
    ];
    state.value = "b";
    expect((await app.session.updateClaimForUser("u", claim)).sort()).toEqual(
      [one.getHandle(), two.getHandle()].sort(),
    );
    const read = (handle: string) => app.session.getClaimValue(handle, claim);
    expect(await read(two.getHandle())).toEqual({ status: "OK", value: "b in t1" });
    expect(await read(stranger.getHandle())).toEqual({ status: "OK", value: "a in public" });
    expect(await app.session.updateClaimForUser("u", claim, { tenantId: "t1", value: "c" })).toEqual([
      two.getHandle(),
    ]);
    expect(await read(one.getHandle())).toEqual({ status: "OK", value: "b in public" });
  });

  it("the browser may have claims fetched that are declared so, now and then (O-37)", async () => {
    let asked = 0;
    const claim = new PrimitiveClaim<number>({
      key: "k",
      clientRefreshable: true,
      minRefetchSeconds: 5,
      fetchValue: () => {
        asked += 1;
        return asked;
      },
    });
    app = await startApp({ claims: [claim, new BooleanClaim({ key: "mine", fetchValue: () => true })] });
    const client = app.client();
    await client.send("POST", "/login");
    const ask = (body: string) => client.send("POST", "/auth/session/claims/refresh", {}, body);
    expect((await ask('{"claims":["k"]}')).json).toEqual({ status: "OK", refreshed: ["k"], tooSoon: [] });
    expect(client.front.up.k).toMatchObject({ v: 2 });
    expect((await ask('{"claims":["k"]}')).json).toEqual({ status: "OK", refreshed: [], tooSoon: ["k"] });
    app.clock.advanceSeconds(5);
    expect((await ask('{"claims":["k"]}')).json).toMatchObject({ refreshed: ["k"] });
    for (const body of ['{"claims":["mine"]}', '{"claims":"k"}', "{", "", `{"x":"${"y".repeat(20_000)}"}`]) {
      expect((await ask(body)).status).toBe(400);
    }
    expect((await app.client().send("POST", "/auth/session/claims/refresh", {}, "{}")).status).toBe(401);
  });

  it("verifying an e-mail address by its token reaches the session that asked (O-34)", async () => {
    const { emailVerifiedClaim } = await import("../../src/claims/index.js");
    const verified = new Set<string>();
    const sent: string[] = [];
    app = await startApp({
      plugins: [
        emailVerifiedClaim({
          mode: "REQUIRED",
          endpoints: true,
          isVerified: ({ recipeUserId }) => verified.has(recipeUserId),
          sendVerification: ({ recipeUserId }) => sent.push(recipeUserId),
          consumeToken: (token) => {
            if (token !== "good") return undefined;
            verified.add("user-1");
            return { recipeUserId: "user-1" };
          },
        }),
      ],
    });
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/me")).status).toBe(403);
    expect((await client.send("POST", "/auth/user/email/verify/token", {}, "{}")).json).toEqual({
      status: "OK",
    });
    expect(sent).toEqual(["user-1"]);
    const verify = (token: string) =>
      client.send("POST", "/auth/public/user/email/verify", {}, JSON.stringify({ method: "token", token }));
    expect((await verify("bad")).json).toEqual({ status: "EMAIL_VERIFICATION_INVALID_TOKEN_ERROR" });
    expect((await verify("good")).json).toEqual({ status: "OK" });
    expect(client.front.up["st-ev"]).toMatchObject({ v: true });
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect((await client.send("POST", "/auth/user/email/verify/token", {}, "{}")).json).toEqual({
      status: "EMAIL_ALREADY_VERIFIED_ERROR",
    });
  });

  it("factors that are completed at the same time all count; the endpoint says what is next (O-31, O-35)", async () => {
    const mfa = mfaClaim({
      allowedFactors: ["password", "totp", "otp-email"],
      endpoints: true,
      getRequirements: () => [{ allOfInAnyOrder: ["totp", "otp-email"] }],
      getFactorsSetup: () => ["totp"],
      getContacts: () => ({ emails: { "otp-email": ["a@example.com"] } }),
    });
    app = await startApp(
      { plugins: [mfa] },
      {
        "POST /complete": async (req, res, session) => {
          const found = await session.getSession(req, res, { overrideGlobalClaimValidators: () => [] });
          await mfa.markFactorComplete(found, await readBody(req), {}, app.clock.wallMs());
        },
      },
    );
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/me")).json).toMatchObject({
      claimValidationErrors: [
        { id: "st-mfa", reason: { message: "MFA requirement for auth is not satisfied" } },
      ],
    });
    expect((await client.send("PUT", "/auth/mfa/info")).json).toEqual({
      status: "OK",
      factors: { next: ["totp"], alreadySetup: ["totp"], allowedToSetup: [] },
      emails: { "otp-email": ["a@example.com"] },
      phoneNumbers: {},
    });
    const tabs = [client.copy(), client.copy()];
    await Promise.all(
      ["totp", "otp-email"].map((factor, tab) => tabs[tab]?.send("POST", "/complete", {}, factor)),
    );
    const seconds = app.clock.wallMs() / 1000;
    const stored = await app.session.getClaimValue(client.front.up.sessionHandle as string, mfa.claim);
    expect(stored).toEqual({ status: "OK", value: { c: { totp: seconds, "otp-email": seconds }, v: true } });
    await client.refresh();
    expect((await client.send("GET", "/me")).status).toBe(200);
    const session = await app.session.createNewSessionWithoutRequestResponse("user-1");
    await expect(mfa.assertAllowedToSetUp(session, "otp-email")).rejects.toMatchObject({
      type: "INVALID_CLAIMS",
    });
  });
});
