import type { Row } from "../row.ts";
import { figure } from "./figure.ts";

const WIDTH = 960;
const LABEL_WIDTH = 330;
const FIGURE_WIDTH = 190;
const LINE_HEIGHT = 22;
const TOP = 64;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - FIGURE_WIDTH - 30;

/**
 * The ratios of one suite as bars on a logarithmic scale, the quartiles as a thin line over each; one file without
 * script, font or style sheet, readable on light and on dark pages.
 *
 * @param title    what the picture shows
 * @param subtitle what the ratio is taken to
 */
export function barChart(title: string, subtitle: string, rows: readonly Row[]): string {
  const sorted = [...rows].sort((a, b) => a.ratio - b.ratio);
  const least = Math.min(...sorted.map(({ ratioP25 }) => ratioP25)) / 1.5;
  const most = Math.max(...sorted.map(({ ratioP75 }) => ratioP75));
  const x = (ratio: number): number =>
    LABEL_WIDTH + (Math.log(ratio / least) / Math.log(most / least)) * BAR_WIDTH;
  const height = TOP + sorted.length * LINE_HEIGHT + 16;
  const bars = sorted.map((row, index) => {
    const middle = TOP + index * LINE_HEIGHT + LINE_HEIGHT / 2;
    const text = `× ${row.ratio} (${figure(row.median, row.unit)})`;
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${middle + 4}" text-anchor="end" fill="#1f2937">${escaped(row.case)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${middle - 7}" width="${rounded(x(row.ratio) - LABEL_WIDTH)}" height="14" rx="2" fill="${colourOf(row)}"/>`,
      `<line x1="${rounded(x(row.ratioP25))}" x2="${rounded(x(row.ratioP75))}" y1="${middle}" y2="${middle}" stroke="#111827" stroke-width="2"/>`,
      `<text x="${rounded(Math.max(x(row.ratio), x(row.ratioP75)) + 8)}" y="${middle + 4}" fill="#4b5563">${escaped(text)}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escaped(title)}">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="26" font-size="18" font-weight="600" fill="#111827">${escaped(title)}</text>
<text x="16" y="47" fill="#4b5563">${escaped(subtitle)}</text>
${bars.join("\n")}
</svg>
`;
}

function colourOf(row: Row): string {
  if (row.case.startsWith("ours")) return "#0f766e";
  return row.case === row.ratioTo ? "#9ca3af" : "#d97706";
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
