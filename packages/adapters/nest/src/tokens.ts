import { Inject } from "@nestjs/common";

/** The provider of the session instance, for `inject`; a symbol that two copies of this package share. */
export const SESSION = Symbol.for("acme.session.nest.session");
export const MODULE_OPTIONS = Symbol.for("acme.session.nest.options");

/** The session instance that `SessionModule` was given or made: `constructor(@InjectSession() session: NestSession)`. */
export const InjectSession = (): ParameterDecorator & PropertyDecorator => Inject(SESSION);
