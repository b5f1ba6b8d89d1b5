import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  anyOf,
  BooleanClaim,
  not,
  PrimitiveArrayClaim,
  PrimitiveClaim,
  type SessionClaimValidator,
} from "../../src/claims/index.js";
import type { VerifySessionOptions } from "../../src/session/types.js";
import { createUserRoles, definePermissions } from "../../src/user-roles/index.js";
import { type Session, startApp, type TestApp } from "../support/http-app.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
let client: WireClient;
/** What `GET /guarded` asks for. */
let wanted: VerifySessionOptions = {};

async function start(options: Parameters<typeof startApp>[0] = {}): Promise<void> {
  const guarded = async (req: IncomingMessage, res: ServerResponse, session: Session) => {
    const found = await session.getSession(req, res, wanted);
    return found === undefined ? null : { handle: found.getHandle() };
  };
  app = await startApp(options, {
    "GET /guarded": guarded,
    "OPTIONS /guarded": guarded,
    "POST /guarded": guarded,
  });
  client = app.client();
  await client.send("POST", "/login");
}

const only = (...validators: SessionClaimValidator[]): VerifySessionOptions => ({ only: validators });
const errorsIn = (json: unknown) => (json as { claimValidationErrors?: unknown }).claimValidationErrors;
const handleOf = (client_: WireClient): string => client_.front.up.sessionHandle as string;

beforeEach(() => {
  wanted = {};
});
afterEach(() => app.close());

/** A claim whose source is a variable, and which counts how often it is asked. */
function source<T extends string | boolean>(key: string, value: T | undefined) {
  const state: { value: T | undefined; asked: number; claim: PrimitiveClaim<T> } = {
    value,
    asked: 0,
    claim: new PrimitiveClaim<T>({
      key,
      fetchValue: async (): Promise<T | undefined> => {
        state.asked += 1;
        return state.value;
      },
    }),
  };
  return state;
}

