import { describe, expect, it } from "vitest";
import type { Evaluation, SessionClaimValidator } from "../../src/claims/claim-validator.js";
import {
  BooleanClaim,
  emailVerifiedClaim,
  MfaClaim,
  PrimitiveArrayClaim,
  PrimitiveClaim,
  type SessionClaim,
} from "../../src/claims/index.js";
import type { JsonObject } from "../../src/runtime/json.js";

const T0 = 1_800_000_000_000;
const WEEK_MS = 7 * 24 * 3_600_000;
const AT: Evaluation = { nowMs: T0, isJustFetched: () => false };
const CONTEXT = {
  userId: "u",
  recipeUserId: "u",
  tenantId: "public",
  sessionHandle: undefined,
  currentPayload: {},
  signal: new AbortController().signal,
  userContext: {},
};

const flag = new BooleanClaim({ key: "k", fetchValue: () => true });
const list = new PrimitiveArrayClaim<string>({ key: "k", fetchValue: () => [] });
const capped = new PrimitiveArrayClaim<string>({
  key: "k",
  fetchValue: () => [],
  defaultMaxAgeInSeconds: 600,
});
const entry = (v: unknown, t: unknown = T0): JsonObject => ({ k: { v, t } }) as JsonObject;

async function judge(validator: SessionClaimValidator, payload: JsonObject) {
  const refetch =
    "claim" in validator && validator.claim ? await validator.shouldRefetch(payload, {}, AT) : undefined;
  return { refetch, result: await validator.validate(payload, {}, AT) };
}

async function built(value: string | number | null | undefined) {
  const claim: SessionClaim<unknown> = new PrimitiveClaim({ key: "k", fetchValue: async () => value });
  return claim.build(CONTEXT, T0);
}

