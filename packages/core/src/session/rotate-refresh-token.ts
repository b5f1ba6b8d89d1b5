import type { UserContext } from "../claims/user-context.js";
import { SessionError } from "../errors/session-error.js";
import { storeUnavailable, unauthorised } from "../errors/throwers.js";
import type { Maybe } from "../platform/platform.js";
import type { ClockReading } from "../runtime/clock-watch.js";
import type { SessionRow } from "../store/session-store.js";
import {
  antiCsrfTokenOf,
  childOf,
  hash1Of,
  hash2Of,
  openRefreshToken,
  type RefreshToken,
} from "../tokens/refresh-token.js";
import { isSameAntiCsrfToken } from "../verify/check-anti-csrf.js";
import { emitFor } from "./emit.js";
import type { SessionEngine } from "./engine.js";
import { promote } from "./establish-session.js";
import { mintAccessToken, newTokenExpirySeconds } from "./mint-access-token.js";
import { assertNoOldMoment } from "./old-moment.js";
import { rebuildClaims } from "./rebuild-claims.js";
import type { RotationAge } from "./rotation-age.js";
import { SessionContainer } from "./session-container.js";
import { assertSound, readStoredJson } from "./sound-row.js";

export interface RefreshInput {
  /** As the client sent it; untrusted. */
  refreshToken: string;
  antiCsrfToken: string | undefined;
  /** Whether the anti-CSRF token is left unchecked, and the new tokens unbound. */
  disableAntiCsrf: boolean;
  /** Monotonic time at which the request reached the process. */
  arrivedAtMonoMs: number;
  userContext: UserContext;
}

const MAX_ATTEMPTS = 5;
/** A minute at least; a statement that waits for the row takes three seconds more. */
const MAX_ATTEMPTS_BESIDE = 60;
const PAUSE_BESIDE_MS = 1000;
/** After a stall, requests read this long after waking may have been sent before it. */
const STALL_DOUBT_MS = 1000;

/**
 * Exchanges a refresh token for its child (wire-contract.md 3.3).
 *
 * @throws SessionError `UNAUTHORISED` (clearing) for anything that is not a live session's token;
 *         `TOKEN_THEFT_DETECTED` when it was replaced and its replacement is in use, after the session has been
 *         revoked durably; `STORE_UNAVAILABLE` when the store does not answer or the verdict would be a guess;
 *         `RATE_LIMITED`
 */
export async function refreshSession(engine: SessionEngine, input: RefreshInput): Promise<SessionContainer> {
  const token = await openRefreshToken(engine.secrets, input.refreshToken);
  if (token === undefined) throw unauthorised("the refresh token is not one of ours", true);
  await checkBinding(engine, token, input);
  const bound = engine.settings.issuesAntiCsrfTokens && !input.disableAntiCsrf;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const reading = engine.rotations.read();
    const row = await engine.store.getSession(token.handle, reading.wallMs);
    if (row === undefined) {
      if (engine.rotations.isExpiryDoubtful()) {
        throw storeUnavailable("the clock has just jumped ahead; ask again", 1000);
      }
      assertNoOldMoment(engine);
      throw unauthorised("the session does not exist any more", true);
    }
    const step = await judge(engine, token, row, reading, input.arrivedAtMonoMs);
    const issue = (found: SessionRow, secretId: string): Promise<SessionContainer> =>
      issueChild(engine, input, token, found, secretId, bound, reading.wallMs);
    switch (step.verdict) {
      case "current":
        engine.limiter?.count(token.handle, step.hash2);
        return issue(row, row.secretId);
      case "child-of-current": {
        engine.limiter?.count(token.handle, step.hash2);
        const promoted = await promote(engine, token.handle, row.refreshTokenHash2, step.hash2);
        // Lost to another request that promoted the same child: look again.
        if (promoted === undefined) continue;
        return issue(promoted, promoted.secretId);
      }
      case "previous":
        await emitFor(engine, row.handle, (handleHash) => ({
          type: "grace_hit",
          handleHash,
          userId: row.userId,
          generation: token.generation,
        }));
        return issue(row, row.previousSecretId ?? row.secretId);
      case "ahead":
        assertNoOldMoment(engine);
        await emitFor(engine, row.handle, (handleHash) => ({
          type: "store_regression",
          handleHash,
          userId: row.userId,
          generation: token.generation,
        }));
        throw unauthorised("the refresh token is newer than the store", true);
      case "undecidable":
        throw storeUnavailable("whether this token was used again cannot be told just now; ask again", 1000);
      case "reused":
        return revokeForTheft(engine, token, row);
    }
  }
  throw storeUnavailable("the session changed too often while it was being refreshed", 1000);
}

