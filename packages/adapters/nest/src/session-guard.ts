import { SessionError } from "@acme/session-core";
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  type OnModuleInit,
  Optional,
} from "@nestjs/common";
import { ModulesContainer } from "@nestjs/core";
import type { NestSession, VerifyingGuard } from "./create-session.js";
import { handlersOf } from "./handlers-of.js";
import { type Controller, guardingOf, type Handler } from "./metadata.js";
import { SESSION } from "./tokens.js";

/**
 * Lets only requests with a session through, as `VerifySession` and `PublicAccess` on the route and its controller say:
 * with neither, a session is required. For `APP_GUARD`, which guards every route, or
 * `@UseGuards(SessionGuard)`; `VerifySession` brings it with it.
 *
 * Throws our errors, which `SessionExceptionFilter` answers.
 */
@Injectable()
export class SessionGuard implements CanActivate, OnModuleInit {
  readonly #session: NestSession;
  readonly #modules: ModulesContainer | undefined;
  /** By route and controller, whose decorators have all run by the time the application starts; undefined for a public route. */
  readonly #guards = new WeakMap<Handler, Map<Controller, VerifyingGuard | undefined>>();

  /** @param modules the application's, which Nest knows; without them, guards are made by their first request */
  constructor(
    @Inject(SESSION) session: NestSession,
    @Optional() @Inject(ModulesContainer) modules?: ModulesContainer,
  ) {
    this.#session = session;
    this.#modules = modules;
  }

  /**
   * Makes the guards of the modules that use this one.
   *
   * @throws SessionError `INVALID_OPTION` naming the class and the method whose guard cannot be made
   */
  onModuleInit(): void {
    for (const module of this.#modules?.values() ?? []) {
      if (module.injectables.get(SessionGuard)?.instance !== this) continue;
      for (const [handler, controller, name] of handlersOf(module)) {
        try {
          this.#guardOf(handler, controller);
        } catch (error) {
          if (!SessionError.is(error) || error.type !== "INVALID_OPTION") throw error;
          const { type, message, payload } = error;
          const where = `\`VerifySession\` of ${controller.name}.${name}`;
          throw new SessionError({ type, message: `${where}: ${message}`, payload, cause: error });
        }
      }
    }
  }

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const guard = this.#guardOf(context.getHandler(), context.getClass());
    return guard === undefined || guard.canActivate(context);
  }

  #guardOf(handler: Handler, controller: Controller): VerifyingGuard | undefined {
    const known = this.#guards.get(handler);
    if (known?.has(controller)) return known.get(controller);
    const options = guardingOf(handler, controller);
    const guard = options === undefined ? undefined : this.#session.verifySession(options);
    this.#guards.set(handler, new Map(known).set(controller, guard));
    return guard;
  }
}
