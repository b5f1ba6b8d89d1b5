import type { Row } from "../row.ts";
import type { TargetName } from "../stores/start-target.ts";

/** A group of measurements. Add a new one to the list in `index.ts`. */
export interface Suite {
  /** What `--suite` takes. */
  name: string;
  /** Heading of its table. */
  title: string;
  /** Packages whose versions belong beside the figures. */
  packages: readonly string[];
  /** What the machine must have; such a suite runs only when it is named. */
  needs?: string;
  run(effort: Effort): Promise<Row[]>;
}

/** How much is spent on a figure. */
export interface Effort {
  /** How often every case is measured; 1 gives figures without a spread. */
  rounds: number;
  /** CPU time that one case takes in one round. */
  roundMs: number;
  /** Stores to measure. */
  stores: readonly TargetName[];
  /** Sessions in a large store. */
  rows: number;
}
