/** Door for adapters: the request and response views, and the functions to build a framework's idioms on. */
export { checkFactoryOptions } from "../config/options-schema.js";
export {
  checkOptions,
  holds,
  isAnything,
  isBoolean,
  isFunction,
  isNonEmptyText,
  isText,
  type OptionCheck,
  type OptionChecks,
  oneOf,
} from "../errors/option-check.js";
export { SessionError } from "../errors/session-error.js";
export { invalidArgument, invalidOption } from "../errors/throwers.js";
export type { EndpointRoute, Handled } from "../flows/endpoints.js";
export { assertNoArguments, type CheckedOptions, checkGuardOptions } from "../flows/guard-options.js";
export { BaseRequest } from "../http/base-request.js";
export { BaseResponse, type ResponseBody } from "../http/base-response.js";
export { BufferedResponse, type ResponseHead } from "../http/buffered-response.js";
export { Exchange, exchangeOn, findExchange } from "../http/exchange.js";
export { LateNodeResponse } from "../http/late-node-response.js";
export {
  type NodeIncomingMessage,
  NodeRequest,
  NodeResponse,
  type NodeServerResponse,
} from "../http/node-http.js";
export { type CookieSpec, isSameCookie, serializeCookie } from "../http/set-cookie.js";
export { WebRequest, WebResponse } from "../http/web-http.js";
export { type ErrorAnswer, errorAnswer } from "../respond/error-answer.js";
export { isProduction } from "../runtime/environment.js";
export { withoutReservedClaims } from "../tokens/reserved-claims.js";
export {
  type AdapterCore,
  type BoundSession,
  bindSession,
  type SessionOf,
  type SessionTypes,
} from "./bind-session.js";
