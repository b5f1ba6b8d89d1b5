// npm test: every check and every test, each step timed. A failing step does not hide the next one.
//   npm test -- --checks            the checks alone, no tests
//   npm test -- --only tests,rows   these steps alone
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pnpm, root, run } from "./lib/run.mjs";
import { readTests, statesIn } from "./report/tests.mjs";
import { steps } from "./steps.mjs";

const { values: flags } = parseArgs({ options: { checks: { type: "boolean" }, only: { type: "string" } } });
const only = flags.only?.split(",");
const unknown = only?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
if (unknown.length > 0) {
  console.error(`No step named ${unknown.join(", ")}. Steps: ${steps.map((step) => step.name).join(", ")}`);
  process.exit(2);
}
const chosen = steps.filter((step) =>
  only ? only.includes(step.name) : !(flags.checks && (step.runner || step.after)),
);

if (!only && !flags.checks) rmSync(join(root, ".reports"), { recursive: true, force: true });

const work = mkdtempSync(join(tmpdir(), "test-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const results = [];
for (const step of chosen) {
  console.log(`\n── ${step.name}`);
  const started = Date.now();
  const [command, ...args] = step.command;
  const states = join(work, step.name);
  const options = { env: { ...step.env, REPORT_STATES: states } };
  const code = await (command === "pnpm" ? pnpm(args, options) : run(command, args, options));
  results.push({
    step: step.name,
    seconds: (Date.now() - started) / 1000,
    code,
    ...count(step, code, states),
  });
  if (code !== 0 && step.stop) break;
}

const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const left = chosen.length - results.length;

console.log(
  `\n${"step".padEnd(14)}${"passed".padStart(8)}${"failed".padStart(8)}${"skipped".padStart(9)}${"seconds".padStart(9)}`,
);
for (const { step, passed, failed, skipped, seconds, code } of results) {
  const row = step.padEnd(14) + `${passed}`.padStart(8) + `${failed}`.padStart(8) + `${skipped}`.padStart(9);
  console.log(`${row}${seconds.toFixed(1).padStart(9)}${code === 0 ? "" : "  ✗"}`);
}
const failed = chosen.some((step) => step.runner)
  ? readTests().filter(({ state }) => state === "failed")
  : [];
for (const { file, name } of failed) console.log(`✗ ${file}: ${name}`);
if (left > 0) console.log(`${left} steps were not reached.`);
console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
process.exit(results.some((result) => result.code !== 0) ? 1 : 0);

function count(step, code, file) {
  const check = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  if (!step.runner) return check;
  const states = statesIn(file);
  const of = (state) => states.filter((other) => other === state).length;
  // A runner that fails without a failing test broke down itself.
  return { passed: of("passed"), failed: of("failed") || check.failed, skipped: of("skipped") };
}