describe("claims on a request, by the vectors", () => {
  it("V-5: over HTTP a reason has no actualValue when there is no value", async () => {
    await start();
    wanted = only(source("k", undefined).claim.validators.hasValue("x"));
    const refused = await client.send("GET", "/guarded");
    expect(refused.body).toBe(
      '{"message":"invalid claim","claimValidationErrors":[{"id":"k","reason":{"message":"value does not exist","expectedValue":"x"}}]}',
    );
  });

  it("V-17: two validators with one id are two entries, in list order", async () => {
    await start();
    wanted = only(
      { id: "same", validate: () => ({ isValid: false, reason: 1 }) },
      { id: "fine", validate: async () => ({ isValid: true }) },
      { id: "same", validate: async () => ({ isValid: false, reason: 2 }) },
    );
    expect(errorsIn((await client.send("GET", "/guarded")).json)).toEqual([
      { id: "same", reason: 1 },
      { id: "same", reason: 2 },
    ]);
  });

  it("V-18: a reason may be a text, or missing", async () => {
    await start();
    wanted = only(
      { id: "a", validate: () => ({ isValid: false, reason: "str" }) },
      { id: "b", validate: () => ({ isValid: false }) },
    );
    expect((await client.send("GET", "/guarded")).body).toBe(
      '{"message":"invalid claim","claimValidationErrors":[{"id":"a","reason":"str"},{"id":"b"}]}',
    );
  });

  it("V-19: shouldRefetch without a claim is never called", async () => {
    await start();
    let calls = 0;
    const shouldRefetch = () => {
      calls += 1;
      return true;
    };
    wanted = only({ id: "a", shouldRefetch, validate: () => ({ isValid: true }) });
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(calls).toBe(0);
  });

  it("V-20: a fetch that makes the claim valid: 200 with new tokens, iat fresh, exp as it was", async () => {
    await start();
    const before = client.front.up;
    app.clock.advanceSeconds(100);
    wanted = only(source("k", "x").claim.validators.hasValue("x"));
    const answer = await client.send("GET", "/guarded");
    expect(answer.status).toBe(200);
    expect(answer.cookie("sAccessToken")).toBeDefined();
    expect(client.front.up).toEqual({
      ...before,
      iat: (before.iat as number) + 100,
      k: { v: "x", t: app.clock.wallMs() },
    });
    expect((await client.send("GET", "/guarded")).setCookies).toEqual([]);
  });

  it("V-21: a fetch that leaves it invalid: 403 with the new tokens and their exposed headers; the row is saved (O-12, O-13)", async () => {
    await start();
    wanted = only(source<string>("k", "y").claim.validators.hasValue("x"));
    const refused = await client.send("GET", "/guarded");
    expect(refused.status).toBe(403);
    expect(refused.json).toEqual({
      message: "invalid claim",
      claimValidationErrors: [
        { id: "k", reason: { message: "wrong value", expectedValue: "x", actualValue: "y" } },
      ],
    });
    expect(refused.cookie("sAccessToken")).toBeDefined();
    expect(refused.header("access-control-expose-headers")).toContain("front-token");
    expect(client.front.up.k).toEqual({ v: "y", t: app.clock.wallMs() });
    const information = await app.session.getSessionInformation(handleOf(client));
    expect(information?.customClaimsInAccessTokenPayload.k).toEqual(client.front.up.k);
    // The client keeps what it was given: nothing is fetched or written again.
    app.store.reset();
    expect((await client.send("GET", "/guarded")).status).toBe(403);
    expect(app.store.sessionCalls).toEqual([]);
  });

  it("V-21: with header tokens the 403 exposes st-access-token", async () => {
    await start();
    const other = app.client("header");
    await other.send("POST", "/login");
    wanted = only(source<string>("k", "y").claim.validators.hasValue("x"));
    const refused = await other.send("GET", "/guarded");
    expect(refused.status).toBe(403);
    expect(refused.header("st-access-token")).toBeDefined();
    expect(refused.all("access-control-expose-headers").join()).toContain("st-access-token");
  });

  it("V-22: a source without a value: 403, and no new token", async () => {
    await start();
    wanted = only(source("k", undefined).claim.validators.hasValue("x"));
    app.store.reset();
    const refused = await client.send("GET", "/guarded");
    expect(refused.status).toBe(403);
    expect(errorsIn(refused.json)).toEqual([
      { id: "k", reason: { message: "value does not exist", expectedValue: "x" } },
    ]);
    expect(refused.setCookies).toEqual([]);
    expect(app.store.sessionCalls).toEqual([]);
  });

  it("V-23: a fetch that throws is a 500, and nothing of the pass is saved", async () => {
    await start();
    const fine = source("fine", "x");
    const broken = new PrimitiveClaim<string>({
      key: "broken",
      fetchValue: async () => {
        throw new Error("the source is down");
      },
    });
    wanted = only(fine.claim.validators.hasValue("x"), broken.validators.hasValue("x"));
    app.store.reset();
    expect((await client.send("GET", "/guarded")).status).toBe(500);
    expect(fine.asked).toBe(1);
    expect(app.store.writes).toEqual([]);
    expect(app.foreignErrors).toHaveLength(1);
  });

  it("V-24: two claims that are fetched every time, one slowly: both are valid (O-10)", async () => {
    await start();
    const slow = new PrimitiveClaim<string>({
      key: "slow",
      fetchValue: async () => {
        app.clock.advanceMs(60);
        return "x";
      },
    });
    const quick = source("quick", "x");
    wanted = only(quick.claim.validators.hasValue("x", 0), slow.validators.hasValue("x", 0));
    for (let request = 0; request < 3; request++) {
      expect((await client.send("GET", "/guarded")).status).toBe(200);
      app.clock.advanceMs(1);
    }
    expect(quick.asked).toBe(3);
  });

  it("V-25: optional means that a session may be missing, not that it may be invalid", async () => {
    await start();
    wanted = { sessionRequired: false, require: [source<string>("k", "y").claim.validators.hasValue("x")] };
    const nobody = await app.client().send("GET", "/guarded");
    expect([nobody.status, nobody.json]).toEqual([200, null]);
    expect((await client.send("GET", "/guarded")).status).toBe(403);
  });

  it("V-26: sign-out, refresh and the e-mail endpoint do not judge claims", async () => {
    const { emailVerifiedClaim } = await import("../../src/claims/index.js");
    const never: SessionClaimValidator = { id: "never", validate: () => ({ isValid: false }) };
    await start({
      plugins: [
        emailVerifiedClaim({ isVerified: () => false, mode: "REQUIRED", endpoints: true }),
        { name: "never", globalClaimValidators: [never] },
      ],
    });
    expect((await client.send("GET", "/guarded")).status).toBe(403);
    const verify = await client.send("GET", "/auth/user/email/verify");
    expect([verify.status, verify.json]).toEqual([200, { status: "OK", isVerified: false }]);
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("POST", "/auth/signout")).json).toEqual({ status: "OK" });
  });

  it("V-27: the list that an override gets cannot be changed for other routes (O-8)", async () => {
    const global: SessionClaimValidator = { id: "global", validate: () => ({ isValid: true }) };
    await start({ plugins: [{ name: "p", globalClaimValidators: [global] }] });
    const never: SessionClaimValidator = { id: "never", validate: () => ({ isValid: false }) };
    wanted = {
      overrideGlobalClaimValidators: (globals) => {
        (globals as SessionClaimValidator[]).push(never);
        return globals;
      },
    };
    expect((await client.send("GET", "/guarded")).status).toBe(500);
    wanted = {};
    expect((await client.send("GET", "/guarded")).status).toBe(200);
  });

  it("V-28: an override may switch everything off", async () => {
    await start({
      plugins: [
        { name: "p", globalClaimValidators: [{ id: "never", validate: () => ({ isValid: false }) }] },
      ],
    });
    expect((await client.send("GET", "/guarded")).status).toBe(403);
    wanted = { overrideGlobalClaimValidators: () => [] };
    expect((await client.send("GET", "/guarded")).status).toBe(200);
  });

  it("V-29: one status for both failures is refused at the start", async () => {
    await start();
    await expect(startApp({ invalidClaimStatusCode: 401 })).rejects.toThrow(/invalidClaimStatusCode/);
  });

  it("V-30: what was set by handle survives a fetch with the old token (O-19)", async () => {
    await start();
    const other = source("other", "x");
    const byHandle = source("k", "unused");
    expect(await app.session.setClaimValue(handleOf(client), byHandle.claim, "granted")).toBe(true);
    wanted = only(other.claim.validators.hasValue("x"));
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(client.front.up).toMatchObject({ k: { v: "granted" }, other: { v: "x" } });
  });

  it("V-31: a null of the application's survives a fetch (O-3)", async () => {
    await start();
    const second = app.client();
    await second.send("POST", "/login", {}, JSON.stringify({ payload: { mine: null } }));
    wanted = only(source("k", "x").claim.validators.hasValue("x"));
    await second.send("GET", "/guarded");
    expect(second.front.up).toMatchObject({ mine: null, k: { v: "x" } });
  });

  it("V-32: a reserved name is refused before anything is written (O-2)", async () => {
    await start();
    app.store.reset();
    await expect(
      app.session.mergeIntoAccessTokenPayload(handleOf(client), { sub: "x" }),
    ).rejects.toMatchObject({
      type: "RESERVED_CLAIM_NAME",
      payload: { key: "sub" },
    });
    expect(app.store.writes).toEqual([]);
  });

  it("V-33: by handle a fetcher sees the session's own tenant (O-1)", async () => {
    await start();
    const seen: unknown[] = [];
    const claim = new BooleanClaim({
      key: "k",
      fetchValue: ({ tenantId, sessionHandle, currentPayload, userId }) => {
        seen.push([
          tenantId,
          sessionHandle,
          userId,
          Object.isFrozen(currentPayload),
          "sub" in currentPayload,
        ]);
        return true;
      },
    });
    const created = await app.session.createNewSessionWithoutRequestResponse({ userId: "u", tenantId: "t1" });
    const handle = created.getHandle();
    const judged = await app.session.validateClaimsForSessionHandle(handle, () => [
      claim.validators.isTrue(),
    ]);
    expect(judged).toEqual({ status: "OK", invalidClaims: [] });
    await app.session.fetchAndSetClaim(handle, claim);
    await created.fetchAndSetClaim(claim);
    expect(seen).toEqual([
      ["t1", handle, "u", true, false],
      ["t1", handle, "u", true, false],
      ["t1", handle, "u", true, false],
    ]);
  });

  it("V-34: an unknown handle", async () => {
    await start();
    const { claim } = source("k", "x");
    const { session } = app;
    expect(await session.getClaimValue("nobody", claim)).toEqual({ status: "SESSION_DOES_NOT_EXIST_ERROR" });
    expect(await session.setClaimValue("nobody", claim, "x")).toBe(false);
    expect(await session.fetchAndSetClaim("nobody", claim)).toBe(false);
    expect(await session.removeClaim("nobody", claim)).toBe(false);
    expect(await session.validateClaimsForSessionHandle("nobody")).toEqual({
      status: "SESSION_DOES_NOT_EXIST_ERROR",
    });
  });

  it("V-40: require, an override, sessionRequired and checkDatabase are honoured together (O-9)", async () => {
    const order: string[] = [];
    const named = (id: string): SessionClaimValidator => ({
      id,
      validate: () => {
        order.push(id);
        return { isValid: true };
      },
    });
    await start({ plugins: [{ name: "p", globalClaimValidators: [named("global"), named("skipped")] }] });
    wanted = {
      sessionRequired: false,
      checkDatabase: true,
      skip: ["skipped"],
      require: [named("required")],
      overrideGlobalClaimValidators: async (globals) => [...globals, named("override")],
    };
    expect((await app.client().send("GET", "/guarded")).json).toBe(null);
    app.store.reset();
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(order).toEqual(["global", "override", "required"]);
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    await app.session.revokeSession(handleOf(client));
    expect((await client.send("GET", "/guarded")).status).toBe(401);
    // No override takes away what a route requires.
    wanted = {
      require: [{ id: "no", validate: () => ({ isValid: false }) }],
      overrideGlobalClaimValidators: () => [],
    };
    await client.send("POST", "/login");
    expect((await client.send("GET", "/guarded")).status).toBe(403);
  });

  it("V-46: anyOf with one that holds fetches nothing; with none it fetches from left to right (O-41)", async () => {
    await start();
    const asked: string[] = [];
    const claim = (key: string, value: string[]) =>
      new PrimitiveArrayClaim<string>({
        key,
        fetchValue: async () => {
          asked.push(key);
          return value;
        },
      });
    const roles = claim("roles", ["user"]);
    const permissions = claim("permissions", ["edit"]);
    const either = anyOf(roles.validators.includes("admin"), permissions.validators.includes("edit"));
    await app.session.setClaimValue(handleOf(client), permissions, ["edit"]);
    await client.send("GET", "/checked");
    await client.refresh();
    wanted = only(either);
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(asked).toEqual([]);
    const second = app.client();
    await second.send("POST", "/login");
    expect((await second.send("GET", "/guarded")).status).toBe(200);
    expect(asked).toEqual(["roles", "permissions"]);
    wanted = only(anyOf(roles.validators.includes("admin"), roles.validators.includes("root")));
    expect(errorsIn((await second.send("GET", "/guarded")).json)).toEqual([
      {
        id: "roles",
        reason: {
          message: "no alternative satisfied",
          failures: [
            {
              id: "roles",
              reason: { message: "wrong value", expectedToInclude: "admin", actualValue: ["user"] },
            },
            {
              id: "roles",
              reason: { message: "wrong value", expectedToInclude: "root", actualValue: ["user"] },
            },
          ],
        },
      },
    ]);
  });

  it("V-47: not() on a missing claim fails, on a wrong value it holds", async () => {
    await start();
    const state = { value: undefined as string[] | undefined };
    const claim = new PrimitiveArrayClaim<string>({ key: "k", fetchValue: () => state.value });
    wanted = only(not(claim.validators.includes("banned")));
    const refused = await client.send("GET", "/guarded");
    expect(errorsIn(refused.json)).toEqual([
      { id: "not(k)", reason: { message: "condition must not hold", id: "k" } },
    ]);
    state.value = [];
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    wanted = only(not(not(claim.validators.includes("banned"))));
    expect((await client.send("GET", "/guarded")).status).toBe(403);
  });

  it("V-49: a payload that outgrows a cookie is a typed error, and nothing is written", async () => {
    await start();
    const big = new PrimitiveClaim<string>({ key: "big", fetchValue: () => "x".repeat(5000) });
    app.store.reset();
    wanted = only(big.validators.hasValue("x"));
    expect((await client.send("GET", "/guarded")).status).toBe(500);
    expect(app.foreignErrors).toMatchObject([
      { type: "PAYLOAD_TOO_LARGE", payload: { limitBytes: 4096, largestClaims: ["big", "iss"] } },
    ]);
    await expect(app.session.fetchAndSetClaim(handleOf(client), big)).rejects.toMatchObject({
      type: "PAYLOAD_TOO_LARGE",
    });
    const { status, value } = (await app.session.getClaimValue(handleOf(client), big)) as {
      status: string;
      value: unknown;
    };
    expect([status, value]).toEqual(["OK", undefined]);
    await expect(
      app.session.createNewSessionWithoutRequestResponse("u", { big: "x".repeat(5000) }),
    ).rejects.toMatchObject({ type: "PAYLOAD_TOO_LARGE" });
  });

  it("V-50: a removed claim is absent from the front token, never null", async () => {
    await start();
    const { claim } = source("k", "x");
    wanted = only(claim.validators.hasValue("x"));
    await client.send("GET", "/guarded");
    expect(client.front.up.k).toBeDefined();
    await app.session.removeClaim(handleOf(client), claim);
    await client.send("GET", "/checked");
    expect("k" in client.front.up).toBe(false);
  });
});

