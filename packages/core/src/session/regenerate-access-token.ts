import { type FetchedClaims, mergeClaimPatch } from "../claims/merge-claim-patch.js";
import { invalidArgument } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import type { SessionRow } from "../store/session-store.js";
import { parseAccessToken } from "../tokens/access-token.js";
import { parseStoredJson, snapshotPayload } from "../tokens/payload-snapshot.js";
import { checkedPatch } from "../tokens/reserved-claims.js";
import type { RegeneratedSession } from "./container-functions.js";
import type { SessionEngine } from "./engine.js";
import { payloadOf, signPayload } from "./mint-access-token.js";
import { reportDamage } from "./sound-row.js";
import { assertFits, largestCookieBytes } from "./token-size.js";
import type { SessionFunctions } from "./types.js";

const HASH_LENGTH = 64;

/**
 * Applies a merge patch to the row, atomically, and mints a token from the result with the old one's expiry
 * (wire-contract.md 3.7). The row, not the token, is what the patch is applied to: a change made elsewhere survives.
 */
export async function regenerateAccessToken(
  engine: SessionEngine,
  input: Parameters<SessionFunctions["regenerateAccessToken"]>[0],
): Promise<RegeneratedSession | undefined> {
  const presented = parseAccessToken(input.accessToken);
  if (presented === undefined) throw invalidArgument("regenerateAccessToken needs an access token of ours");
  const { payload } = presented;
  // As old as the moment the row was asked for, however long the answer took.
  const issuedAtMs = engine.clock.wallMs();
  const row = await patchPayload(
    engine,
    payload.sessionHandle,
    input.accessTokenPayloadUpdate,
    input.fetched,
  );
  if (row === undefined) return undefined;
  const customPayload = parseStoredJson(row.accessTokenPayloadJson);
  const session = {
    handle: row.handle,
    userId: row.userId,
    recipeUserId: row.userId,
    tenantId: row.tenantId,
    userDataInJWT: customPayload,
  };
  if (payload.exp <= Math.floor(engine.clock.wallMs() / 1000)) return { status: "OK", session };
  const minted = await signPayload(
    engine,
    payloadOf(
      engine,
      {
        userId: row.userId,
        tenantId: row.tenantId,
        handle: row.handle,
        refreshTokenHash1: payload.refreshTokenHash1,
        parentRefreshTokenHash1: payload.parentRefreshTokenHash1 ?? null,
        antiCsrfToken: payload.antiCsrfToken ?? null,
        customPayload,
        expiresAtSeconds: payload.exp,
      },
      issuedAtMs,
    ),
    await engine.keys.signing(),
  );
  await engine.revocations.assertStands(row.handle, false);
  return {
    status: "OK",
    session,
    accessToken: {
      token: minted.token,
      expiry: minted.payload.exp * 1000,
      createdTime: minted.payload.iat * 1000,
    },
  };
}

/**
 * Merges a patch into the row's payload. @returns the row, or undefined when there is no live one
 *
 * @throws SessionError `RESERVED_CLAIM_NAME`, `INVALID_PAYLOAD`, `PAYLOAD_TOO_LARGE`, `STORE_UNAVAILABLE` also when what
 *         is stored cannot be read; nothing was written
 */
export async function patchPayload(
  engine: SessionEngine,
  handle: string,
  patch: JsonObject,
  fetched?: FetchedClaims | undefined,
): Promise<SessionRow | undefined> {
  const update = checkedPatch(snapshotPayload("access token payload", patch));
  const { algorithm } = await engine.keys.signing();
  const nowMs = engine.clock.wallMs();
  let isDamaged = false;
  const apply = (json: string, row: Readonly<SessionRow>): string => {
    isDamaged = true;
    const stored = parseStoredJson(json);
    isDamaged = false;
    // By the clock as it is when the row is looked at: a write that waited must not pass for a new one.
    const merged = mergeClaimPatch(stored, update, engine.clock.wallMs(), fetched);
    const payload = payloadOf(
      engine,
      {
        userId: row.userId,
        tenantId: row.tenantId,
        handle,
        refreshTokenHash1: "0".repeat(HASH_LENGTH),
        parentRefreshTokenHash1: null,
        antiCsrfToken: null,
        customPayload: merged,
        expiresAtSeconds: Math.floor(nowMs / 1000),
      },
      nowMs,
    );
    assertFits(largestCookieBytes(payload, algorithm, engine.settings.accessCookieOverheadBytes), payload);
    return JSON.stringify(merged);
  };
  try {
    return await engine.store.updateAccessTokenPayload(handle, nowMs, apply);
  } catch (error) {
    if (isDamaged) await reportDamage(engine, handle, "accessTokenPayloadJson");
    throw error;
  }
}
