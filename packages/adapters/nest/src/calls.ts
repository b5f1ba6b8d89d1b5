import { SessionError } from "@acme/session-core";
import type { Exchange } from "@acme/session-core/adapter";
import type { ArgumentsHost } from "@nestjs/common";
import { checkedContext, exchangeOfContext } from "./graphql-context.js";
import { exchangeOfHttp } from "./http-exchange.js";
import type { FieldInfo, GraphqlContext } from "./nest-types.js";

/** One call of a handler: of a route, or of a resolver, of which one request may make many. */
export interface Call {
  readonly exchange: Exchange;
  /** Of a resolver: the field it answers for, an object of its own for each time it is called. */
  readonly field?: { readonly info: FieldInfo; readonly context: GraphqlContext };
}

/** Whether a request, and a response to it, stand behind this. */
export function isCall(host: ArgumentsHost): boolean {
  return ["http", "graphql"].includes(host.getType());
}

/**
 * What a guard, filter or parameter decorator works in.
 *
 * @throws SessionError `INVALID_ARGUMENT` outside of HTTP and GraphQL: no session is ever read from something that is
 *         not a request
 */
export function callOf(host: ArgumentsHost): Call {
  const type: string = host.getType();
  if (type === "http") return { exchange: exchangeOfHttp(host.getArgByIndex(0), host.getArgByIndex(1)) };
  if (type === "graphql") {
    // Root, arguments, context and info; for a reference of a federation, the arguments are left out.
    const [given, info] = host.getArgs<unknown[]>().slice(-2);
    const context = checkedContext(given);
    return { exchange: exchangeOfContext(context), field: { info: info as FieldInfo, context } };
  }
  throw new SessionError({
    type: "INVALID_ARGUMENT",
    message: `the session guard, decorator and filter work in HTTP and GraphQL, and this is a context of type "${type}": guard it with Session.getSessionWithoutRequestResponse()`,
  });
}
