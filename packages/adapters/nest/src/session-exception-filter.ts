import { SessionError } from "@acme/session-core";
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from "@nestjs/common";
import type { NestSession } from "./create-session.js";
import { sessionErrorIn } from "./session-error-in.js";
import { SESSION } from "./tokens.js";

/**
 * What the filter catches, for `@Catch()`: errors of ours that a client should hear of, whichever copy of the package
 * made them. Those that tell a developer of a mistake are Nest's own 500.
 */
export abstract class AnsweredSessionError extends SessionError {
  static override [Symbol.hasInstance](value: unknown): boolean {
    const error = sessionErrorIn(value);
    return error !== undefined && error.status !== 500;
  }
}

/** Answers our errors on both platforms. `SessionModule` brings it as a global filter. */
@Catch(AnsweredSessionError)
export class SessionExceptionFilter implements ExceptionFilter<Error> {
  readonly #session: NestSession;

  constructor(@Inject(SESSION) session: NestSession) {
    this.#session = session;
  }

  async catch(error: Error, host: ArgumentsHost): Promise<void> {
    await this.#session.answerError(error, host);
  }
}
