import { afterEach, describe, expect, it } from "vitest";
import {
  BooleanClaim,
  MfaClaim,
  PrimitiveArrayClaim,
  PrimitiveClaim,
  SessionClaim,
} from "../../src/claims/index.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { startApp, type TestApp } from "../support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

/** A claim that writes into the payload whatever it is told to. */
class LooseClaim extends SessionClaim<unknown> {
  readonly #write: (value: unknown) => JsonObject;
  readonly #fetched: unknown;

  constructor(write: (value: unknown) => JsonObject, fetched?: unknown) {
    super("loose");
    this.#write = write;
    this.#fetched = fetched;
  }

  fetchValue(): unknown {
    return this.#fetched;
  }

  addToPayload(payload: JsonObject, value: unknown): JsonObject {
    return { ...payload, ...this.#write(value) };
  }

  getValueFromPayload(payload: JsonObject): unknown {
    return payload.loose;
  }
}

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const deep = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) as unknown;

describe("values that no token can carry", () => {
  it.each([
    ["a BigInt", 1n, "INVALID_PAYLOAD"],
    ["a cycle", cycle, "INVALID_PAYLOAD"],
    ["NaN", Number.NaN, "INVALID_PAYLOAD"],
    ["Infinity", [Number.POSITIVE_INFINITY], "INVALID_PAYLOAD"],
    ["a function", () => 1, "INVALID_PAYLOAD"],
    ["a symbol", Symbol("x"), "INVALID_PAYLOAD"],
    ["40 levels", deep, "INVALID_PAYLOAD"],
    ["a key that reaches a prototype", JSON.parse('{"__proto__":{"isAdmin":true}}'), "INVALID_PAYLOAD"],
    ["5 KB", "x".repeat(5000), "PAYLOAD_TOO_LARGE"],
  ])("%s: a typed error wherever it comes from, and nothing is written", async (_what, value, type) => {
    app = await startApp();
    const session = await app.session.createNewSessionWithoutRequestResponse("u", { kept: 1 });
    const handle = session.getHandle();
    const loose = new LooseClaim((given) => ({ loose: given as string }), value);
    const before = await app.session.getSessionInformation(handle);
    const token = session.getAccessToken();
    const attempts: (() => Promise<unknown>)[] = [
      () => session.setClaimValue(loose, value),
      () => session.fetchAndSetClaim(loose),
      () => session.mergeIntoAccessTokenPayload({ loose: value } as never),
      async () => app.session.setClaimValue(handle, loose, value),
      () => app.session.fetchAndSetClaim(handle, loose),
      () => app.session.mergeIntoAccessTokenPayload(handle, { loose: value } as never),
      () =>
        session.assertClaims([
          { id: "loose", claim: loose, shouldRefetch: () => true, validate: () => ({ isValid: true }) },
        ]),
      () => app.session.createNewSessionWithoutRequestResponse("u", { loose: value } as never),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ type });
    expect(await app.session.getSessionInformation(handle)).toEqual(before);
    expect(session.getAccessToken()).toBe(token);
    expect(await app.session.getAllSessionHandlesForUser("u")).toEqual([handle]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it.each(["sub", "exp", "sessionHandle", "tId", "refreshTokenHash1"])(
    "a claim cannot write the token's own %s",
    async (name) => {
      const loose = new LooseClaim(() => ({ [name]: "forged" }), "x");
      app = await startApp();
      const session = await app.session.createNewSessionWithoutRequestResponse("u");
      const before = session.getAccessTokenPayload();
      const attempts: (() => Promise<unknown>)[] = [
        () => session.setClaimValue(loose, "x"),
        () => session.fetchAndSetClaim(loose),
        () =>
          session.assertClaims([
            { id: "loose", claim: loose, shouldRefetch: () => true, validate: () => ({ isValid: true }) },
          ]),
      ];
      for (const attempt of attempts)
        await expect(attempt()).rejects.toMatchObject({ type: "RESERVED_CLAIM_NAME" });
      expect(session.getAccessTokenPayload()).toEqual(before);
      expect(() => new BooleanClaim({ key: name, fetchValue: () => true })).toThrow(
        /belongs to the access token/,
      );
    },
  );
});

describe("stored values of another type", () => {
  const WRONG: unknown[] = [
    null,
    0,
    "",
    "text",
    [],
    [[]],
    {},
    { v: null },
    { v: {} },
    { v: [{}] },
    { v: 1, t: {} },
  ];

  it.each(WRONG.map((value) => [JSON.stringify(value), value]))(
    "%s under every key is missing or a plain no, never a 500",
    async (_text, value) => {
      const roles = createUserRoles({
        skipAddingRolesToAccessToken: true,
        skipAddingPermissionsToAccessToken: true,
      });
      app = await startApp({ plugins: [roles] });
      const source = { fetchValue: () => undefined };
      const mfa = new MfaClaim({ getRequirements: () => ["totp"], allowedFactors: ["totp"] });
      const rules = [
        new BooleanClaim({ key: "flag", ...source }).validators.isTrue(10),
        new PrimitiveClaim<string>({ key: "primitive", ...source }).validators.hasValue("right"),
        new PrimitiveArrayClaim<string>({ key: "list", ...source }).validators.excludes("x", 10),
        mfa.validators.completedWithin("totp", 10),
        roles.UserRoleClaim.validators.includes("admin"),
      ];
      const keys = ["flag", "primitive", "list", "st-mfa", "st-role", "st-perm"];
      const payload = Object.fromEntries(keys.map((key) => [key, value])) as JsonObject;
      const session = await app.session.createNewSessionWithoutRequestResponse("u", payload);
      expect(session.has({ role: "admin" })).toBe(false);
      expect(session.has({ permission: "x" })).toBe(false);
      const refusal = await session.assertClaims(rules).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ type: "INVALID_CLAIMS" });
      const ids = (refusal as { payload: { id: string }[] }).payload.map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining(["flag", "primitive", "st-mfa", "st-role"]));
    },
  );
});
