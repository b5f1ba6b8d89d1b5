import type { VerifySessionOptions } from "@acme/session-core";
import { checkGuardOptions } from "@acme/session-core/adapter";
import { applyDecorators, UseGuards } from "@nestjs/common";
import { assertCalled } from "./assert-called.js";
import { guardedWith } from "./metadata.js";
import { SessionGuard } from "./session-guard.js";

/**
 * Guards a route, or all routes of a controller, with these options; a route's come on top of its controller's. It brings
 * {@link SessionGuard} with it, which decides once where it is global too.
 *
 * @throws SessionError `INVALID_OPTION` naming the option, when the class is loaded
 */
export function VerifySession(options?: VerifySessionOptions): ClassDecorator & MethodDecorator;
export function VerifySession(...given: unknown[]): ClassDecorator & MethodDecorator {
  assertCalled("VerifySession", given);
  return applyDecorators(
    guardedWith(checkGuardOptions((given[0] === undefined ? {} : given[0]) as VerifySessionOptions)),
    UseGuards(SessionGuard),
  ) as ClassDecorator & MethodDecorator;
}
