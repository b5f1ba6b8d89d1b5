import type { Row } from "../row.ts";

/** A figure as people write it: three digits and a unit. */
export function figure(value: number, unit: Row["unit"]): string {
  if (unit === "packages") return String(value);
  if (unit === "bytes") {
    if (value < 10_000) return `${value} B`;
    return value < 1024 ** 2 ? `${digits(value / 1024)} KB` : `${digits(value / 1024 ** 2)} MB`;
  }
  if (unit === "ms") return `${digits(value)} ms`;
  if (value < 1000) return `${value} ns`;
  return value < 1_000_000 ? `${digits(value / 1000)} µs` : `${digits(value / 1_000_000)} ms`;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
