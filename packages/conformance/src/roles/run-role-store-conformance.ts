import type { ConformanceRunner } from "../conformance-runner.js";
import type { MakeRoleStore } from "./role-case.js";
import { roleConformanceCases, runRoleCase } from "./role-conformance-cases.js";

export interface RoleStoreConformanceOptions {
  /** For the report: `"postgres 17"`. */
  readonly name: string;
  readonly makeStore: MakeRoleStore;
}

/**
 * Registers every case of the role suite with a test runner, each on a store of its own.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * runRoleStoreConformance({ name: "mine", makeStore }, { describe, it });
 * ```
 */
export function runRoleStoreConformance(
  { name, makeStore }: RoleStoreConformanceOptions,
  { describe, it }: ConformanceRunner,
): void {
  describe(`role store conformance: ${name}`, () => {
    for (const roleCase of roleConformanceCases) it(roleCase.title, () => runRoleCase(roleCase, makeStore));
  });
}
