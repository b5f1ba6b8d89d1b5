import type { VerifySessionOptions } from "@acme/session-core";

/**
 * Options of a controller with those of a route on top. Nothing is lost: a route's own value wins, lists of both count,
 * and a route's code for the validators gets what the controller's has left.
 */
export function mergeOptions(
  outer: VerifySessionOptions | undefined,
  inner: VerifySessionOptions | undefined,
): VerifySessionOptions {
  if (outer === undefined || inner === undefined) return { ...outer, ...inner };
  const merged: VerifySessionOptions = { ...outer, ...defined(inner) };
  for (const list of ["roles", "permissions", "skip"] as const) {
    const both = [...(outer[list] ?? []), ...(inner[list] ?? [])];
    if (both.length > 0) merged[list] = both;
  }
  if (outer.require !== undefined || inner.require !== undefined) {
    merged.require = [...(outer.require ?? []), ...(inner.require ?? [])];
  }
  const first = outer.overrideGlobalClaimValidators;
  const second = inner.overrideGlobalClaimValidators;
  if (first !== undefined && second !== undefined) {
    merged.overrideGlobalClaimValidators = async (globals, session, userContext) =>
      second(await first(globals, session, userContext), session, userContext);
  }
  return merged;
}

/** An option that is there and undefined says nothing. */
function defined(options: VerifySessionOptions): VerifySessionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
