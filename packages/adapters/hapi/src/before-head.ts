import type { NodeServerResponse } from "@acme/session-core/adapter";

type WriteHead = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Runs `act` right before the head of a response is written, whoever writes it: hapi for a response or an error, or
 * a handler that returns `h.abandon`.
 */
export function beforeHead(res: NodeServerResponse, act: () => void): void {
  const native = res as { writeHead?: WriteHead };
  const { writeHead } = native;
  if (writeHead === undefined) return;
  native.writeHead = function (...args) {
    if (!res.headersSent) act();
    return writeHead.apply(this, args);
  };
}
