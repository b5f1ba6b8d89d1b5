import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Measured, ratioOf } from "./measure.ts";
import { getSessionSuite, PEER, RAW } from "./suites/get-session.ts";

/** One row of the JSON output. */
interface Row {
  suite: string;
  case: string;
  median: number;
  p25: number;
  p75: number;
  unit: "ns";
  ratio: number;
  ratioTo: string;
}

const { values } = parseArgs({
  options: { json: { type: "string" }, rounds: { type: "string", default: "13" } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number of 1 or more");

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, medians of ${rounds} interleaved rounds\n`,
);
const measured = await getSessionSuite(rounds);
const rows = [...compared("getSession", measured, RAW), ...compared("getSession", measured, PEER)];
printTable(rows);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);

function compared(suite: string, all: readonly Measured[], reference: string): Row[] {
  const base = all.find(({ name }) => name === reference);
  if (base === undefined) throw new Error(`${reference} was not measured`);
  return all.map((one) => ({
    suite,
    case: one.name,
    median: Math.round(one.median),
    p25: Math.round(one.p25),
    p75: Math.round(one.p75),
    unit: "ns",
    ratio: Number(ratioOf(one, base).median.toPrecision(3)),
    ratioTo: reference,
  }));
}

function printTable(all: readonly Row[]): void {
  const header = ["case", "median", "p25", "p75", "ratio", "to"];
  const lines = all.map((row) => [
    row.case,
    `${row.median} ns`,
    `${row.p25} ns`,
    `${row.p75} ns`,
    `× ${row.ratio}`,
    row.ratioTo,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of [header, widths.map((width) => "-".repeat(width)), ...lines]) {
    console.log(`| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  }
}
