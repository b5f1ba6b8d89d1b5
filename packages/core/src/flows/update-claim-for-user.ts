import { checkClaim } from "../claims/check-validators.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { checkOptions, isAnything } from "../errors/option-check.js";
import { checkTenantId } from "../session/create-session.js";
import type { SessionCore } from "./session-core.js";

const AT_ONCE = 16;

/**
 * Fetches a claim for every live session of a user, or sets it to a given value (claims.md O-21). Clients see it with
 * their next refresh, or on routes with `checkDatabase`.
 *
 * @returns handles of the sessions that were changed
 */
export async function updateClaimForUser<T>(
  core: SessionCore,
  userId: string,
  claim: SessionClaim<T>,
  given: { readonly tenantId?: string | undefined; readonly value?: T | undefined },
  userContext: UserContext,
): Promise<string[]> {
  checkClaim(claim);
  const { tenantId, value } = checkOptions(
    "updateClaimForUser",
    { tenantId: (id) => checkTenantId(id), value: isAnything },
    given,
  );
  const { functions } = core.engine.tools;
  const handles = await functions.getAllSessionHandlesForUser({ userId, tenantId, userContext });
  const changed: string[] = [];
  for (let start = 0; start < handles.length; start += AT_ONCE) {
    const batch = handles.slice(start, start + AT_ONCE).map(async (sessionHandle) => {
      const isThere =
        value === undefined
          ? await functions.fetchAndSetClaim({ sessionHandle, claim, userContext })
          : await functions.setClaimValue({ sessionHandle, claim, value, userContext });
      if (isThere) changed.push(sessionHandle);
    });
    await Promise.all(batch);
  }
  return changed;
}
