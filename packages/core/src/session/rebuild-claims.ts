import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { unauthorised } from "../errors/throwers.js";
import { type JsonObject, jsonEqual, ownMember } from "../runtime/json.js";
import type { SessionRow } from "../store/session-store.js";
import { buildClaim } from "./build-claim.js";
import type { SessionEngine } from "./engine.js";
import { patchPayload } from "./regenerate-access-token.js";
import { readStoredJson } from "./sound-row.js";

/**
 * Fetches the claims that are to be fresh after a refresh, before the new token is made (claims.md O-44).
 *
 * Nothing here may fail the refresh: a claim that cannot be fetched keeps its old value, or is erased where its policy
 * says "fail". One write, and only if something has changed.
 *
 * @returns the row as it is then
 * @throws SessionError `UNAUTHORISED` (clearing) when the session was revoked meanwhile; `STORE_UNAVAILABLE` when its
 *         payload cannot be read
 */
export async function rebuildClaims(
  engine: SessionEngine,
  row: SessionRow,
  userContext: UserContext,
): Promise<SessionRow> {
  const { claimsAtRefresh, requestModeKeys } = engine.settings;
  if (claimsAtRefresh.length === 0 && requestModeKeys.size === 0) return row;
  const payload = await readStoredJson(engine, row, "accessTokenPayloadJson");
  const claims = claimsAtRefresh.filter(
    ({ key, policy }) => policy.autoAdd || ownMember(payload, key) !== undefined,
  );
  const patches = await fetchAll(engine, claims, row, payload, userContext);
  const patch: JsonObject = {};
  for (const key of requestModeKeys) if (ownMember(payload, key) !== undefined) patch[key] = null;
  for (const [claim, fetched] of patches) Object.assign(patch, changesOf(claim, payload, fetched));
  if (Object.keys(patch).length === 0) return row;
  let patched: SessionRow | undefined;
  try {
    patched = await patchPayload(engine, row.handle, patch, { claims, seen: payload });
  } catch {
    // The store does not answer, or the payload has grown too large: the old claims still stand.
    return row;
  }
  if (patched === undefined) throw unauthorised("the session does not exist any more", true);
  return patched;
}

async function fetchAll(
  engine: SessionEngine,
  claims: readonly SessionClaim<unknown>[],
  row: SessionRow,
  payload: JsonObject,
  userContext: UserContext,
): Promise<Map<SessionClaim<unknown>, JsonObject>> {
  const { userId, tenantId, handle } = row;
  const subject = { userId, recipeUserId: userId, tenantId, sessionHandle: handle };
  const underWay = new Map<string, Promise<void>>();
  const patches = new Map<SessionClaim<unknown>, JsonObject>();
  const failed: SessionClaim<unknown>[] = [];
  for (const claim of claims) {
    const fetching = async (): Promise<void> => {
      await undefined;
      await Promise.all(claim.policy.dependsOn.map(({ key }) => underWay.get(key)));
      try {
        patches.set(claim, await buildClaim(engine, claim, subject, payload, userContext));
      } catch {
        failed.push(claim);
      }
    };
    underWay.set(claim.key, fetching());
  }
  await Promise.all(underWay.values());
  for (const claim of failed) {
    if (claim.policy.onFetchError === "fail") patches.set(claim, { [claim.key]: null });
    // What it depends on must not look newer than it is.
    for (const dependency of claim.policy.dependsOn) patches.delete(dependency);
  }
  return patches;
}

/** A value that is what it was needs no write, unless its age counts. */
function changesOf(claim: SessionClaim<unknown>, payload: JsonObject, patch: JsonObject): JsonObject {
  const before = claim.getValueFromPayload(payload);
  const after = claim.getValueFromPayload(patch);
  const ages = "defaultMaxAgeInSeconds" in claim && claim.defaultMaxAgeInSeconds !== undefined;
  return !ages && before !== undefined && jsonEqual(before, after) ? {} : patch;
}
