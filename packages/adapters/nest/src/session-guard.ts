import { type CanActivate, type ExecutionContext, Inject, Injectable } from "@nestjs/common";
import type { NestSession } from "./create-session.js";
import { guardingOf } from "./metadata.js";
import { SESSION } from "./tokens.js";

/**
 * Lets only requests with a session through, as `VerifySession` and `PublicAccess` on the route and its controller say:
 * with neither, a session is required. For `@UseGuards(SessionGuard)`, or as `APP_GUARD` for every route.
 *
 * Throws our errors, which `SessionExceptionFilter` answers.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  readonly #session: NestSession;

  constructor(@Inject(SESSION) session: NestSession) {
    this.#session = session;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const options = guardingOf(context);
    return options === undefined || this.#session.verifySession(options).canActivate(context);
  }
}
