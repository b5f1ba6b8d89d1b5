import type { Writable } from "node:stream";
import { invalidArgument } from "@acme/session-core/adapter";
import type { Invocations } from "./invocations.js";
import type { LambdaEvent } from "./lambda-event.js";
import type { LambdaResult } from "./lambda-result.js";

/** What is sent before the body. */
export type StreamHead = Partial<
  Pick<LambdaResult, "statusCode" | "headers" | "multiValueHeaders" | "cookies">
>;

/** Sends the head, at once, and returns the stream of the body. From then on the session cannot be changed. */
export type Respond = (head?: StreamHead) => Writable;

/** A handler that answers through `respond`. */
export type StreamingHandler<E extends LambdaEvent = LambdaEvent, C = unknown> = (
  event: E,
  respond: Respond,
  context: C,
) => unknown;

/** What `awslambda.streamifyResponse` takes. */
export type StreamHandler<E extends LambdaEvent = LambdaEvent, C = unknown> = (
  event: E,
  responseStream: Writable,
  context?: C,
) => Promise<void>;

/** What Lambda's Node.js runtime has for this, as a global. */
interface LambdaRuntime {
  readonly HttpResponseStream: { from(stream: Writable, metadata: object): Writable };
}

/** @throws SessionError `INVALID_ARGUMENT` outside of Lambda's runtime, when the head is sent */
export function streamHandler<E extends LambdaEvent, C>(
  invocations: Invocations,
  handler: StreamingHandler<E, C>,
): StreamHandler<E, C> {
  return async (event, responseStream, context) => {
    const { exchange, isOutermost } = invocations.exchanges.enter(event, "wrapper");
    const { res } = exchange;
    let isSent = false;

    const respond: Respond = (head = {}) => {
      if (isSent)
        throw invalidArgument("respond() sends the head, once; write to the stream that it returned");
      const { body: _, isBase64Encoded: __, ...metadata } = res.onto({ statusCode: 200, ...head });
      const stream = runtime().HttpResponseStream.from(responseStream, metadata);
      isSent = true;
      res.close();
      // The runtime sends the head with the first write, even if that writes nothing, and never without one.
      stream.write("");
      return stream;
    };
    const send = (value: unknown): void => {
      const { body, isBase64Encoded, ...head } = res.onto(value);
      respond(head).end(isBase64Encoded ? Buffer.from(body, "base64") : body);
    };

    try {
      const served = await invocations.serve(exchange);
      if (served !== undefined) send(served);
      else await handler(event, respond, context as C);
      if (!isSent) send(undefined);
    } catch (error) {
      const value = await invocations.answer(exchange, error);
      if (value === undefined) throw error;
      send(value);
    } finally {
      if (isOutermost) res.close();
    }
  };
}

function runtime(): LambdaRuntime {
  const { awslambda } = globalThis as { awslambda?: LambdaRuntime };
  if (awslambda === undefined) {
    throw invalidArgument("streamHandler needs the global `awslambda` of Lambda's Node.js runtime");
  }
  return awslambda;
}
