import type { Row } from "../row.ts";
import { figure } from "./figure.ts";

const HEADER = ["case", "median", "p25 – p75", "ratio", "p25 – p75 of the ratio", "to"];

/** The rows of one suite as a Markdown table whose source can be read too. */
export function markdownTable(rows: readonly Row[]): string {
  const header = rows.some(({ gate }) => gate !== undefined) ? [...HEADER, "target"] : HEADER;
  const lines = rows.map((row) => [
    row.case,
    figure(row.median, row.unit),
    `${figure(row.p25, row.unit)} – ${figure(row.p75, row.unit)}`,
    `× ${row.ratio}`,
    `${row.ratioP25} – ${row.ratioP75}`,
    row.ratioTo,
    ...(header === HEADER ? [] : [targetOf(row)]),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  return [header, rule, ...lines]
    .map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`)
    .join("\n");
}

function targetOf({ gate, unit }: Row): string {
  if (gate === undefined) return "";
  const limit = gate.of === "ratio" ? `× ${gate.atMost}` : figure(gate.atMost, unit);
  return `≤ ${limit}: ${gate.isMet ? "met" : "MISSED"}`;
}
