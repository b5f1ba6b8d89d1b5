import { type CanActivate, type ExecutionContext, Inject, Injectable } from "@nestjs/common";
import type { NestSession, VerifyingGuard } from "./create-session.js";
import { guardingOf } from "./metadata.js";
import { SESSION } from "./tokens.js";

type Handler = ReturnType<ExecutionContext["getHandler"]>;
type Controller = ReturnType<ExecutionContext["getClass"]>;

/**
 * Lets only requests with a session through, as `VerifySession` and `PublicAccess` on the route and its controller say:
 * with neither, a session is required. For `APP_GUARD`, which guards every route, or
 * `@UseGuards(SessionGuard)`; `VerifySession` brings it with it.
 *
 * Throws our errors, which `SessionExceptionFilter` answers.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  readonly #session: NestSession;
  /** By route and controller, whose decorators have all run by the first request; undefined for a public route. */
  readonly #guards = new WeakMap<Handler, Map<Controller, VerifyingGuard | undefined>>();

  constructor(@Inject(SESSION) session: NestSession) {
    this.#session = session;
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const guard = this.#guardOf(context);
    return guard === undefined || guard.canActivate(context);
  }

  #guardOf(context: ExecutionContext): VerifyingGuard | undefined {
    const handler = context.getHandler();
    const controller = context.getClass();
    const known = this.#guards.get(handler);
    if (known?.has(controller)) return known.get(controller);
    const options = guardingOf(context);
    const guard = options === undefined ? undefined : this.#session.verifySession(options);
    this.#guards.set(handler, new Map(known).set(controller, guard));
    return guard;
  }
}
