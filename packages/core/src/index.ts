/** Door for applications: what every adapter re-exports. */
export type { SessionClaimValidator } from "./claims/claim-validator.js";
export { getRequestFromUserContext, type UserContext } from "./claims/user-context.js";
export type {
  ApiInput,
  AppInfo,
  ErrorHandlers,
  Overrides,
  SessionApis,
  SessionOptions,
} from "./config/session-options.js";
export {
  type AnySessionError,
  type ClaimValidationError,
  SessionError,
  type SessionErrorPayloads,
  type SessionErrorType,
} from "./errors/session-error.js";
export type { TokenTransferMethod, TokenTransferPolicy } from "./extract/token-transfer.js";
export type { NewSession } from "./flows/create.js";
export { BaseRequest } from "./http/base-request.js";
export { BaseResponse } from "./http/base-response.js";
export {
  type Closable,
  type GracefulShutdownOptions,
  gracefulShutdown,
  type NodeServer,
} from "./http/graceful-shutdown.js";
export type { Clock } from "./runtime/clock.js";
export type { JsonObject, JsonValue } from "./runtime/json.js";
export { consoleLogger, type Logger, type SafeLogger, safeLogger, silentLogger } from "./runtime/logger.js";
export type { SessionInformation, SessionTokens } from "./session/container-functions.js";
export { SessionContainer } from "./session/session-container.js";
export type { SessionEvent, SessionEventListener } from "./session/session-event.js";
export type { PluginHost, SessionPlugin } from "./session/session-plugin.js";
export type { SessionFunctions, VerifySessionOptions } from "./session/types.js";
export { MemoryStore } from "./store/memory-store.js";
export type { SessionStore } from "./store/session-store.js";
export type { AccessTokenPayload, TokenClaims } from "./tokens/access-token.js";
export type { AntiCsrfMode } from "./verify/check-anti-csrf.js";
