import { SessionError } from "../errors/session-error.js";
import type { Exchange } from "../http/exchange.js";
import { type ErrorAnswer, errorAnswer } from "../respond/error-answer.js";
import { clearAllTokens } from "../respond/write-tokens.js";
import { PATIENCE_MS, PatienceError, patiently } from "../runtime/patience.js";
import { foreignAlone } from "./another-deployment.js";
import type { Handled } from "./endpoints.js";
import { memoOf } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

/**
 * What a client is to be told of an error, where the framework says it in its own words: tokens are cleared and
 * `Retry-After` is set, nothing is sent, and no handler of the application is asked.
 *
 * @returns undefined when the error is not one that a client should hear of
 */
export async function prepareAnswer(
  core: SessionCore,
  exchange: Exchange,
  error: unknown,
): Promise<ErrorAnswer | undefined> {
  if (!SessionError.is(error)) return undefined;
  const answer = errorAnswer(error, core.config.statuses);
  if (answer === undefined) return undefined;
  const memo = memoOf(core, exchange);
  await memo.sitesLoaded();
  const { res } = exchange;
  if (answer.clearsTokens) clearAllTokens(res, memo.dress(), await foreignAlone(memo));
  if (error.retryAfterMs !== undefined)
    res.setHeader("Retry-After", String(Math.ceil(error.retryAfterMs / 1000)));
  return answer;
}

/**
 * Answers an error of ours (wire-contract.md 5). Tokens are cleared first, so that a handler of the application only
 * decides status and body (W-2).
 *
 * @returns undefined when the error is not one that a client should hear of, or the response head has been sent: the
 *          framework's own error handling goes on with it, unchanged
 */
export async function answerError(
  core: SessionCore,
  exchange: Exchange,
  error: unknown,
): Promise<Handled | undefined> {
  const { req, res } = exchange;
  if (!SessionError.is(error) || res.committed) return undefined;
  const answer = await prepareAnswer(core, exchange, error);
  if (answer === undefined) return undefined;
  const custom = customHandler(core, exchange, error);
  if (custom !== undefined) {
    try {
      return { native: await patiently("the error handler", Promise.resolve(custom())) };
    } catch (failure) {
      // The client is not kept waiting for ever: it gets our answer, unless the handler has begun its own.
      if (!(failure instanceof PatienceError) || res.committed) throw failure;
      core.config.logger.warn(
        `The handler of \`errorHandlers\` for ${error.type} has not settled within ${PATIENCE_MS / 1000} s; the default answer is sent.`,
      );
    }
  }
  res.setStatus(answer.status);
  return {
    native: res.finish(
      req.method === "HEAD"
        ? null
        : { contentType: "application/json; charset=utf-8", text: JSON.stringify(answer.body) },
    ),
  };
}

/** The application's handler for this type, ready to be called (W-1). */
function customHandler(
  core: SessionCore,
  exchange: Exchange,
  error: SessionError,
): (() => unknown) | undefined {
  const handlers = core.config.options.errorHandlers;
  if (handlers === undefined || !SessionError.is(error)) return undefined;
  const { req, res } = exchange;
  const context = memoOf(core, exchange).userContext();
  switch (error.type) {
    case "UNAUTHORISED":
      return handlers.onUnauthorised && (() => handlers.onUnauthorised?.(error.message, req, res, context));
    case "TRY_REFRESH_TOKEN":
      return (
        handlers.onTryRefreshToken && (() => handlers.onTryRefreshToken?.(error.message, req, res, context))
      );
    case "TOKEN_THEFT_DETECTED": {
      const { sessionHandle, userId, recipeUserId } = error.payload;
      return (
        handlers.onTokenTheftDetected &&
        (() => handlers.onTokenTheftDetected?.(sessionHandle, userId, recipeUserId, req, res, context))
      );
    }
    case "INVALID_CLAIMS":
      return handlers.onInvalidClaim && (() => handlers.onInvalidClaim?.(error.payload, req, res, context));
    case "CLEAR_DUPLICATE_SESSION_COOKIES":
      return (
        handlers.onClearDuplicateSessionCookies &&
        (() => handlers.onClearDuplicateSessionCookies?.(error.message, req, res, context))
      );
    default:
      return undefined;
  }
}
