import type { ClaimSubject } from "../claims/claim-fetcher.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { deepFreeze, type JsonObject } from "../runtime/json.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { checkedPatch } from "../tokens/reserved-claims.js";
import type { SessionEngine } from "./engine.js";

/**
 * Fetches a claim now, within its time limit. @returns a merge patch; `{}` when its source has nothing to say
 *
 * @param customPayload the application's part of the payload
 * @throws what the fetch threw; SessionError `RESERVED_CLAIM_NAME`, `INVALID_PAYLOAD` for a value no token can carry
 */
export async function buildClaim(
  engine: SessionEngine,
  claim: SessionClaim<unknown>,
  subject: ClaimSubject,
  customPayload: JsonObject,
  userContext: UserContext,
): Promise<JsonObject> {
  const { userId, recipeUserId, tenantId, sessionHandle } = subject;
  const { value, stampMs } = await engine.claimFetcher.fetch(claim, {
    userId,
    recipeUserId,
    tenantId,
    sessionHandle,
    currentPayload: deepFreeze(customPayload),
    userContext,
    nowMs: engine.clock.wallMs(),
    // Asked for now: a fetch that began before may miss what the caller has just changed.
    maxAgeInSeconds: -1,
  });
  if (value === undefined) return {};
  return checkedPatch(snapshotPayload(`claim ${claim.key}`, claim.addToPayload({}, value, stampMs)));
}
