import type { Row } from "../row.ts";

/** A group of measurements. Add a new one to the list in `index.ts`. */
export interface Suite {
  /** What `--suite` takes. */
  name: string;
  /** Heading of its table. */
  title: string;
  /** Packages whose versions belong beside the figures. */
  packages: readonly string[];
  /** @param rounds how often every case is measured; 1 gives figures without a spread */
  run(rounds: number): Promise<Row[]>;
}
