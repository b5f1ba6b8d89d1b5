import { connect } from "node:net";
import { within } from "@acme/session-core/store";
import { PostgresFailure } from "./postgres-failure.js";

/** Where a server listens. */
export type Place = { readonly path: string } | { readonly host: string; readonly port: number };

/** What the server is told to stop, and where. */
export interface Backend {
  readonly at: Place;
  readonly pid: number;
  readonly secret: number;
}

interface Unanswered {
  readonly answer: Promise<unknown>;
  readonly backend: Backend | undefined;
}

/** As long the place of a connection stays taken at most, after we have given it up. */
const LEAVING_LIMIT_MS = 1_000;
/** The server's name for such a request, in place of a protocol's version. */
const CANCEL_REQUEST = 80877102;

/** Not on the failure itself, which may be logged: a backend's secret is one. */
const unanswered = new WeakMap<PostgresFailure, Unanswered>();

/** @returns the same failure, which `callOff` knows then */
export function leftUnanswered(
  failure: PostgresFailure,
  answer: Promise<unknown> | undefined,
  backend: Backend | undefined,
): PostgresFailure {
  if (failure.code === "TIMEOUT" && answer !== undefined) unanswered.set(failure, { answer, backend });
  return failure;
}

/**
 * Has the server stop what it was given up for. A backend that waits for a lock does not notice that its client has
 * gone: it would stay, and do its work when the lock is free.
 *
 * @returns once the server has answered after all, 1 s later at most; undefined where nothing waits for it
 */
export function callOff(error: unknown): Promise<void> | undefined {
  const left = error instanceof PostgresFailure ? unanswered.get(error) : undefined;
  if (left === undefined) return undefined;
  if (left.backend !== undefined) requestCancel(left.backend);
  return leaving(left.answer);
}

/** @returns when `gone` has settled, 1 s later at most */
export async function leaving(gone: Promise<unknown>): Promise<void> {
  await within(LEAVING_LIMIT_MS, gone).catch(() => {});
}

/** PostgreSQL takes it without TLS and without an account, on a connection of its own. */
function requestCancel({ at, pid, secret }: Backend): void {
  const message = Buffer.alloc(16);
  message.writeUInt32BE(16, 0);
  message.writeUInt32BE(CANCEL_REQUEST, 4);
  message.writeUInt32BE(pid >>> 0, 8);
  message.writeUInt32BE(secret >>> 0, 12);
  const socket = connect(at);
  socket.on("error", () => {});
  socket.setTimeout(LEAVING_LIMIT_MS, () => socket.destroy());
  socket.unref();
  socket.end(message);
  socket.resume();
}
