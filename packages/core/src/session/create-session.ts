import { invalidArgument } from "../errors/throwers.js";
import { base64Url, hex, utf8Length } from "../runtime/encoding.js";
import type { JsonObject } from "../runtime/json.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { hash2Of, sealRefreshToken } from "../tokens/refresh-token.js";
import { checkedPatch, mergePayload } from "../tokens/reserved-claims.js";
import { buildClaim } from "./build-claim.js";
import { emitFor } from "./emit.js";
import type { SessionEngine } from "./engine.js";
import { newTokenExpirySeconds, payloadOf, signPayload } from "./mint-access-token.js";
import { SessionContainer } from "./session-container.js";
import { assertFits, COOKIE_WARNING_BYTES, largestClaims, largestCookieBytes } from "./token-size.js";
import type { SessionFunctions } from "./types.js";

export const DEFAULT_TENANT = "public";
const MAX_USER_ID_BYTES = 256;
const ID_BYTES = 16;
const SECRET_BYTES = 32;
const UNSTORABLE = /\0|\p{Surrogate}/u;
const TENANT = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Makes a new session (wire-contract.md 3.1): payload and claims first, then sizes, then the one write. Nothing is
 * stored when anything before it fails.
 */
export async function createSession(
  engine: SessionEngine,
  input: Parameters<SessionFunctions["createNewSession"]>[0],
): Promise<SessionContainer> {
  const { userId, tenantId } = input;
  checkUserId(userId);
  checkTenantId(tenantId);
  const sessionData = snapshotPayload("session data", input.sessionData);
  const customPayload = await buildPayload(engine, input);
  const secrets = await engine.secrets.primary();
  const signing = await engine.keys.signing();
  const nowMs = engine.clock.wallMs();
  // One draw for both: a trip to the kernel costs more than the bytes.
  const random = engine.random(ID_BYTES + SECRET_BYTES);
  const id = hex(random.subarray(0, ID_BYTES));
  const handle = tenantId === DEFAULT_TENANT ? id : `${id}_${tenantId}`;
  const absoluteExpiresAtMs = nowMs + engine.settings.absoluteLifetimeMs;
  const expiresAtMs = Math.min(nowMs + engine.settings.refreshTokenValidityMs, absoluteExpiresAtMs);
  const refreshToken = await sealRefreshToken(engine.platform, secrets, {
    handle,
    generation: 0,
    boundToAntiCsrf: engine.settings.issuesAntiCsrfTokens && !input.disableAntiCsrf,
    secret: base64Url(random.subarray(ID_BYTES)),
    parentHash1: null,
  });
  const payload = payloadOf(
    engine,
    {
      userId,
      tenantId,
      handle,
      refreshTokenHash1: refreshToken.hash1,
      parentRefreshTokenHash1: null,
      antiCsrfToken: refreshToken.antiCsrfToken,
      customPayload,
      expiresAtSeconds: newTokenExpirySeconds(engine, nowMs, absoluteExpiresAtMs),
    },
    nowMs,
  );
  const sizeBytes = largestCookieBytes(payload, signing.algorithm, engine.settings.accessCookieOverheadBytes);
  assertFits(sizeBytes, payload);
  const minted = await signPayload(engine, payload, signing);
  await engine.store.insertSession({
    handle,
    tenantId,
    userId,
    refreshTokenHash2: await hash2Of(engine.platform, refreshToken.hash1),
    previousRefreshTokenHash2: null,
    secretId: secrets.id,
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: JSON.stringify(sessionData),
    accessTokenPayloadJson: JSON.stringify(customPayload),
    createdAtMs: nowMs,
    expiresAtMs,
    absoluteExpiresAtMs,
  });
  // All of the user's may have been revoked while the answer was on its way.
  await engine.revocations.assertStands(handle, true);
  await emitFor(engine, handle, (handleHash) => ({
    type: "session.created",
    handleHash,
    userId,
    generation: 0,
  }));
  if (sizeBytes > COOKIE_WARNING_BYTES) {
    await emitFor(engine, handle, (handleHash) => ({
      type: "token_large",
      handleHash,
      sizeBytes,
      largestClaims: largestClaims(payload),
    }));
  }
  return new SessionContainer(engine.tools, {
    accessToken: minted.token,
    payload: minted.payload,
    refreshToken: refreshToken.text,
    refreshTokenExpiresAtMs: expiresAtMs,
    antiCsrfToken: refreshToken.antiCsrfToken ?? undefined,
    updated: true,
  });
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkUserId(userId: unknown): asserts userId is string {
  if (typeof userId !== "string" || userId === "")
    throw invalidArgument("the user id must be a non-empty string");
  if (utf8Length(userId) > MAX_USER_ID_BYTES) {
    throw invalidArgument(`the user id is longer than ${MAX_USER_ID_BYTES} bytes`);
  }
  // Some databases refuse them, and others take two ids with different halves for one (security rule P-05).
  if (UNSTORABLE.test(userId)) throw invalidArgument("the user id holds U+0000 or half of a surrogate pair");
}

/** @throws SessionError `INVALID_ARGUMENT` */
export function checkTenantId(tenantId: unknown): asserts tenantId is string {
  if (typeof tenantId !== "string" || !TENANT.test(tenantId)) {
    throw invalidArgument("the tenant id must be 1 to 64 characters of A-Z, a-z, 0-9 and -");
  }
}

/** The application's payload, our issuer, then each registered claim, which sees what was built before it (C-2). */
async function buildPayload(
  engine: SessionEngine,
  input: Parameters<SessionFunctions["createNewSession"]>[0],
): Promise<JsonObject> {
  let payload: JsonObject = {
    ...checkedPatch(snapshotPayload("access token payload", input.accessTokenPayload)),
    iss: engine.settings.issuer,
  };
  const { userId, recipeUserId, tenantId, userContext } = input;
  const subject = { userId, recipeUserId, tenantId, sessionHandle: undefined };
  for (const claim of engine.settings.claimsAtCreation) {
    try {
      payload = mergePayload(payload, await buildClaim(engine, claim, subject, payload, userContext));
    } catch (error) {
      // A claim that may be missing is left out: validators fetch it when they need it.
      if (claim.policy.onFetchError === "throw") throw error;
    }
  }
  return payload;
}
