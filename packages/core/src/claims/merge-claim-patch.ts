import { isPlainObject, type JsonObject, type JsonValue, jsonEqual } from "../runtime/json.js";
import { mergePayload } from "../tokens/reserved-claims.js";
import type { SessionClaim, StampedValue } from "./session-claim.js";

/** Tells a patch that an evaluation fetched from one that an application wants. */
export interface FetchedClaims {
  readonly claims: readonly SessionClaim<unknown>[];
  /** The payload the evaluation looked at. */
  readonly seen: JsonObject;
}

/**
 * Merges a patch into the payload that the store holds by now (claims.md O-19, O-20).
 *
 * Between two entries with an age the younger stays: a patch that was made from an older look at the source is dropped,
 * key by key. A fetched entry moreover gives way to one that somebody else wrote since the evaluation began. No entry
 * counts as younger than now, so that another server's fast clock cannot shut out later writes; a removal is always now.
 */
export function mergeClaimPatch(
  stored: JsonObject,
  patch: JsonObject,
  nowMs: number,
  fetched?: FetchedClaims | undefined,
): JsonObject {
  const accepted: JsonObject = {};
  for (const [key, incoming] of Object.entries(patch)) {
    const held = stored[key];
    const claim = fetched?.claims.find((candidate) => candidate.key === key);
    if (claim?.mergeEntry !== undefined) {
      accepted[key] = claim.mergeEntry(held, incoming);
    } else if (!isStamped(held) || !isStamped(incoming)) {
      accepted[key] = incoming;
    } else {
      const heldMs = Math.min(held.t, nowMs);
      const isWanted =
        claim === undefined
          ? incoming.t >= heldMs
          : incoming.t > heldMs || jsonEqual(held, fetched?.seen[key]);
      if (isWanted) accepted[key] = incoming;
    }
  }
  return mergePayload(stored, accepted);
}

function isStamped(entry: JsonValue | undefined): entry is StampedValue & JsonObject {
  return (
    isPlainObject(entry) &&
    typeof entry.t === "number" &&
    Number.isFinite(entry.t) &&
    Object.hasOwn(entry, "v") &&
    Object.keys(entry).length === 2
  );
}
