import type { MakeStore, StoreCapabilities, StoreCase } from "./store-case.js";
import { runStoreCase, storeConformanceCases } from "./store-conformance-cases.js";

export interface StoreConformanceOptions {
  /** For the report: `"postgres 17"`. */
  readonly name: string;
  readonly makeStore: MakeStore;
  readonly capabilities: StoreCapabilities;
}

/** The part of vitest, node:test, mocha or jest that is used. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): unknown;
  it: ((name: string, body: () => Promise<void>) => unknown) & {
    skip(name: string, body: () => Promise<void>): unknown;
  };
}

/**
 * Registers every case of the suite with a test runner, each on a store of its own.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * runStoreConformance({ name: "mine", makeStore, capabilities: { secondInstance: true } }, { describe, it });
 * ```
 */
export function runStoreConformance(
  { name, makeStore, capabilities }: StoreConformanceOptions,
  { describe, it }: ConformanceRunner,
): void {
  describe(`store conformance: ${name}`, () => {
    for (const storeCase of storeConformanceCases) {
      const answer = storeCase.needs === undefined ? true : capabilities[storeCase.needs];
      const run = (): Promise<void> => runStoreCase(storeCase, makeStore);
      if (answer === true) it(`${storeCase.title} ${tagsOf(storeCase)}`, run);
      else it.skip(`${storeCase.title} (left out: ${answer})`, run);
    }
  });
}

/** `[wire ST-3] [sec ST-01, S-07]` */
function tagsOf({ rows }: StoreCase): string {
  const byDocument = new Map<string, string[]>();
  for (const row of rows) {
    const [document = "", id = ""] = row.split(" ");
    byDocument.set(document, [...(byDocument.get(document) ?? []), id]);
  }
  return [...byDocument].map(([document, ids]) => `[${document} ${ids.join(", ")}]`).join(" ");
}
