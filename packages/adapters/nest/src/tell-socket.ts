import { errorAnswer } from "@acme/session-core/adapter";
import { type ArgumentsHost, Logger } from "@nestjs/common";
import { extensionOf } from "./graphql-error.js";
import { sessionErrorIn } from "./session-error-in.js";

/** A client of a gateway: socket.io's, which emits, or one of the `ws` package, whose `emit` stays in the process. */
interface SocketLike {
  readonly readyState?: unknown;
  send?(text: string): unknown;
  emit?(event: string, payload: unknown): unknown;
}

/**
 * Sends an error of ours as Nest sends those of gateways: event `exception`, with the text of its HTTP answer. Nest waits
 * for no filter here, so nothing is thrown. What the client had sent may be a token, and is not sent back.
 */
export function tellSocket(thrown: Error, host: ArgumentsHost): void {
  try {
    const error = sessionErrorIn(thrown);
    const answer = error && errorAnswer(error, { sessionExpired: error.status, invalidClaim: error.status });
    const payload = {
      status: "error",
      message: answer?.body.message ?? "Internal server error",
      ...(error === undefined ? {} : { session: extensionOf(error) }),
    };
    const client: SocketLike = host.switchToWs().getClient();
    if (typeof client.readyState === "number") {
      client.send?.(JSON.stringify({ event: "exception", data: payload }));
    } else {
      client.emit?.("exception", payload);
    }
  } catch (failure) {
    new Logger("WsExceptionsHandler").error(failure);
  }
}
