import { runValidators } from "../claims/run-validators.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import type { JsonObject } from "../runtime/json.js";
import type { SessionRow } from "../store/session-store.js";
import { parseStoredJson, snapshotPayload } from "../tokens/payload-snapshot.js";
import type { SessionInformation } from "./container-functions.js";
import { createSession } from "./create-session.js";
import { emitFor } from "./emit.js";
import type { SessionEngine } from "./engine.js";
import { establishSession } from "./establish-session.js";
import { patchPayload, regenerateAccessToken } from "./regenerate-access-token.js";
import { refreshSession } from "./rotate-refresh-token.js";
import type { SessionFunctions } from "./types.js";

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
      }),

    refreshSession: async ({ refreshToken, antiCsrfToken, disableAntiCsrf, arrivedAtMonoMs }) =>
      refreshSession(engine, {
        refreshToken,
        antiCsrfToken,
        disableAntiCsrf,
        arrivedAtMonoMs: arrivedAtMonoMs ?? engine.clock.monoMs(),
      }),

    async getSessionInformation({ sessionHandle }) {
      const row = await engine.store.getSession(sessionHandle, nowMs());
      return row && informationOf(row);
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

    getAllSessionHandlesForUser: ({ userId, tenantId }) =>
      engine.store.listSessionHandles(userId, tenantId, nowMs()),

    updateSessionData: ({ sessionHandle, newSessionData }) =>
      engine.store.replaceSessionData(
        sessionHandle,
        nowMs(),
        JSON.stringify(snapshotPayload("session data", newSessionData)),
      ),

    async mergeIntoAccessTokenPayload({ sessionHandle, accessTokenPayloadUpdate }) {
      return (await patchPayload(engine, sessionHandle, accessTokenPayloadUpdate)) !== undefined;
    },

    regenerateAccessToken: (input) => regenerateAccessToken(engine, input),

    async validateClaims({ claimValidators, accessTokenPayload, userContext, ...subject }) {
      const { invalidClaims, patch } = await runValidators(
        claimValidators,
        accessTokenPayload,
        subject,
        nowMs(),
        userContext,
      );
      return patch === undefined ? { invalidClaims } : { invalidClaims, accessTokenPayloadUpdate: patch };
    },

    async fetchAndSetClaim({ sessionHandle, claim, userContext }) {
      const information = await functions().getSessionInformation({ sessionHandle, userContext });
      if (information === undefined) return false;
      const patch = await claim.build(fetchContextOf(information, userContext), nowMs());
      return functions().mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate: patch,
        userContext,
      });
    },

    setClaimValue({ sessionHandle, claim, value, userContext }) {
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
      const information = await functions().getSessionInformation({ sessionHandle, userContext });
      if (information === undefined) return { status: "SESSION_DOES_NOT_EXIST_ERROR" as const };
      const value = claim.getValueFromPayload(information.customClaimsInAccessTokenPayload);
      return { status: "OK" as const, value };
    },

    removeClaim({ sessionHandle, claim, userContext }) {
      const patch: JsonObject = claim.removeFromPayloadByMerge({});
      return functions().mergeIntoAccessTokenPayload({
        sessionHandle,
        accessTokenPayloadUpdate: patch,
        userContext,
      });
    },
  };
}

function informationOf(row: SessionRow): SessionInformation {
  return {
    sessionHandle: row.handle,
    userId: row.userId,
    recipeUserId: row.userId,
    tenantId: row.tenantId,
    sessionData: parseStoredJson(row.sessionDataJson),
    customClaimsInAccessTokenPayload: parseStoredJson(row.accessTokenPayloadJson),
    timeCreated: row.createdAtMs,
    expiry: row.expiresAtMs,
  };
}

/** What a claim may see of a session that is known by its handle only. */
export function fetchContextOf(information: SessionInformation, userContext: UserContext) {
  return {
    userId: information.userId,
    recipeUserId: information.recipeUserId,
    tenantId: information.tenantId,
    sessionHandle: information.sessionHandle,
    currentPayload: information.customClaimsInAccessTokenPayload,
    signal: new AbortController().signal,
    userContext,
  };
}
