import { assignmentCases } from "./assignments.js";
import { definitionCases } from "./definitions.js";
import type { MakeRoleStore, RoleCase } from "./role-case.js";
import { versionCases } from "./versions.js";

/** The suite: claims.md 4.3 to 4.8, as far as a store alone can show them. */
export const roleConformanceCases: readonly RoleCase[] = [
  ...definitionCases,
  ...assignmentCases,
  ...versionCases,
];

/** Runs one case on a fresh store, and cleans up whatever happens. */
export async function runRoleCase(roleCase: RoleCase, makeStore: MakeRoleStore): Promise<void> {
  const made = await makeStore();
  try {
    const second = (await made.reopen?.()) ?? made.store;
    await roleCase.run({ store: made.store, second });
  } finally {
    await made.cleanup?.();
  }
}
