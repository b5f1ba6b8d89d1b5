// The reporter for node:test runners: node --test --test-reporter ./scripts/report/node-test.mjs
// Prints one line per failure and appends the same records as the Vitest reporter, under the project REPORT_PROJECT.
import { fromRoot, writeTests } from "./tests.mjs";

export default async function* report(source) {
  const lines = [];
  const path = [];
  for await (const { type, data } of source) {
    if (type === "test:start") path.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details.type === "suite") continue;
    const name = [...path.slice(0, data.nesting), data.name].join(" > ");
    const state =
      type === "test:fail"
        ? "failed"
        : data.skip !== undefined || data.todo !== undefined
          ? "skipped"
          : "passed";
    lines.push({ name, state, file: fromRoot(data.file) });
    if (state === "failed")
      yield `✗ ${name}\n${data.details.error.cause?.stack ?? data.details.error.message}\n`;
  }
  writeTests(process.env.REPORT_PROJECT ?? "scripts", lines);
  const failed = lines.filter((line) => line.state === "failed").length;
  yield `${lines.length - failed} of ${lines.length} ok\n`;
}
