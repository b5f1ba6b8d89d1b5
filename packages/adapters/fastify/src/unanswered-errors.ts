import { SessionError } from "@acme/session-core";
import type { Exchange } from "@acme/session-core/adapter";
import type { FastifyReply } from "fastify";

/** Errors of ours on their way to the client, by exchange, and what was sent last. Several requests may share one error. */
const unanswered = new WeakMap<Exchange, { readonly error: unknown; sent: unknown }>();

/**
 * Notes an error of ours that was thrown. Whether the application's error handler answers it is not known yet: Fastify's
 * own handler, the last resort, is recognised by its sending the error itself.
 */
export function noteError(exchange: Exchange, reply: FastifyReply, error: unknown): void {
  if (!SessionError.is(error)) return;
  const noted: { error: unknown; sent: unknown } = { error, sent: undefined };
  unanswered.set(exchange, noted);
  const send = reply.send.bind(reply);
  reply.send = (payload?: unknown) => {
    noted.sent = payload;
    return send(payload);
  };
}

/** The error that Fastify's own handler sends, and nobody answered before; asked for a second time there is none. */
export function takeUnanswered(exchange: Exchange): unknown {
  const noted = unanswered.get(exchange);
  if (noted === undefined || noted.sent !== noted.error) return undefined;
  unanswered.delete(exchange);
  return noted.error;
}
