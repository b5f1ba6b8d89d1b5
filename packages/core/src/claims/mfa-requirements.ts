/** A factor, one of several, or all of several in any order. */
export type MfaRequirement =
  | string
  | { readonly oneOf: readonly string[] }
  | { readonly allOfInAnyOrder: readonly string[] };

/** Completed factors and when, in seconds since the epoch. */
export type CompletedFactors = Readonly<Record<string, number>>;

/**
 * The first requirement that is not met, from left to right; undefined when all are (claims.md 5.4). An empty list, an
 * empty `oneOf` and an empty `allOfInAnyOrder` are met.
 */
export function firstUnmet(
  requirements: readonly MfaRequirement[],
  completed: CompletedFactors,
): MfaRequirement | undefined {
  return requirements.find((requirement) => !isMet(requirement, completed));
}

function isMet(requirement: MfaRequirement, completed: CompletedFactors): boolean {
  const isDone = (factorId: string): boolean => Object.hasOwn(completed, factorId);
  if (typeof requirement === "string") return isDone(requirement);
  if ("oneOf" in requirement) return requirement.oneOf.length === 0 || requirement.oneOf.some(isDone);
  return requirement.allOfInAnyOrder.every(isDone);
}

/** Factors that would go on with a requirement that is not met. */
export function nextFactors(requirement: MfaRequirement | undefined, completed: CompletedFactors): string[] {
  if (requirement === undefined) return [];
  if (typeof requirement === "string") return [requirement];
  if ("oneOf" in requirement) return [...requirement.oneOf];
  return requirement.allOfInAnyOrder.filter((factorId) => !Object.hasOwn(completed, factorId));
}
