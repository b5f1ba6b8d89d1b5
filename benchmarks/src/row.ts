import { type Measured, ratioOf } from "./measure.ts";

/** One row of the JSON output. `ratio` is of `case` to `ratioTo`, round by round, so it is not `median / median`. */
export interface Row {
  suite: string;
  case: string;
  median: number;
  p25: number;
  p75: number;
  unit: "ns" | "bytes" | "ms" | "packages";
  ratio: number;
  /** Quartiles of the ratio. */
  ratioP25: number;
  ratioP75: number;
  ratioTo: string;
  /** The target, where the specification has one for this case. */
  gate?: Gate;
}

export interface Gate {
  of: "ratio" | "median";
  atMost: number;
  isMet: boolean;
}

/** @param reference the case of the same suite that `one` is compared with */
export function row(suite: string, one: Measured, reference: Measured, unit: Row["unit"] = "ns"): Row {
  const ratio = ratioOf(one, reference);
  return {
    suite,
    case: one.name,
    median: Math.round(one.median),
    p25: Math.round(one.p25),
    p75: Math.round(one.p75),
    unit,
    ratio: threeDigits(ratio.median),
    ratioP25: threeDigits(ratio.p25),
    ratioP75: threeDigits(ratio.p75),
    ratioTo: reference.name,
  };
}

/** The row with its target: what may be at most so large. */
export function gated(row: Row, of: Gate["of"], atMost: number): Row {
  return { ...row, gate: { of, atMost, isMet: row[of] <= atMost } };
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}
