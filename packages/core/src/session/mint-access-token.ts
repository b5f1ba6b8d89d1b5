import type { SigningKey } from "../keys/signing-keys.js";
import type { JsonObject } from "../runtime/json.js";
import { deepFreeze } from "../runtime/json.js";
import { type AccessTokenPayload, accessTokenHeader, provisionalFrom } from "../tokens/access-token.js";
import type { SessionEngine } from "./engine.js";

/** What a token is minted from. */
export interface MintInput {
  userId: string;
  tenantId: string;
  handle: string;
  refreshTokenHash1: string;
  parentRefreshTokenHash1: string | null;
  antiCsrfToken: string | null;
  /** The application's part of the payload. */
  customPayload: JsonObject;
  /** Seconds since the epoch. */
  expiresAtSeconds: number;
}

export interface MintedToken {
  token: string;
  payload: AccessTokenPayload;
}

/**
 * The payload, its keys always in the same order: the client compares it as text.
 *
 * In a transaction of the application nobody knows yet whether what the token says will be kept: it is provisional. Told by
 * `nbf`, not by an `exp` that has passed: by that the client would refresh first, and a page could not be rendered.
 */
export function payloadOf(engine: SessionEngine, input: MintInput, nowMs: number): AccessTokenPayload {
  const isUncertain = engine.store.joined?.() !== undefined;
  return {
    sub: input.userId,
    rsub: input.userId,
    tId: input.tenantId,
    iat: Math.floor(nowMs / 1000),
    exp: input.expiresAtSeconds,
    sessionHandle: input.handle,
    refreshTokenHash1: input.refreshTokenHash1,
    parentRefreshTokenHash1: input.parentRefreshTokenHash1,
    antiCsrfToken: input.antiCsrfToken,
    ...(isUncertain && { nbf: provisionalFrom(input.expiresAtSeconds) }),
    ...input.customPayload,
  } as AccessTokenPayload;
}

/**
 * Signs a payload (RFC 7515 §5.1).
 *
 * @param signing the key that signs now
 */
export async function signPayload(
  engine: SessionEngine,
  payload: AccessTokenPayload,
  { kid, algorithm, key }: SigningKey,
): Promise<MintedToken> {
  const { encodeSegment } = engine.platform;
  const signingInput = `${encodeSegment(accessTokenHeader(algorithm, kid))}.${encodeSegment(JSON.stringify(payload))}`;
  return { token: `${signingInput}.${await key.sign(signingInput)}`, payload: deepFreeze(payload) };
}

/**
 * @param issuedAtMs when the session was last known to be live: a token is as old as what it says, so that one that was
 *                   long in the making lives no longer than one that was made before a revocation
 */
export async function mintAccessToken(
  engine: SessionEngine,
  input: MintInput,
  issuedAtMs: number,
): Promise<MintedToken> {
  return signPayload(engine, payloadOf(engine, input, issuedAtMs), await engine.keys.signing());
}

/**
 * Expiry of a new token in seconds: full validity, shortened at random by at most the jitter, and never past the end
 * of the session (security rule R-11).
 */
export function newTokenExpirySeconds(
  engine: SessionEngine,
  nowMs: number,
  absoluteExpiresAtMs: number,
): number {
  const { accessTokenValidityMs, accessTokenValidityJitter } = engine.settings;
  const share = accessTokenValidityJitter === 0 ? 0 : accessTokenValidityJitter * randomFraction(engine);
  return Math.floor(Math.min(nowMs + accessTokenValidityMs * (1 - share), absoluteExpiresAtMs) / 1000);
}

function randomFraction(engine: SessionEngine): number {
  const [high = 0, low = 0] = engine.random(2);
  return (high * 256 + low) / 65536;
}
