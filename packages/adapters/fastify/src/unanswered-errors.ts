import { SessionError } from "@acme/session-core";
import type { Exchange } from "@acme/session-core/adapter";

/** Errors of ours on their way to the client, by exchange. */
const unanswered = new WeakMap<Exchange, { error: unknown; isWithFastify: boolean }>();

/**
 * Notes an error of ours that was thrown. Whether the application's error handler answers it is not known yet: Fastify's
 * own handler, the last resort, is recognised by its reading `error.headers`, which it sets on the reply.
 */
export function noteError(exchange: Exchange, error: unknown): void {
  if (!SessionError.is(error) || !Object.isExtensible(error)) return;
  const noted = { error, isWithFastify: false };
  unanswered.set(exchange, noted);
  Object.defineProperty(error, "headers", {
    configurable: true,
    get() {
      noted.isWithFastify = true;
      return undefined;
    },
  });
}

/** The error that Fastify's own handler has seen, and nobody answered before; asked for a second time there is none. */
export function takeUnanswered(exchange: Exchange): unknown {
  const noted = unanswered.get(exchange);
  if (!noted?.isWithFastify) return undefined;
  unanswered.delete(exchange);
  return noted.error;
}
