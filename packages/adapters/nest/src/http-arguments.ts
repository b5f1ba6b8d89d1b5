import { SessionError } from "@acme/session-core";
import type { Exchange } from "@acme/session-core/adapter";
import type { ArgumentsHost } from "@nestjs/common";
import type { NestRequest, NestResponse } from "./nest-types.js";
import { wrap } from "./wrap.js";

/**
 * The exchange that a guard, filter or parameter decorator works in.
 *
 * @throws SessionError `INVALID_ARGUMENT` outside of HTTP: no session is ever read from something that is not a request
 */
export function exchangeOf(host: ArgumentsHost): Exchange {
  const type: string = host.getType();
  if (type !== "http") {
    throw new SessionError({
      type: "INVALID_ARGUMENT",
      message: `the session guard, decorator and filter work on HTTP requests, and this is a context of type "${type}": guard it with Session.getSessionWithoutRequestResponse()`,
    });
  }
  return wrap(host.getArgByIndex<NestRequest>(0), host.getArgByIndex<NestResponse>(1));
}