/** What a genuine token is to the session's row. */
export type RefreshVerdict = "current" | "child-of-current" | "previous" | "ahead" | "undecidable" | "reused";

/**
 * Classifies a genuine token against the row, read-only (wire-contract.md ). Order comes from hashes and
 * the generation counter, never from time alone (security rule R-13), and no verdict of theft from a time that may be
 * the mistake of a clock.
 *
 * @param reading of the clocks when the row was asked for
 * @throws SessionError `STORE_UNAVAILABLE` for a damaged row
 */
export async function judge(
  engine: SessionEngine,
  token: RefreshToken,
  row: SessionRow,
  reading: ClockReading,
  arrivedAtMonoMs: number,
): Promise<{ verdict: RefreshVerdict; hash2: string }> {
  const { platform } = engine;
  await assertSound(engine, row);
  const hash2 = await hash2Of(platform, await hash1Of(platform, token.secret));
  if (hash2 === row.refreshTokenHash2) return { verdict: "current", hash2 };
  if (token.parentHash1 !== null && (await hash2Of(platform, token.parentHash1)) === row.refreshTokenHash2) {
    return { verdict: "child-of-current", hash2 };
  }
  return { verdict: judgeRetired(engine, token, row, hash2, reading, arrivedAtMonoMs), hash2 };
}

/** A token that is neither the current one nor its child. */
function judgeRetired(
  engine: SessionEngine,
  token: RefreshToken,
  row: SessionRow,
  hash2: string,
  reading: ClockReading,
  arrivedAtMonoMs: number,
): RefreshVerdict {
  const age = engine.rotations.of(row, reading, arrivedAtMonoMs);
  const isPrevious = hash2 === row.previousRefreshTokenHash2;
  const grace = isPrevious ? graceOf(engine, age) : "over";
  if (grace === "running") return "previous";
  if (token.generation > row.generation + 1) return "ahead";
  // Judged by when the request reached us, not by when its turn came (security rule R-18).
  if (age.hasWaited && age.atLeastMs < 0) return isPrevious ? "previous" : "undecidable";
  const stallEnd = engine.stalls()?.lastStallEndMonoMs() ?? Number.NEGATIVE_INFINITY;
  if (arrivedAtMonoMs <= stallEnd + STALL_DOUBT_MS || grace === "unknown") return "undecidable";
  return "reused";
}

/** A clock that stepped back gives a negative age, which is inside every window (security rule TM-02). */
function graceOf(engine: SessionEngine, age: RotationAge): "running" | "over" | "unknown" {
  const { refreshGraceMs } = engine.settings;
  if (refreshGraceMs === 0 || age.atLeastMs > refreshGraceMs) return "over";
  if (age.apparentMs <= refreshGraceMs) return "running";
  return age.isOwn && !engine.rotations.storeKeepsTime ? "running" : "unknown";
}

/** A token bound to an anti-CSRF token needs it; one that is not becomes bound with its child (R-5a, R-5b). */
async function checkBinding(engine: SessionEngine, token: RefreshToken, input: RefreshInput): Promise<void> {
  if (!engine.settings.issuesAntiCsrfTokens || input.disableAntiCsrf || !token.boundToAntiCsrf) return;
  const keys = await engine.secrets.find(token.secretId);
  const expected = keys && (await antiCsrfTokenOf(keys, token.secret));
  if (expected === undefined || !isSameAntiCsrfToken(input.antiCsrfToken, expected)) {
    throw unauthorised("the anti-csrf token is missing or wrong", true);
  }
}

