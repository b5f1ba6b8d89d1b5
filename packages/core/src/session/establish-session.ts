import { tryRefreshToken, unauthorised } from "../errors/throwers.js";
import type { Maybe } from "../platform/platform.js";
import { jsonEqual } from "../runtime/json.js";
import type { SessionRow } from "../store/session-store.js";
import { isProvisional } from "../tokens/access-token.js";
import { hash2Of } from "../tokens/refresh-token.js";
import { withoutReservedClaims } from "../tokens/reserved-claims.js";
import { checkAntiCsrfToken } from "../verify/check-anti-csrf.js";
import type { VerifiedToken } from "../verify/verified-token-cache.js";
import type { SessionEngine } from "./engine.js";
import { mintAccessToken, newTokenExpirySeconds } from "./mint-access-token.js";
import { assertNoOldMoment } from "./old-moment.js";
import { SessionContainer } from "./session-container.js";
import { assertSound, readStoredJson } from "./sound-row.js";

/** How an access token is to be taken. */
export interface EstablishOptions {
  /** Whether the anti-CSRF token must match; decided before, from mode, method and transport. */
  antiCsrfCheck: boolean;
  antiCsrfToken: string | undefined;
  checkDatabase: boolean;
  /** Nothing could be delivered: nothing is promoted, and the row is read only for `checkDatabase`. Default false. */
  isReadOnly?: boolean | undefined;
}

/**
 * Turns an access token into a session (wire-contract.md 3.2, G-7 to G-17). A token without a mark needs no I/O:
 * then the answer is not even a promise.
 *
 * @returns undefined when the text is not a token of ours
 * @throws SessionError `TRY_REFRESH_TOKEN`, `UNAUTHORISED` (never clearing), `STORE_UNAVAILABLE`
 */
export function establishSession(
  engine: SessionEngine,
  accessToken: string,
  options: EstablishOptions,
): Maybe<SessionContainer | undefined> {
  const verified = engine.verifier.verify(accessToken);
  return verified instanceof Promise
    ? verified.then((token) => fromVerified(engine, token, options))
    : fromVerified(engine, verified, options);
}

function fromVerified(
  engine: SessionEngine,
  verified: VerifiedToken | undefined,
  options: EstablishOptions,
): Maybe<SessionContainer | undefined> {
  if (verified === undefined) return undefined;
  const { payload } = verified;
  if (options.antiCsrfCheck) checkAntiCsrfToken(payload.antiCsrfToken, options.antiCsrfToken);
  const isMarked = (payload.parentRefreshTokenHash1 ?? null) !== null;
  if (!options.checkDatabase && (options.isReadOnly || !isMarked)) {
    if (!isProvisional(payload)) return containerOf(engine, verified, false);
    if (options.isReadOnly)
      throw tryRefreshToken("whether the access token's transaction was committed is not known yet");
  }
  return fromRow(engine, verified, options.checkDatabase, options.isReadOnly ?? false);
}

function containerOf(
  engine: SessionEngine,
  { token, payload }: Pick<VerifiedToken, "token" | "payload">,
  updated: boolean,
): SessionContainer {
  return new SessionContainer(engine.tools, {
    accessToken: token,
    payload,
    refreshToken: undefined,
    refreshTokenExpiresAtMs: undefined,
    antiCsrfToken: payload.antiCsrfToken ?? undefined,
    updated,
  });
}

/** The token is marked or provisional, or the application wants the row looked at. */
async function fromRow(
  engine: SessionEngine,
  verified: VerifiedToken,
  checkDatabase: boolean,
  isReadOnly: boolean,
): Promise<SessionContainer> {
  const { payload } = verified;
  // Of what it says only the row counts.
  const isUncertain = isProvisional(payload);
  const startedMs = engine.clock.wallMs();
  const ownHash2 = await hash2Of(engine.platform, payload.refreshTokenHash1);
  const parentHash1 = payload.parentRefreshTokenHash1 ?? null;
  const parentHash2 = parentHash1 === null ? undefined : await hash2Of(engine.platform, parentHash1);
  if (parentHash2 !== undefined && !isReadOnly) {
    const promoted = await promote(engine, payload.sessionHandle, parentHash2, ownHash2);
    if (promoted !== undefined) return reissue(engine, verified, promoted, startedMs);
  }
  const row = await engine.store.getSession(payload.sessionHandle, startedMs);
  if (row === undefined) {
    assertNoOldMoment(engine);
    throw unauthorised("the session does not exist any more", false);
  }
  await assertSound(engine, row);
  const isCurrent = ownHash2 === row.refreshTokenHash2;
  if ((parentHash1 !== null || isUncertain) && isCurrent) return reissue(engine, verified, row, startedMs);
  if (!checkDatabase && !isUncertain) return containerOf(engine, verified, false);
  const isRecent =
    isCurrent ||
    ownHash2 === row.previousRefreshTokenHash2 ||
    (parentHash2 !== undefined &&
      (parentHash2 === row.previousRefreshTokenHash2 ||
        (isReadOnly && parentHash2 === row.refreshTokenHash2)));
  if (!isRecent) throw tryRefreshToken("the access token belongs to a branch that was rotated out");
  const isPayloadCurrent =
    !isUncertain &&
    jsonEqual(withoutReservedClaims(payload), await readStoredJson(engine, row, "accessTokenPayloadJson"));
  return isPayloadCurrent ? containerOf(engine, verified, false) : reissue(engine, verified, row, startedMs);
}

/** First use of a refreshed token: its refresh token becomes the current one. One atomic statement. */
export async function promote(
  engine: SessionEngine,
  handle: string,
  parentHash2: string,
  ownHash2: string,
): Promise<SessionRow | undefined> {
  const nextSecretId = (await engine.secrets.primary()).id;
  const nowMs = engine.clock.wallMs();
  const row = await engine.store.promoteSession({
    handle,
    expectedRefreshTokenHash2: parentHash2,
    nextRefreshTokenHash2: ownHash2,
    nextSecretId,
    nowMs,
    expiresAtMs: nowMs + engine.settings.refreshTokenValidityMs,
  });
  // A rotation that may be rolled back is none that anything is timed by.
  if (row !== undefined && engine.store.joined?.() === undefined) engine.rotations.rotated(row);
  return row;
}

/**
 * The same token with the row's payload, unmarked, with full validity (G-14 to G-16).
 *
 * @param seenAtMs when the row was asked for: the new token's life counts from then
 */
async function reissue(
  engine: SessionEngine,
  { payload }: VerifiedToken,
  row: SessionRow,
  seenAtMs: number,
): Promise<SessionContainer> {
  const minted = await mintAccessToken(
    engine,
    {
      userId: row.userId,
      tenantId: row.tenantId,
      handle: row.handle,
      refreshTokenHash1: payload.refreshTokenHash1,
      parentRefreshTokenHash1: null,
      antiCsrfToken: payload.antiCsrfToken ?? null,
      customPayload: await readStoredJson(engine, row, "accessTokenPayloadJson"),
      expiresAtSeconds: newTokenExpirySeconds(engine, seenAtMs, row.absoluteExpiresAtMs),
    },
    seenAtMs,
  );
  await engine.revocations.assertStands(row.handle, false);
  return containerOf(engine, minted, true);
}
