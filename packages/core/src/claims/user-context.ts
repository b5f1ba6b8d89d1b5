import type { BaseRequest } from "../http/base-request.js";

/**
 * An object that travels with one call through every override, validator and handler. Applications put in what they
 * like; under `_default` stands the request, where there is one.
 */
export type UserContext = Record<string, unknown> & { _default?: { request?: BaseRequest } };

/** The request a context was made for. */
export function getRequestFromUserContext(userContext: UserContext | undefined): BaseRequest | undefined {
  return userContext?._default?.request;
}
