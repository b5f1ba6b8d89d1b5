// npm run bench [-- --suite NAME …] [--rounds N] [--round-ms N] [--store NAME …] [--rows N] [--gates]
//                   [--json FILE] [--markdown FILE] [--svg FILE]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "./report/machine.ts";
import { markdownTable } from "./report/markdown.ts";
import { barChart } from "./report/svg.ts";
import type { Row } from "./row.ts";
import { type TargetName, targetNames, usualTargets } from "./stores/start-target.ts";
import { suites } from "./suites/index.ts";

const { values } = parseArgs({
  options: {
    suite: { type: "string", multiple: true },
    rounds: { type: "string", default: "13" },
    "round-ms": { type: "string", default: "25" },
    store: { type: "string", multiple: true },
    rows: { type: "string", default: "1000000" },
    gates: { type: "boolean", default: false },
    json: { type: "string" },
    markdown: { type: "string" },
    svg: { type: "string" },
  },
});
const rounds = wholeNumber("rounds");
const roundMs = wholeNumber("round-ms");
const unknown = values.suite?.find((name) => !suites.some((suite) => suite.name === name));
if (unknown !== undefined) {
  throw new Error(`there is no suite ${unknown}; there are ${suites.map(({ name }) => name).join(", ")}`);
}
const missing = values.store?.find((name) => !targetNames.some((store) => store === name));
if (missing !== undefined) {
  throw new Error(`there is no store ${missing}; there are ${targetNames.join(", ")}`);
}
const effort = {
  rounds,
  roundMs,
  stores: (values.store as TargetName[] | undefined) ?? usualTargets,
  rows: wholeNumber("rows"),
};
const chosen = suites.filter(({ name, needs }) => values.suite?.includes(name) ?? needs === undefined);

const parts: string[] = [];
const say = (text: string): void => {
  parts.push(text);
  console.log(`${text}\n`);
};
say(
  describeMachine(
    chosen.flatMap(({ packages }) => packages),
    rounds,
  ),
);
const rows: Row[] = [];
for (const suite of chosen) {
  const measured = await suite.run(effort);
  rows.push(...measured);
  say(`## ${suite.title}`);
  for (const name of new Set(measured.map((row) => row.suite))) {
    say(markdownTable(measured.filter((row) => row.suite === name)));
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
if (values.markdown !== undefined) writeFileSync(values.markdown, `${parts.join("\n\n")}\n`);
if (values.svg !== undefined) {
  const [first] = chosen;
  const shown = rows.filter(({ suite }) => suite === first?.name);
  writeFileSync(
    values.svg,
    barChart(first?.title ?? "", "time as a ratio to the raw signature check, logarithmic", shown),
  );
}
const missed = rows.filter(({ gate }) => gate?.isMet === false).map((row) => row.case);
if (values.gates && missed.length > 0) {
  console.error(`missed: ${missed.join("; ")}`);
  process.exitCode = 1;
}

function wholeNumber(option: "rounds" | "round-ms" | "rows"): number {
  const value = Number(values[option]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} takes a whole number of 1 or more`);
  return value;
}
