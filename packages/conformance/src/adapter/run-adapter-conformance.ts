import type { ConformanceRunner } from "../conformance-runner.js";
import { tagsOf } from "../row-tags.js";
import type { AdapterCase } from "./adapter-case.js";
import { adapterConformanceCases, runAdapterCase } from "./adapter-conformance-cases.js";
import type { AdapterHarness } from "./harness.js";

/**
 * Registers every case of the suite with a test runner, each on an application of its own. What the host lacks is left
 * out and says why.
 */
export function runAdapterConformance(harness: AdapterHarness, { describe, it }: ConformanceRunner): void {
  describe(`adapter conformance: ${harness.id} [sec A-01]`, () => {
    for (const adapterCase of adapterConformanceCases) {
      const name = `${adapterCase.id} ${adapterCase.title}`;
      const run = (): Promise<void> => runAdapterCase(adapterCase, harness);
      const reason = reasonToLeaveOut(adapterCase, harness);
      if (reason === undefined) it(`${name} ${tagsOf(adapterCase.rows ?? [])}`.trim(), run);
      else it.skip(`${name} (left out: ${reason})`, run);
    }
  });
}

/** Why this harness does not run a case; undefined when it does. */
function reasonToLeaveOut({ id, needs }: AdapterCase, harness: AdapterHarness): string | undefined {
  return harness.exceptions?.[id] ?? (needs === undefined ? undefined : harness.without?.[needs]);
}
