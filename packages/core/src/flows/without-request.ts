import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { UserContext } from "../claims/user-context.js";
import { invalidArgument, unauthorised } from "../errors/throwers.js";
import { soonSettled } from "../runtime/maybe.js";
import type { SessionInformation } from "../session/container-functions.js";
import type { SessionContainer } from "../session/session-container.js";
import type { VerifySessionOptions } from "../session/types.js";
import { checkClaims, hasValidators } from "./check-claims.js";
import { callOptions } from "./guard-options.js";
import type { SessionCore } from "./session-core.js";

/**
 * A session from a bare access token (wire-contract.md G-20 to G-24). New tokens are in the container; sending them is
 * the caller's.
 */
export async function getSessionWithoutRequestResponse(
  core: SessionCore,
  accessToken: string | undefined,
  antiCsrfToken: string | undefined,
  given: VerifySessionOptions | undefined,
  userContext: UserContext,
): Promise<SessionContainer | undefined> {
  const options = callOptions(core, given);
  const { antiCsrf, options: configured } = core.config;
  const antiCsrfCheck = options?.antiCsrfCheck !== false;
  if (antiCsrf === "VIA_CUSTOM_HEADER" && antiCsrfCheck) {
    throw invalidArgument(
      "with antiCsrf VIA_CUSTOM_HEADER only you can see whether the request has a `rid` header: check it, then pass `antiCsrfCheck: false`",
    );
  }
  const isRequired = options?.sessionRequired !== false;
  const session =
    accessToken === undefined || accessToken === ""
      ? undefined
      : await core.engine.tools.functions.getSession({
          accessToken,
          antiCsrfToken,
          options: {
            sessionRequired: isRequired,
            antiCsrfCheck: antiCsrfCheck && antiCsrf === "VIA_TOKEN",
            checkDatabase: options?.checkDatabase ?? configured.checkDatabaseByDefault ?? false,
          },
          userContext,
        });
  if (session === undefined) {
    if (isRequired) throw unauthorised("the access token is missing or not one of ours", false);
    return undefined;
  }
  if (hasValidators(core, options)) await checkClaims(core, session, options, userContext);
  return session;
}

/** Exchanges a bare refresh token (wire-contract.md 3.3.2). */
export async function refreshSessionWithoutRequestResponse(
  core: SessionCore,
  refreshToken: string,
  disableAntiCsrf: boolean,
  antiCsrfToken: string | undefined,
  userContext: UserContext,
): Promise<SessionContainer> {
  if (core.config.antiCsrf === "VIA_CUSTOM_HEADER" && !disableAntiCsrf) {
    throw invalidArgument(
      "with antiCsrf VIA_CUSTOM_HEADER only you can see whether the request has a `rid` header: check it, then pass `disableAntiCsrf: true`",
    );
  }
  const session = await core.engine.tools.functions.refreshSession({
    refreshToken,
    antiCsrfToken,
    disableAntiCsrf,
    userContext,
  });
  core.cleanUp.tick();
  return session;
}

/** Judges the payload in the row, without a request; what is fetched is merged into the row. */
export async function validateClaimsForSessionHandle(
  core: SessionCore,
  sessionHandle: string,
  override:
    | ((
        globals: readonly SessionClaimValidator[],
        session: SessionInformation,
        userContext: UserContext,
      ) => readonly SessionClaimValidator[] | Promise<readonly SessionClaimValidator[]>)
    | undefined,
  userContext: UserContext,
) {
  if (override !== undefined && typeof override !== "function") {
    throw invalidArgument(
      "validateClaimsForSessionHandle takes a function: (globalValidators, session) => validators",
    );
  }
  const { functions } = core.engine.tools;
  const information = await functions.getSessionInformation({ sessionHandle, userContext });
  if (information === undefined) return { status: "SESSION_DOES_NOT_EXIST_ERROR" as const };
  const { userId, recipeUserId, tenantId } = information;
  const globals = await functions.getGlobalClaimValidators({
    userId,
    recipeUserId,
    tenantId,
    claimValidatorsAddedByOtherRecipes: core.engine.settings.globalClaimValidators,
    userContext,
  });
  const claimValidators =
    override === undefined
      ? globals
      : await soonSettled(
          "the override of the claim validators",
          override(Object.freeze([...globals]), information, userContext),
        );
  const { customClaimsInAccessTokenPayload } = information;
  const { invalidClaims, accessTokenPayloadUpdate, fetchedClaims } = await functions.validateClaims({
    userId,
    recipeUserId,
    tenantId,
    sessionHandle,
    // As validators see a token: the names that say whose it is are there too.
    accessTokenPayload: {
      ...customClaimsInAccessTokenPayload,
      sub: userId,
      rsub: recipeUserId,
      tId: tenantId,
      sessionHandle,
    },
    claimValidators,
    userContext,
  });
  if (accessTokenPayloadUpdate !== undefined) {
    const wasThere = await functions.mergeIntoAccessTokenPayload({
      sessionHandle,
      accessTokenPayloadUpdate,
      fetched: fetchedClaims && { claims: fetchedClaims, seen: customClaimsInAccessTokenPayload },
      userContext,
    });
    if (!wasThere) return { status: "SESSION_DOES_NOT_EXIST_ERROR" as const };
  }
  return { status: "OK" as const, invalidClaims };
}
