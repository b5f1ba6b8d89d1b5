import type { ConformanceRunner } from "../conformance-runner.js";
import { tagsOf } from "../row-tags.js";
import type { StoreServer } from "./server-case.js";
import { runServerCase, serverConformanceCases } from "./server-conformance-cases.js";

export interface ServerStoreConformanceOptions {
  /** For the report: `"postgres 17"`. */
  readonly name: string;
  /** Asked for by each case; the cases run one after another on the same server. */
  readonly server: () => StoreServer;
}

/**
 * Registers what a store must bear when its server is slow, silent or gone, or a reply gets lost. The server is one's
 * own, and so is a TCP proxy before it.
 */
export function runServerStoreConformance(
  { name, server }: ServerStoreConformanceOptions,
  { describe, it }: ConformanceRunner,
): void {
  describe(`server store conformance: ${name}`, () => {
    for (const serverCase of serverConformanceCases) {
      it(`${serverCase.title} ${tagsOf(serverCase.rows)}`, () => runServerCase(serverCase, server()));
    }
  });
}
