import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge } from "./judge.mjs";
import { tagReader } from "./tags.mjs";

const ids = [
  "wire:R-4",
  "wire:R-5a",
  "wire:R-5b",
  "wire:R-6",
  "wire:Z-1",
  "wire:Z-2",
  "wire:Z-16",
  "sec:R-04",
  "sec:CC-01",
];
const read = tagReader(ids);

describe("tags in test names", () => {
  const cases = {
    "[wire R-4] one": ["wire:R-4"],
    "[sec R-4] without the zero": ["sec:R-04"],
    "[wire R-04] with one too many": ["wire:R-4"],
    "two [wire R-4] groups > [sec CC-01] deep": ["wire:R-4", "sec:CC-01"],
    "[wire R-4, R-6] a list": ["wire:R-4", "wire:R-6"],
    "[wire R-4,R-5b ; Z-1] a list of any kind": ["wire:R-4", "wire:R-5b", "wire:Z-1"],
    "[wire Z-1…Z-16] a range": ["wire:Z-1", "wire:Z-2", "wire:Z-16"],
    "[wire Z-1..Z-2] with dots": ["wire:Z-1", "wire:Z-2"],
    "[wire Z-1 – Z-2] with a dash": ["wire:Z-1", "wire:Z-2"],
    "[wire R-5a…R-5b] of letters": ["wire:R-5a", "wire:R-5b"],
    "[wire R-4…R-5] up to every letter": ["wire:R-4", "wire:R-5a", "wire:R-5b"],
    "[wire R-4…R-5, Z-2] mixed": ["wire:R-4", "wire:R-5a", "wire:R-5b", "wire:Z-2"],
    "[R-4] without a document, [0] other brackets": [],
  };
  for (const [name, rows] of Object.entries(cases)) {
    it(name.replaceAll(/[[\]]/g, "|"), () => assert.deepEqual(read(name), { rows, unknown: [] }));
  }

  for (const word of ["R-9", "r-4", "R-6…R-4", "R-4…Z-2", "", "R 4", "Z"]) {
    it(`say that "${word}" names no row`, () =>
      assert.deepEqual(read(`[wire ${word}]`), { rows: [], unknown: [`wire ${word}`] }));
  }
});

describe("the verdict on a row", () => {
  const sections = [{ section: "wire 3.3", rows: { "wire:R-4": "malformed", "wire:R-6": "missing row" } }];
  const test = (name, state) => ({ name, state, file: "a.test.ts" });
  const verdict = (gaps, ...tests) => {
    const { problems, sections: judged } = judge(sections, gaps, tests);
    return { problems: problems.length, states: judged[0].rows.map((row) => row.state) };
  };
  const both = test("[wire R-4, R-6]", "passed");

  it("is covered when its tests passed", () =>
    assert.deepEqual(verdict({}, both), { problems: 0, states: ["covered", "covered"] }));
  it("is missing without a test", () =>
    assert.deepEqual(verdict({}, test("[wire R-4]", "passed")), {
      problems: 0,
      states: ["covered", "missing"],
    }));
  it("is missing when one of its tests failed", () =>
    assert.deepEqual(verdict({}, both, test("[wire R-6]", "failed")), {
      problems: 0,
      states: ["covered", "missing"],
    }));
  it("is missing when its only test was skipped", () =>
    assert.deepEqual(verdict({}, test("[wire R-4…R-6]", "skipped")), {
      problems: 0,
      states: ["missing", "missing"],
    }));
  it("is a gap with a reason", () =>
    assert.deepEqual(verdict({ "wire:R-6": "why" }, test("[wire R-4]", "passed")), {
      problems: 0,
      states: ["covered", "gap"],
    }));
  it("is a problem when a covered row has a reason", () =>
    assert.equal(verdict({ "wire:R-6": "why" }, both).problems, 1));
  it("is a problem when a reason is empty", () => assert.equal(verdict({ "wire:R-6": "" }).problems, 1));
  it("is a problem when a reason is for no row", () =>
    assert.equal(verdict({ "wire:R-7": "why" }, both).problems, 1));
});
