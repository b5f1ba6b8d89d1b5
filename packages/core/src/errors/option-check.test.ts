import { describe, expect, it } from "vitest";
import { checkOptions, isBoolean, isText, listOf, nearestName, oneOf } from "./option-check.js";

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
  ["rolse", "roles"],
  ["overrideGlobalClaimValidator", "overrideGlobalClaimValidators"],
  ["sesionRequired", "sessionRequired"],
  ["accessTokenValidity", "accessTokenValiditySeconds"],
  ["AccessTokenValidityJ", "accessTokenValidityJitter"],
  ["zebra", undefined],
  ["x", undefined],
  ["req", undefined],
])("%s is near %s", (name, near) => {
  const known = [
    "require",
    "checkDatabase",
    "keyPrefix",
    "roles",
    "overrideGlobalClaimValidators",
    "sessionRequired",
    "accessTokenValiditySeconds",
    "accessTokenValidityJitter",
  ];
  expect(nearestName(name, known)).toBe(near);
});

describe("a list", () => {
  const check = (value: unknown) => () => listOf("plugins")(value, "plugins");
  function createUserRoles() {}

  it("with a function in it says to call that", () => {
    const message = "option `plugins`: createUserRoles is a function: call it";
    expect(check([{}, createUserRoles])).toThrow(message);
    expect(check(createUserRoles)).toThrow(message);
  });

  it("of anything else is told what it must be", () => {
    for (const value of [{}, [1], [{}, null], [undefined], "x", undefined])
      expect(check(value)).toThrow("option `plugins`: must be a list of plugins");
    expect(check([{}])).not.toThrow();
  });
});
