import { describe, expect, it } from "vitest";
import { checkOptions, isBoolean, isText, nearestName, oneOf } from "./option-check.js";

const checks = { keyPrefix: isText, checkDatabase: isBoolean, require: isText, mode: oneOf("a", "b") };

function told(given: unknown, required?: string[]): unknown {
  try {
    checkOptions("redisStore", checks, given, required);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("options of a function", () => {
  it("pass when each is what it should be, also when it is undefined", () => {
    expect(told({})).toBeUndefined();
    expect(told({ keyPrefix: "a:", checkDatabase: undefined, mode: "b" })).toBeUndefined();
  });

  it("are refused by the name of the function and the option", () => {
    expect(told({ keyPrefix: 1 })).toMatchObject({
      type: "INVALID_OPTION",
      payload: { option: "redisStore.keyPrefix" },
      message: "option `redisStore.keyPrefix`: must be a string",
    });
    expect(told({}, ["mode"])).toMatchObject({ payload: { option: "redisStore.mode" } });
  });

  it.each(["text", 7, null, undefined, [], () => {}])("must be an object: %s", (given) => {
    expect(told(given)).toMatchObject({ type: "INVALID_OPTION", payload: { option: "redisStore" } });
  });

  it("say which name was meant", () => {
    expect(told({ prefix: "a:" })).toMatchObject({
      message: "option `redisStore.prefix`: there is no such option; did you mean `keyPrefix`?",
    });
    expect(told({ zebra: 1 })).toMatchObject({
      message: expect.stringContaining("it takes `keyPrefix`, `checkDatabase`, `require`, `mode`"),
    });
  });

  it("never show a value", () => {
    for (const given of ["s3cret", { keyPrefix: ["s3cret"] }, { mode: "s3cret" }]) {
      expect(String(told(given))).not.toContain("s3cret");
    }
  });
});

it.each([
  ["requires", "require"],
  ["checkDB", "checkDatabase"],
  ["keyprefix", "keyPrefix"],
  ["role", "roles"],
  ["overrideGlobalClaimValidator", "overrideGlobalClaimValidators"],
  ["sesionRequired", "sessionRequired"],
  ["zebra", undefined],
  ["x", undefined],
])("%s is near %s", (name, near) => {
  const known = [
    "require",
    "checkDatabase",
    "keyPrefix",
    "roles",
    "overrideGlobalClaimValidators",
    "sessionRequired",
  ];
  expect(nearestName(name, known)).toBe(near);
});