describe("claims and their validators, by the vectors", () => {
  it("V-1: build writes value and time in milliseconds", async () => {
    expect(await built(1)).toEqual({ k: { v: 1, t: T0 } });
  });

  it("V-2: build without a value is an empty patch", async () => {
    expect(await built(undefined)).toEqual({});
  });

  it("V-3: null is a value", async () => {
    expect(await built(null)).toEqual({ k: { v: null, t: T0 } });
  });

  it("V-4: no key, a null key and an empty entry read as undefined", () => {
    for (const payload of [{}, { k: null }, { k: {} }]) {
      expect(list.getValueFromPayload(payload)).toBeUndefined();
      expect(flag.getValueFromPayload(payload)).toBeUndefined();
    }
  });

  it("V-5: hasValue on a missing claim asks for a fetch and names what it expected", async () => {
    const { refetch, result } = await judge(flag.validators.hasValue(true), {});
    expect(refetch).toBe(true);
    expect(result).toStrictEqual({
      isValid: false,
      reason: { message: "value does not exist", expectedValue: true, actualValue: undefined },
    });
    expect(JSON.stringify(result)).toBe(
      '{"isValid":false,"reason":{"message":"value does not exist","expectedValue":true}}',
    );
  });

  it("V-6: a week is more than 600 seconds", async () => {
    expect(await judge(list.validators.includes("a", 600), entry(["a"], T0 - WEEK_MS))).toEqual({
      refetch: true,
      result: { isValid: false, reason: { message: "expired", ageInSeconds: 604_800, maxAgeInSeconds: 600 } },
    });
  });

  it("V-7: without a maximum age nothing is too old", async () => {
    expect(await judge(list.validators.includes("a"), entry(["a"], T0 - WEEK_MS))).toEqual({
      refetch: false,
      result: { isValid: true },
    });
  });

  it("V-8: Infinity switches the default maximum age off", async () => {
    const { refetch } = await judge(capped.validators.includes("a", Infinity), entry(["a"], T0 - WEEK_MS));
    expect(refetch).toBe(false);
  });

  it("V-9: undefined takes the default maximum age", async () => {
    const { refetch } = await judge(capped.validators.includes("a", undefined), entry(["a"], T0 - WEEK_MS));
    expect(refetch).toBe(true);
  });

  it("V-10: exactly the maximum age is not too old", async () => {
    expect(await judge(list.validators.includes("a", 600), entry(["a"], T0 - 600_000))).toEqual({
      refetch: false,
      result: { isValid: true },
    });
    expect((await judge(list.validators.includes("a", 600), entry(["a"], T0 - 600_001))).refetch).toBe(true);
  });

  it("V-11: includesAll([]) and excludesAll([]) hold, includesAny([]) does not", async () => {
    expect((await judge(list.validators.includesAll([]), entry(["a"]))).result.isValid).toBe(true);
    expect((await judge(list.validators.includesAny([]), entry(["a"]))).result.isValid).toBe(false);
    expect((await judge(list.validators.excludesAll([]), entry(["a"]))).result.isValid).toBe(true);
  });

  it("V-12: excludes on a missing claim fails", async () => {
    expect((await judge(list.validators.excludes("x"), {})).result).toMatchObject({
      isValid: false,
      reason: { message: "value does not exist", expectedToNotInclude: "x" },
    });
  });

  it("V-13: includesAny says what would have done", async () => {
    expect((await judge(list.validators.includesAny(["z"]), entry(["a"]))).result).toEqual({
      isValid: false,
      reason: { message: "wrong value", expectedToIncludeAtLeastOneOf: ["z"], actualValue: ["a"] },
    });
  });

  it("V-14: a value without a time is expired as soon as a maximum age applies (O-4)", async () => {
    for (const t of [undefined, "yesterday", Number.NaN, T0 + 60_001]) {
      const payload = { k: { v: ["a"], t } } as unknown as JsonObject;
      const { refetch, result } = await judge(list.validators.includes("a", 10), payload);
      expect(refetch).toBe(true);
      expect(result).toEqual({ isValid: false, reason: { message: "expired", maxAgeInSeconds: 10 } });
      expect((await judge(list.validators.includes("a"), payload)).result).toEqual({ isValid: true });
    }
    expect((await judge(list.validators.includes("a", 10), entry(["a"], T0 + 60_000))).refetch).toBe(false);
  });

  it("V-15: values of another type count as missing (O-5)", async () => {
    for (const v of [null, "a", 1, { a: 1 }, [["a"]], [{}]]) {
      const { refetch, result } = await judge(list.validators.excludes("a"), entry(v));
      expect(refetch).toBe(true);
      expect(result).toMatchObject({ reason: { message: "value does not exist" } });
    }
    for (const v of ["true", 1, null, ["x"]]) expect(flag.getValueFromPayload(entry(v))).toBeUndefined();
  });

  it("V-16: an id of one's own", () => {
    expect(list.validators.includes("a", undefined, "x").id).toBe("x");
    expect(list.validators.includes("a").id).toBe("k");
  });

  it.each([
    ["includes", list.validators.includes("x"), "expectedToInclude", "x"],
    ["excludes", list.validators.excludes("a"), "expectedToNotInclude", "a"],
    ["includesAll", list.validators.includesAll(["a", "x"]), "expectedToInclude", ["a", "x"]],
    ["excludesAll", list.validators.excludesAll(["x", "a"]), "expectedToNotInclude", ["x", "a"]],
  ])("%s: the reasons of a missing and a wrong value", async (_name, validator, member, expected) => {
    expect((await judge(validator, {})).result).toStrictEqual({
      isValid: false,
      reason: { message: "value does not exist", [member]: expected, actualValue: undefined },
    });
    expect((await judge(validator, entry(["a"]))).result).toStrictEqual({
      isValid: false,
      reason: { message: "wrong value", [member]: expected, actualValue: ["a"] },
    });
  });

  it("a missing includesAny gives both names that clients look for (O-6)", async () => {
    expect((await judge(list.validators.includesAny(["z"]), {})).result).toStrictEqual({
      isValid: false,
      reason: {
        message: "value does not exist",
        expectedToIncludeAtLeastOneOf: ["z"],
        expectedToInclude: ["z"],
        actualValue: undefined,
      },
    });
  });

  it("isTrue, isFalse and hasValue(null)", async () => {
    expect((await judge(flag.validators.isTrue(), entry(true))).result).toEqual({ isValid: true });
    expect((await judge(flag.validators.isFalse(), entry(true))).result).toEqual({
      isValid: false,
      reason: { message: "wrong value", expectedValue: false, actualValue: true },
    });
    const nullable = new PrimitiveClaim<string | null>({ key: "k", fetchValue: () => null });
    expect((await judge(nullable.validators.hasValue(null), entry(null))).result).toEqual({ isValid: true });
  });

  it("a maximum age that is none is refused when the validator is built (O-7)", () => {
    for (const maxAge of [-1, Number.NaN, "10" as unknown as number]) {
      expect(() => list.validators.includes("a", maxAge)).toThrow(/maximum age/);
    }
    expect(() => new BooleanClaim({ key: "sub", fetchValue: () => true })).toThrow(
      /belongs to the access token/,
    );
    expect(() => new BooleanClaim({ key: "__proto__", fetchValue: () => true })).toThrow(/needs a key/);
    expect(() => list.validators.includesAll("a" as unknown as string[])).toThrow(/takes a list/);
  });

  it("V-35: a false e-mail claim heals itself after 10 s, a true one is never asked for again", async () => {
    const { validators } = emailVerifiedClaim({ isVerified: () => true }).claim;
    const at = (v: boolean, ageMs: number): JsonObject => ({ "st-ev": { v, t: T0 - ageMs } });
    expect((await judge(validators.isVerified(), at(false, 9_000))).refetch).toBe(false);
    expect((await judge(validators.isVerified(), at(false, 11_000))).refetch).toBe(true);
    expect((await judge(validators.isVerified(), at(true, WEEK_MS))).refetch).toBe(false);
    expect((await judge(validators.isVerified(10, 60), at(true, 61_000))).refetch).toBe(true);
    expect((await judge(validators.isVerified(100, 60), at(false, 61_000))).refetch).toBe(true);
    expect((await judge(validators.isVerified(), {})).refetch).toBe(true);
    expect((await judge(validators.isVerified(), at(false, 0))).result).toEqual({
      isValid: false,
      reason: { message: "wrong value", expectedValue: true, actualValue: false },
    });
  });

  describe("MFA", () => {
    const mfa = new MfaClaim({ getRequirements: () => [], allowedFactors: ["a", "b", "c"] });
    const having = (...ids: string[]): JsonObject => ({
      "st-mfa": { c: Object.fromEntries(ids.map((id) => [id, T0 / 1000 - 100])), v: false },
    });

    it("V-36: the first unmet oneOf names all of it", async () => {
      const { result } = await judge(
        mfa.validators.hasCompletedRequirementList(["a", { oneOf: ["b", "c"] }]),
        having("a"),
      );
      expect(result).toEqual({
        isValid: false,
        reason: { message: "None of these factors are complete in the session: b, c", oneOf: ["b", "c"] },
      });
    });

    it("V-37: an unmet allOf names what is missing", async () => {
      const { result } = await judge(
        mfa.validators.hasCompletedFactors([{ allOfInAnyOrder: ["a", "b"] }]),
        having("a"),
      );
      expect(result).toEqual({
        isValid: false,
        reason: { message: "Some of the factors are not complete in the session: b", allOfInAnyOrder: ["b"] },
      });
    });

    it("a claim that is not there fails with words, not with a 500 (O-32); empty lists hold (O-33)", async () => {
      expect((await judge(mfa.validators.hasCompletedMFARequirementsForAuth(), {})).result).toEqual({
        isValid: false,
        reason: { message: "MFA info not available in payload" },
      });
      const empties = mfa.validators.hasCompletedRequirementList([{ oneOf: [] }, { allOfInAnyOrder: [] }]);
      expect((await judge(empties, having())).result).toEqual({ isValid: true });
    });

    it("completedWithin counts seconds, also where an old session wrote milliseconds (O-30, O-36)", async () => {
      expect((await judge(mfa.validators.completedWithin("a", 100), having("a"))).result).toEqual({
        isValid: true,
      });
      expect((await judge(mfa.validators.completedWithin("a", 99), having("a"))).result).toEqual({
        isValid: false,
        reason: {
          message: "Factor validation failed: a not completed",
          factorId: "a",
          ageInSeconds: 100,
          maxAgeInSeconds: 99,
        },
      });
      const inMs: JsonObject = { "st-mfa": { c: { a: T0 - 50_000 }, v: true } };
      expect((await judge(mfa.validators.completedWithin("a", 50), inMs)).result).toEqual({ isValid: true });
      expect((await judge(mfa.validators.completedWithin("b", 50), having("a"))).result).toEqual({
        isValid: false,
        reason: { message: "Factor validation failed: b not completed", factorId: "b", maxAgeInSeconds: 50 },
      });
    });
  });
});
