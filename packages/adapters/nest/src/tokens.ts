import { Inject } from "@nestjs/common";
import { assertCalled } from "./assert-called.js";

/** The provider of the session instance, for `inject`; a symbol that two copies of this package share. */
export const SESSION = Symbol.for("acme.session.nest.session");
export const MODULE_OPTIONS = Symbol.for("acme.session.nest.options");

/** The session instance that `SessionModule` was given or made: `constructor(@InjectSession() session: NestSession)`. */
export function InjectSession(): ParameterDecorator & PropertyDecorator;
export function InjectSession(...given: unknown[]): ParameterDecorator & PropertyDecorator {
  assertCalled("InjectSession", given);
  return Inject(SESSION);
}
