import assert from "node:assert/strict";
import { test } from "node:test";
import { adapterTable } from "./table.mjs";

const ran = (harness, id, state = "passed", note = "") => ({
  name: `adapter conformance: ${harness} [sec A-01] > ${id} what holds${note}`,
  state,
  file: "x.test.ts",
});

test("a row per harness, a column per case; what was left out says why", () => {
  const { lines, exceptions, problems } = adapterTable([
    ran("koa3", "C-01"),
    ran("koa3", "C-70"),
    ran("inject", "C-01"),
    ran("inject", "C-70", "skipped", " (left out: no stream)"),
    { name: "something else > C-01", state: "failed", file: "y.test.ts" },
  ]);
  assert.deepEqual(lines, ["0 7", "1 0", "✓ –  inject", "✓ ✓  koa3"]);
  assert.deepEqual(exceptions, ["inject  C-70  no stream"]);
  assert.deepEqual(problems, []);
});

test("a case that failed, was skipped without a reason, or did not run is a problem", () => {
  const { lines, problems } = adapterTable([
    ran("a", "C-01", "failed"),
    ran("a", "C-02", "skipped"),
    ran("b", "C-01"),
  ]);
  assert.deepEqual(lines.slice(2), ["✗ ?  a", "✓ ?  b"]);
  assert.deepEqual(problems, ["a  C-01  failed", "a  C-02  skipped", "b  C-02  did not run"]);
});
