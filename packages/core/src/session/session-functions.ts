import { checkClaim } from "../claims/check-validators.js";
import { type ClaimOutcome, runValidators } from "../claims/run-validators.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { invalidArgument, invalidOption } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import { chain } from "../runtime/maybe.js";
import type { SessionRow } from "../store/session-store.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { buildClaim } from "./build-claim.js";
import type { SessionInformation, ValidatedClaims } from "./container-functions.js";
import { createSession } from "./create-session.js";
import { emitFor } from "./emit.js";
import type { SessionEngine } from "./engine.js";
import { establishSession } from "./establish-session.js";
import { patchPayload, regenerateAccessToken } from "./regenerate-access-token.js";
import { refreshSession } from "./rotate-refresh-token.js";
import { readStoredJson } from "./sound-row.js";
import type { SessionFunctions } from "./types.js";

const REVOKED_AT_ONCE = 500;
const NO_VALUES: JsonObject = Object.freeze({});

/** The functions as they are before anybody overrides them. */
export function makeSessionFunctions(engine: SessionEngine): SessionFunctions {
  const functions = (): SessionFunctions => engine.tools.functions;
  const nowMs = (): number => engine.clock.wallMs();

  async function revoked(handles: string[]): Promise<string[]> {
    for (const handle of handles) {
      await emitFor(engine, handle, (handleHash) => ({ type: "session.revoked", handleHash }));
    }
    return handles;
  }

  return {
    createNewSession: (input) => createSession(engine, input),

    getGlobalClaimValidators: ({ claimValidatorsAddedByOtherRecipes }) => claimValidatorsAddedByOtherRecipes,

    getSession: async ({ accessToken, antiCsrfToken, options }) =>
      establishSession(engine, accessToken, {
        antiCsrfCheck: options.antiCsrfCheck,
        antiCsrfToken,
        checkDatabase: options.checkDatabase,
        isReadOnly: options.isReadOnly,
      }),

    refreshSession: async ({ refreshToken, antiCsrfToken, disableAntiCsrf, arrivedAtMonoMs, userContext }) =>
      refreshSession(engine, {
        refreshToken,
        antiCsrfToken,
        disableAntiCsrf,
        arrivedAtMonoMs: arrivedAtMonoMs ?? engine.clock.monoMs(),
        userContext,
      }),

    async getSessionInformation({ sessionHandle }) {
      const row = await engine.store.getSession(sessionHandle, nowMs());
      return row && informationOf(engine, row);
    },

    async revokeSession({ sessionHandle }) {
      return (await revoked(await engine.store.deleteSessions([sessionHandle], nowMs()))).length > 0;
    },

    async revokeMultipleSessions({ sessionHandles }) {
      return revoked(await engine.store.deleteSessions(sessionHandles, nowMs()));
    },

    async revokeAllSessionsForUser({ userId, tenantId }) {
      return revoked(await engine.store.deleteSessionsOfUser(userId, tenantId, nowMs()));
    },

    async revokeAllSessions({ tenantId }) {
      const { store } = engine;
      if (store.scanSessions === undefined) {
        throw invalidOption(
          "store",
          `the ${store.name} store has no \`scanSessions\`, which revoking all sessions needs`,
        );
      }
      let count = 0;
      let cursor: string | undefined;
      do {
        const { rows, next } = await store.scanSessions(cursor, REVOKED_AT_ONCE);
        const concerned = rows.filter((row) => tenantId === undefined || row.tenantId === tenantId);
        const handles = concerned.map(({ handle }) => handle);
        if (handles.length > 0) count += (await revoked(await store.deleteSessions(handles, nowMs()))).length;
        cursor = next;
      } while (cursor !== undefined);
      engine.revocations.tenant(tenantId);
      return count;
    },

    getAllSessionHandlesForUser: ({ userId, tenantId }) =>
      engine.store.listSessionHandles(userId, tenantId, nowMs()),

    updateSessionData: ({ sessionHandle, newSessionData }) =>
      engine.store.replaceSessionData(
        sessionHandle,
        nowMs(),
        JSON.stringify(snapshotPayload("session data", newSessionData)),
      ),

    async mergeIntoAccessTokenPayload({ sessionHandle, accessTokenPayloadUpdate, fetched }) {
      return (await patchPayload(engine, sessionHandle, accessTokenPayloadUpdate, fetched)) !== undefined;
    },

    regenerateAccessToken: (input) => regenerateAccessToken(engine, input),

    validateClaims(input) {
      return chain(
        runValidators({
          validators: input.claimValidators,
          payload: input.accessTokenPayload,
          requestValues: input.requestValues ?? NO_VALUES,
          userId: input.userId,
          recipeUserId: input.recipeUserId,
          tenantId: input.tenantId,
          sessionHandle: input.sessionHandle,
          nowMs: nowMs(),
          userContext: input.userContext,
          fetcher: engine.claimFetcher,
        }),
        validatedClaimsOf,
      );
    },

    async fetchAndSetClaim({ sessionHandle, claim, userContext }) {
      checkClaim(claim);
      const information = await functions().getSessionInformation({ sessionHandle, userContext });
      if (information === undefined) return false;
      if (claim.policy.mode === "request") return true;
      const { customClaimsInAccessTokenPayload, ...subject } = information;
      const patch = await buildClaim(engine, claim, subject, customClaimsInAccessTokenPayload, userContext);
      return functions().mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate: patch,
        userContext,
      });
    },

    async setClaimValue({ sessionHandle, claim, value, userContext }) {
      checkClaim(claim);
      if (claim.policy.mode === "request") {
        throw invalidArgument(
          `the claim \`${claim.key}\` belongs to single requests: it cannot be set on a session`,
        );
      }
      const patch = claim.addToPayload({}, value, nowMs());
      return functions().mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate: patch,
        userContext,
      });
    },

    async getClaimValue<T>(input: {
      sessionHandle: string;
      claim: SessionClaim<T>;
      userContext: UserContext;
    }) {
      const { sessionHandle, claim, userContext } = input;
      checkClaim(claim);
      const information = await functions().getSessionInformation({ sessionHandle, userContext });
      if (information === undefined) return { status: "SESSION_DOES_NOT_EXIST_ERROR" as const };
      const value = claim.getValueFromPayload(information.customClaimsInAccessTokenPayload);
      return { status: "OK" as const, value };
    },

    async removeClaim({ sessionHandle, claim, userContext }) {
      checkClaim(claim);
      const patch: JsonObject = claim.removeFromPayloadByMerge({});
      return functions().mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate: patch,
        userContext,
      });
    },
  };
}

async function informationOf(engine: SessionEngine, row: SessionRow): Promise<SessionInformation> {
  return {
    sessionHandle: row.handle,
    userId: row.userId,
    recipeUserId: row.userId,
    tenantId: row.tenantId,
    sessionData: await readStoredJson(engine, row, "sessionDataJson"),
    customClaimsInAccessTokenPayload: await readStoredJson(engine, row, "accessTokenPayloadJson"),
    timeCreated: row.createdAtMs,
    expiry: row.expiresAtMs,
  };
}

function validatedClaimsOf({
  invalidClaims,
  patch,
  patchedClaims,
  requestValues,
}: ClaimOutcome): ValidatedClaims {
  return { invalidClaims, accessTokenPayloadUpdate: patch, fetchedClaims: patchedClaims, requestValues };
}
