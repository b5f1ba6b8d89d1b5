import { STATUS_CODES } from "node:http";
import { SessionError } from "@acme/session-core";
import { errorAnswer } from "@acme/session-core/adapter";

/** What hapi reads of an error, as `@hapi/boom` writes it. */
interface Output {
  statusCode: number;
  payload: { statusCode: number; error: string; message: string };
  headers: Record<string, string>;
}

/** Makes an error what `Boom` makes, so that whoever looks at its `output` sees the status that it will be answered with. */
export function asBoom<E extends Error>(
  error: E,
  statusCode: number,
  message: string,
  headers: Record<string, string> = {},
): E & { output: Output } {
  const output: Output = {
    statusCode,
    payload: { statusCode, error: STATUS_CODES[statusCode] ?? "Error", message },
    headers,
  };
  return Object.assign(error, { isBoom: true, isServer: statusCode >= 500, output });
}

/** An error of ours with the output of its answer; every other one, and those for a developer, as they are. */
export function withOutput(thrown: unknown): unknown {
  if (!SessionError.is(thrown) || !Object.isExtensible(thrown)) return thrown;
  const { status, retryAfterMs } = thrown;
  const answer = errorAnswer(thrown, { sessionExpired: status, invalidClaim: status });
  if (answer === undefined || answer.status < 400) return thrown;
  const headers = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
  return asBoom(thrown, answer.status, String(answer.body.message), headers);
}

/** The same function, whose errors are {@link withOutput}. */
export function withOutputs<A extends unknown[], R>(
  ask: (...given: A) => Promise<R>,
): (...given: A) => Promise<R> {
  return (...given) =>
    ask(...given).catch((error: unknown) => {
      throw withOutput(error);
    });
}
