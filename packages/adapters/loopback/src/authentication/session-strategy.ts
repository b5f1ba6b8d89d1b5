import type { VerifySessionOptions } from "@acme/session-core";
import {
  AuthenticationBindings,
  type AuthenticationMetadata,
  type AuthenticationStrategy,
} from "@loopback/authentication";
import { type Constructor, inject } from "@loopback/core";
import type { Request } from "@loopback/rest";
import { securityId, type UserProfile } from "@loopback/security";
import type { LoopbackSession } from "../create-session.js";
import type { LoopbackContext } from "../loopback-types.js";

/** `profile[securityId]` where `sessionRequired` is false and there is no session: LoopBack refuses a request without any. */
export const ANONYMOUS = "";

/**
 * The strategy behind `@authenticate("session")`:
 * `registerAuthenticationStrategy(app, sessionStrategy(Session))`. Its options are those of `getSession`; of several
 * strategies the next one is asked after an error of ours.
 *
 * @param name of the strategy
 */
export function sessionStrategy(
  session: LoopbackSession,
  name = "session",
): Constructor<AuthenticationStrategy> {
  class SessionStrategy implements AuthenticationStrategy {
    readonly name = name;
    readonly #options: VerifySessionOptions | undefined;

    constructor(metadata: AuthenticationMetadata[] | undefined) {
      this.#options = metadata?.find(({ strategy }) => strategy === name)?.options;
    }

    async authenticate(request: Request): Promise<UserProfile> {
      const ctx = { request, response: request.res } as LoopbackContext;
      const found = await session.getSession(ctx, ctx, this.#options);
      return { [securityId]: found?.getUserId() ?? ANONYMOUS };
    }
  }
  inject(AuthenticationBindings.METADATA)(SessionStrategy, undefined as never, 0);
  return SessionStrategy;
}