describe("roles, by the vectors", () => {
  it("V-38: a user without roles has both claims, empty", async () => {
    await start({ plugins: [createUserRoles()] });
    expect(client.front.up).toMatchObject({ "st-role": { v: [] }, "st-perm": { v: [] } });
  });

  it("V-39: with both claims left out, a route that asks for a role fetches it", async () => {
    const roles = createUserRoles({
      skipAddingRolesToAccessToken: true,
      skipAddingPermissionsToAccessToken: true,
    });
    await start({ plugins: [roles] });
    expect(Object.keys(client.front.up)).not.toContain("st-role");
    await roles.createNewRoleOrAddPermissions("admin", []);
    await roles.addRoleToUser("public", "user-1", "admin");
    wanted = { require: [roles.UserRoleClaim.validators.includes("admin")] };
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(client.front.up["st-role"]).toMatchObject({ v: ["admin"] });
  });

  it.each(["push", "refresh"] as const)(
    "V-45: with propagation %s a granted role comes with the next refresh",
    async (propagation) => {
      const roles = createUserRoles({ propagation });
      await start({ plugins: [roles] });
      await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
      const granted = await roles.addRoleToUser("public", "user-1", "admin");
      expect(granted).toMatchObject({ status: "OK", propagated: propagation === "push" });
      wanted = { require: [roles.PermissionClaim.validators.includes("edit")] };
      expect((await client.send("GET", "/guarded")).status).toBe(403);
      await client.refresh();
      expect(client.front.up["st-role"]).toMatchObject({ v: ["admin"] });
      expect((await client.send("GET", "/guarded")).status).toBe(200);
    },
  );

  it.each(["epoch", "strict"] as const)(
    "V-45: with propagation %s it counts on the next request, and so does its loss",
    async (propagation) => {
      const roles = createUserRoles({ propagation });
      await start({ plugins: [roles] });
      await roles.createNewRoleOrAddPermissions("admin", ["edit"]);
      wanted = {
        require: [
          roles.UserRoleClaim.validators.includes("admin"),
          roles.PermissionClaim.validators.includes("edit"),
        ],
      };
      app.clock.advanceMs(1);
      expect((await client.send("GET", "/guarded")).status).toBe(403);
      await roles.addRoleToUser("public", "user-1", "admin");
      app.clock.advanceMs(1);
      expect((await client.send("GET", "/guarded")).status).toBe(200);
      await roles.removePermissionsFromRole("admin", ["edit"]);
      app.clock.advanceMs(1);
      expect(errorsIn((await client.send("GET", "/guarded")).json)).toMatchObject([{ id: "st-perm" }]);
      await roles.deleteRole("admin");
      app.clock.advanceMs(1);
      expect(errorsIn((await client.send("GET", "/guarded")).json)).toMatchObject([
        { id: "st-role" },
        { id: "st-perm" },
      ]);
      // What has not changed is not written again.
      app.store.reset();
      app.clock.advanceMs(1);
      await client.send("GET", "/guarded");
      expect(app.store.writes).toEqual([]);
    },
  );

  it("V-48: a granted pattern is expanded before it goes into a token", async () => {
    const roles = createUserRoles({
      permissions: definePermissions(["posts:read", "posts:write", "posts:comments:read", "users:read"]),
      propagation: "epoch",
    });
    await start({ plugins: [roles] });
    await roles.createNewRoleOrAddPermissions("writer", ["posts:*"]);
    await roles.addRoleToUser("public", "user-1", "writer");
    wanted = { require: [roles.PermissionClaim.validators.includes("posts:write")] };
    expect((await client.send("GET", "/guarded")).status).toBe(200);
    expect(client.front.up["st-perm"]).toMatchObject({
      v: ["posts:comments:read", "posts:read", "posts:write"],
    });
  });
});
