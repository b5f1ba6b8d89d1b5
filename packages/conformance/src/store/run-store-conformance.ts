import type { ConformanceRunner } from "../conformance-runner.js";
import { tagsOf } from "../row-tags.js";
import { type MakeStore, type StoreCapabilities, usualReasons } from "./store-case.js";
import { runStoreCase, storeConformanceCases } from "./store-conformance-cases.js";

export interface StoreConformanceOptions {
  /** For the report: `"postgres 17"`. */
  readonly name: string;
  readonly makeStore: MakeStore;
  readonly capabilities: StoreCapabilities;
}

/**
 * Registers every case of the suite with a test runner, each on a store of its own.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * runStoreConformance({ name: "mine", makeStore, capabilities: { secondInstance: true, namespaces: true } }, { describe, it });
 * ```
 */
export function runStoreConformance(
  { name, makeStore, capabilities }: StoreConformanceOptions,
  { describe, it }: ConformanceRunner,
): void {
  describe(`store conformance: ${name}`, () => {
    for (const storeCase of storeConformanceCases) {
      const { needs } = storeCase;
      const answer = needs === undefined ? true : (capabilities[needs] ?? usualReasons[needs]);
      const run = (): Promise<void> => runStoreCase(storeCase, makeStore);
      if (answer === true) it(`${storeCase.title} ${tagsOf(storeCase.rows)}`, run);
      else it.skip(`${storeCase.title} (left out: ${answer})`, run);
    }
  });
}
