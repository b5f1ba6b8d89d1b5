import type { ConformanceRunner } from "../conformance-runner.js";
import { tagsOf } from "../row-tags.js";
import type { JoinedServer } from "./joined-case.js";
import { joinedConformanceCases } from "./joined-conformance-cases.js";
import type { StoreServer } from "./server-case.js";
import { runServerCase, serverConformanceCases } from "./server-conformance-cases.js";

export interface ServerStoreConformanceOptions {
  /** For the report: `"postgres 17"`. */
  readonly name: string;
  /** Asked for by each case; the cases run one after another on the same server. */
  readonly server: () => StoreServer;
  /**
   * Asked for by each case of a store with `joinTransaction`, unless `runJoinedConformance` is called for it; for others
   * the reason, which is printed.
   */
  readonly joined?: (() => JoinedServer) | string;
}

const ISOLATIONS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

/**
 * Registers what a store must bear when its server is slow, silent or gone, or a reply gets lost. The server is one's
 * own, and so is a TCP proxy before it.
 */
export function runServerStoreConformance(
  { name, server, joined }: ServerStoreConformanceOptions,
  runner: ConformanceRunner,
): void {
  const { describe, it } = runner;
  describe(`server store conformance: ${name}`, () => {
    for (const serverCase of serverConformanceCases) {
      it(`${serverCase.title} ${tagsOf(serverCase.rows)}`, () => runServerCase(serverCase, server()));
    }
  });
  if (joined !== undefined) runJoinedConformance({ name, joined }, runner);
}

/** Registers what must hold in a transaction of the application, at each isolation, with one connection and with ten. */
export function runJoinedConformance(
  { name, joined }: { readonly name: string; readonly joined: (() => JoinedServer) | string },
  { describe, it }: ConformanceRunner,
): void {
  describe(`joined: ${name}`, () => {
    if (typeof joined === "string") {
      for (const { title } of joinedConformanceCases) {
        // biome-ignore lint/suspicious/noSkippedTests: with the reason, which every report prints
        it.skip(`${title} — left out: ${joined}`, async () => {});
      }
      return;
    }
    for (const isolation of ISOLATIONS) {
      for (const connections of [1, 10]) {
        describe(`${isolation}, a pool of ${connections}`, () => {
          for (const { title, run, connections: needed = 1 } of joinedConformanceCases) {
            if (needed > connections) continue;
            it(title, async () => run(await joined().open(connections), isolation, connections));
          }
        });
      }
    }
  });
}
