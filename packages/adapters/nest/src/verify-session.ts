import type { VerifySessionOptions } from "@acme/session-core";
import { checkGuardOptions } from "@acme/session-core/adapter";
import { applyDecorators, UseGuards } from "@nestjs/common";
import { guardedWith } from "./metadata.js";
import { SessionGuard } from "./session-guard.js";

/**
 * Guards a route, or all routes of a controller, with these options; a route's come on top of its controller's. It brings
 * {@link SessionGuard} with it, which decides once where it is global too.
 *
 * @throws SessionError `INVALID_OPTION` naming the option, when the class is loaded
 */
export function VerifySession(options: VerifySessionOptions = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(guardedWith(checkGuardOptions(options)), UseGuards(SessionGuard)) as ClassDecorator &
    MethodDecorator;
}