/**
 * The child, with an access token that is marked: its first use looks at the row. Also within the grace period, where
 * nothing is left to promote: a revocation that came between the row that was read and the token that is handed out,
 * whichever process made it, holds from that first use on.
 *
 * @param readAtMs when the row was asked for; the new token's life counts from then
 */
async function issueChild(
  engine: SessionEngine,
  { userContext }: RefreshInput,
  token: RefreshToken,
  found: SessionRow,
  secretId: string,
  bound: boolean,
  readAtMs: number,
): Promise<SessionContainer> {
  const keys = await engine.secrets.find(secretId);
  if (keys === undefined)
    throw storeUnavailable("the secret this session was made with is not configured here");
  const child = await childOf(engine.platform, keys, token, bound);
  const row = await rebuildClaims(engine, found, userContext);
  const minted = await mintAccessToken(
    engine,
    {
      userId: row.userId,
      tenantId: row.tenantId,
      handle: row.handle,
      refreshTokenHash1: child.hash1,
      parentRefreshTokenHash1: child.parentHash1,
      antiCsrfToken: child.antiCsrfToken,
      customPayload: await readStoredJson(engine, row, "accessTokenPayloadJson"),
      expiresAtSeconds: newTokenExpirySeconds(engine, readAtMs, row.absoluteExpiresAtMs),
    },
    readAtMs,
  );
  await engine.revocations.assertStands(row.handle, true);
  await emitFor(engine, row.handle, (handleHash) => ({
    type: "session.refreshed",
    handleHash,
    userId: row.userId,
    generation: child.generation,
  }));
  return new SessionContainer(engine.tools, {
    accessToken: minted.token,
    payload: minted.payload,
    refreshToken: child.text,
    refreshTokenExpiresAtMs: Math.min(
      engine.clock.wallMs() + engine.settings.refreshTokenValidityMs,
      row.absoluteExpiresAtMs,
    ),
    antiCsrfToken: child.antiCsrfToken ?? undefined,
    updated: true,
  });
}

/**
 * The verdict is reported only after the revocation is durable, and by one request (security rule O-04); in a transaction
 * of the application the revocation is made durable behind it, whatever becomes of the transaction.
 */
async function revokeForTheft(engine: SessionEngine, token: RefreshToken, row: SessionRow): Promise<never> {
  const deleted = await engine.store.deleteSessions([row.handle], engine.clock.wallMs());
  if (deleted.length === 0) throw unauthorised("the session does not exist any more", true);
  const report = (): Maybe<void> =>
    emitFor(engine, row.handle, (handleHash) => ({
      type: "theft",
      handleHash,
      userId: row.userId,
      generation: token.generation,
    }));
  const transaction = engine.store.joined?.();
  // The application is told at once, since it holds the connection, and is asked to roll back: that must not undo this.
  if (transaction === undefined) await report();
  else {
    engine.revocations.condemned.add(row.handle);
    transaction.afterwards(async () => {
      await revokeBeside(engine, row.handle);
      await report();
    });
  }
  throw new SessionError({
    type: "TOKEN_THEFT_DETECTED",
    message: "a refresh token was used again after its successor was in use; the session has been revoked",
    payload: { sessionHandle: row.handle, userId: row.userId, recipeUserId: row.userId },
  });
}

/** Until the transaction has let the row go, or the pool of one has its connection back. */
async function revokeBeside(engine: SessionEngine, handle: string): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS_BESIDE; attempt++) {
    try {
      await engine.store.deleteSessions([handle], engine.clock.wallMs());
      engine.revocations.condemned.delete(handle);
      return;
    } catch {
      await new Promise<void>((resolve) => {
        const timer: unknown = setTimeout(resolve, PAUSE_BESIDE_MS);
        // A number where there are no processes to keep.
        (timer as { unref?(): unknown }).unref?.();
      });
    }
  }
  engine.warn(
    "A session whose refresh token was stolen could not be revoked beside the application's transaction.",
  );
}
