import { invalidArgument } from "../errors/throwers.js";

/** As much of Node's `http.Server` as shutting down takes. Fastify: `app.server`; Nest: `app.getHttpServer()`; hapi: `server.listener`. */
export interface NodeServer {
  on(event: string, listener: (...args: never[]) => void): unknown;
  prependListener(event: string, listener: (...args: never[]) => void): unknown;
  close(closed: () => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

/** What is let go of when the last request has been answered. */
export interface Closable {
  close(): Promise<void>;
}

export interface GracefulShutdownOptions {
  /** Seconds, 0 to 3600, for what is in flight; then its connections are cut. Default 10. */
  graceSeconds?: number | undefined;
}

interface Socket {
  readonly writableLength: number;
  once(event: "close", listener: () => void): unknown;
}

interface NodeRequest {
  readonly httpVersionMajor: number;
  readonly socket: object;
  readonly stream?: { session?: { close(): void } };
}

interface NodeResponse {
  readonly headersSent: boolean;
  shouldKeepAlive: boolean;
}

const DEFAULT_GRACE_SECONDS = 10;
/** How soon a connection is closed whose answer had begun before. */
const LOOK_EVERY_MS = 20;

/**
 * Prepares for the end of a Node server: `process.once("SIGTERM", gracefulShutdown(server, Session))`. It ends the way
 * that loses nobody, behind proxies that keep connections alive too: nothing new is accepted, every answer from then on
 * says `Connection: close`, idle connections are closed, what is in flight is answered, and then `session` is closed,
 * which leaves no timer, socket or file behind. Sockets that were upgraded (WebSockets) are the application's to close.
 *
 * @param server Node's own, before or after `listen`
 * @param session the instance, or whatever else has such a `close`
 * @returns what ends it: resolves with whether everything was answered in time (otherwise connections were cut), rejects
 *          with what `session.close()` threw; called again it waits for the first call
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function gracefulShutdown(
  server: NodeServer,
  session: Closable,
  { graceSeconds = DEFAULT_GRACE_SECONDS }: GracefulShutdownOptions = {},
): () => Promise<boolean> {
  if (typeof server?.close !== "function" || typeof server.prependListener !== "function") {
    throw invalidArgument(
      "gracefulShutdown takes Node's server first: what `listen` or `createServer` returned",
    );
  }
  if (typeof session?.close !== "function") {
    throw invalidArgument("gracefulShutdown takes the session instance second");
  }
  if (!(graceSeconds >= 0 && graceSeconds <= 3600)) {
    throw invalidArgument("`graceSeconds` is a number of seconds, 0 to 3600");
  }
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", keep);
  server.on("secureConnection", keep);
  // The latest exchange of each connection: one that is under way when the end begins is its last, too.
  const latest = new WeakMap<object, [NodeRequest, NodeResponse]>();
  server.prependListener("request", (req: NodeRequest, res: NodeResponse) =>
    latest.set(req.socket, [req, res]),
  );
  let ending: Promise<boolean> | undefined;
  return () => {
    ending ??= endServer(server, sockets, latest, graceSeconds * 1000).then(async (isInTime) => {
      await session.close();
      return isInTime;
    });
    return ending;
  };
}

async function endServer(
  server: NodeServer,
  sockets: ReadonlySet<Socket>,
  latest: WeakMap<object, [NodeRequest, NodeResponse]>,
  graceMs: number,
): Promise<boolean> {
  server.prependListener("request", endConnection);
  for (const socket of sockets) {
    const exchange = latest.get(socket);
    if (exchange !== undefined) endConnection(...exchange);
  }
  // Node takes a connection for idle whose answer has been given to it but not yet sent: a download would be cut off.
  const closeIdle = (): void => {
    if ([...sockets].every(({ writableLength }) => writableLength === 0)) server.closeIdleConnections?.();
  };
  return new Promise<boolean>((resolve) => {
    const looking = setInterval(closeIdle, LOOK_EVERY_MS);
    const end = (isInTime: boolean): void => {
      clearInterval(looking);
      clearTimeout(limit);
      resolve(isInTime);
    };
    const limit = setTimeout(() => {
      server.closeAllConnections?.();
      end(false);
    }, graceMs);
    stopListening(server, () => end(true));
    closeIdle();
  });
}

/** `close()` of Node's HTTP server closes idle connections by itself, those whose answers are being sent among them. */
function stopListening(server: NodeServer, closed: () => void): void {
  if (server.closeIdleConnections === undefined) {
    server.close(closed);
    return;
  }
  Object.defineProperty(server, "closeIdleConnections", { value: () => {}, configurable: true });
  try {
    server.close(closed);
  } finally {
    Reflect.deleteProperty(server, "closeIdleConnections");
  }
}

/** A connection that a proxy keeps busy never gets idle: its next answer ends it. */
function endConnection(req: NodeRequest, res: NodeResponse): void {
  if (req.httpVersionMajor >= 2) req.stream?.session?.close();
  // For this Node writes `Connection: close`.
  else if (!res.headersSent) res.shouldKeepAlive = false;
}
