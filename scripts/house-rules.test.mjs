import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findings } from "./house-rules.mjs";

const at = (file, text) => findings([file], () => text).map((line) => line.split(": ")[1]);
const source = "packages/core/src/verify/a.ts";

describe("the house rules", () => {
  for (const text of [
    "Date.now()",
    "new Date()",
    "new Date",
    "performance.now()",
    "process.hrtime.bigint()",
  ]) {
    it(`report ${text}`, () => assert.deepEqual(at(source, `const now = ${text};`), ["ambient-time"]));
  }
  it("report Math.random", () => assert.deepEqual(at(source, "Math.random()"), ["ambient-randomness"]));
  it("let a date be made of a number", () => assert.deepEqual(at(source, "new Date(ms).toUTCString()"), []));
  it("let runtime read the clock", () =>
    assert.deepEqual(at("packages/core/src/runtime/clock.ts", "Date.now()"), []));
  it("let tests and examples read the clock", () => {
    assert.deepEqual(at("packages/core/src/verify/a.test.ts", "Date.now()"), []);
    assert.deepEqual(at("examples/express/src/server.ts", "Date.now()"), []);
  });
  it("report a TODO without an issue", () => {
    assert.deepEqual(at(source, "// TO" + "DO later"), ["todo"]);
    assert.deepEqual(at(source, "// TO" + "DO(#12): later"), []);
  });
  it("report type escapes", () => {
    for (const text of ["x as any", "// @ts-ignore"]) assert.deepEqual(at(source, text), ["type-escape"]);
  });
  it("report vague names", () =>
    assert.deepEqual(at("packages/core/src/verify/utils.ts", ""), ["vague-name"]));
});
