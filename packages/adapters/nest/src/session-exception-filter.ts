import { SessionError } from "@acme/session-core";
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Logger } from "@nestjs/common";
import { type Observable, throwError } from "rxjs";
import { isCall } from "./calls.js";
import type { NestSession } from "./create-session.js";
import { extensionOf } from "./graphql-error.js";
import { sessionErrorIn } from "./session-error-in.js";
import { tellSocket } from "./tell-socket.js";
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

/**
 * Answers our errors on both platforms, in HTTP and in GraphQL, and hands them to the caller of a message handler or
 * the client of a gateway.
 * `SessionModule` brings it as a global filter.
 */
@Catch(AnsweredSessionError)
export class SessionExceptionFilter implements ExceptionFilter<Error> {
  readonly #session: NestSession;

  constructor(@Inject(SESSION) session: NestSession) {
    this.#session = session;
  }

  catch(error: Error, host: ArgumentsHost): Promise<void> {
    const type: string = host.getType();
    // What Nest's microservices take from a filter; a promise that rejects would leave the caller without an answer.
    if (type === "rpc") return refusal(error) as unknown as Promise<void>;
    if (type === "ws") {
      tellSocket(error, host);
      return Promise.resolve();
    }
    const answered = this.#answer(error, host);
    // Whoever waits for a filter, as GraphQL does, hears of it; where nobody does, a rejection would end the process.
    answered.catch((failure: unknown) => {
      if (type !== "graphql") new Logger("ExceptionsHandler").error(failure);
    });
    return answered;
  }

  async #answer(error: Error, host: ArgumentsHost): Promise<void> {
    if (!isCall(host)) throw error;
    await this.#session.answerError(error, host);
  }
}

/** In the shape that Nest gives to errors of message handlers. */
function refusal(thrown: Error): Observable<never> {
  const error = sessionErrorIn(thrown);
  const session = error && extensionOf(error);
  return throwError(() => ({ status: "error", message: thrown.message, session }));
}
