// npm run rows: which rows of the specification a test that ran and passed covers, which are explained, which are missing.
//   npm run rows -- --all     every row with its tests
//   npm run rows -- --brief   only the table and what is wrong
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, run } from "./lib/run.mjs";
import { readTests } from "./report/tests.mjs";
import { judge } from "./rows/judge.mjs";

const { values: options } = parseArgs({ options: { all: { type: "boolean" }, brief: { type: "boolean" } } });
const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

if (!existsSync(join(root, ".reports/tests"))) {
  await run("node", ["scripts/test.mjs", "--only", "install,build,scripts,tests"]);
}

const sections = readJson("docs/rows/rows.json");
const verdict = judge(sections, readJson("docs/rows/gaps.json"), readTests());

const width = Math.max(...sections.map(({ section }) => section.length));
const line = (name, ...numbers) =>
  console.log(name.padEnd(width) + numbers.map((n) => `${n}`.padStart(9)).join(""));
line("section", "rows", "covered", "gap", "missing");
for (const { section, rows } of verdict.sections) {
  const of = (state) => rows.filter((row) => row.state === state).length;
  line(section, rows.length, of("covered"), of("gap"), of("missing"));
}
const all = verdict.sections.flatMap(({ rows }) => rows);
const of = (state) => all.filter((row) => row.state === state);
line("all", all.length, of("covered").length, of("gap").length, of("missing").length);

if (options.all) {
  for (const { id, title, tests } of of("covered")) {
    console.log(`\n${id}  ${title}`);
    for (const test of tests) console.log(`    ${test}`);
  }
}
if (!options.brief && of("gap").length > 0) {
  console.log("\nGaps, with their reasons:");
  for (const { id, reason } of of("gap")) console.log(`  ${id.padEnd(10)} ${reason}`);
}
if (of("missing").length > 0) {
  console.log("\nMissing, neither covered nor explained:");
  for (const { id, title, note } of of("missing")) console.log(`  ${id.padEnd(10)} ${title}${note}`);
}
for (const problem of verdict.problems) console.log(`\n${problem}`);
process.exit(of("missing").length + verdict.problems.length > 0 ? 1 : 0);
