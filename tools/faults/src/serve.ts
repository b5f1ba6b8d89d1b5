import { createServer } from "node:http";
import { type SessionEvent, type SessionOptions, silentLogger } from "@acme/session-core";
import type { SessionStore } from "@acme/session-core/store";
import { createSession } from "@acme/session-express";
import express, { type Request, type Response } from "express";

/** The application on one machine, over HTTP. */
export interface App {
  readonly origin: string;
  readonly session: ReturnType<typeof createSession>;
  /** Types of the events so far. */
  readonly events: SessionEvent["type"][];
  close(): Promise<void>;
}

export type AppOptions = Pick<
  SessionOptions,
  "clock" | "accessTokenSigningKeyUpdateIntervalHours" | "allowTestValues" | "onEvent"
>;

/** An Express application with a route for each thing that users do in the matrix. */
export async function serve(store: SessionStore, options: AppOptions = {}): Promise<App> {
  const events: SessionEvent["type"][] = [];
  const session = createSession({
    refreshRateLimit: false,
    ...options,
    store,
    logger: silentLogger,
    onEvent(event) {
      events.push(event.type);
      options.onEvent?.(event);
    },
  });
  const app = express();
  app.use(session.middleware());
  app.post("/login/:user", express.json({ limit: "10mb" }), async (req, res) => {
    const data = req.body as Record<string, string> | undefined;
    const made = await session.createNewSession(req, res, req.params.user, {}, data ?? {});
    res.json({ handle: made.getHandle() });
  });
  app.get("/verify", async (req, res) => {
    res.json((await session.getSession(req, res)).getAccessTokenPayload());
  });
  app.get("/verify-in-store", async (req, res) => {
    const found = await session.getSession(req, res, { checkDatabase: true });
    res.json(found.getAccessTokenPayload());
  });
  app.post("/merge/:key", async (req, res) => {
    const found = await session.getSession(req, res);
    await found.mergeIntoAccessTokenPayload({ [req.params.key]: true });
    res.json(found.getAccessTokenPayload());
  });
  // What an operator does, by handle and without a token.
  const done = (res: Response, isDone: boolean): unknown => res.status(isDone ? 200 : 404).json({});
  app.post("/sessions/:handle/merge/:key", async (req: Request<{ handle: string; key: string }>, res) => {
    const { handle, key } = req.params;
    done(res, await session.mergeIntoAccessTokenPayload(handle, { [key]: true }));
  });
  app.post("/sessions/:handle/revoke", async (req, res) => {
    done(res, await session.revokeSession(req.params.handle));
  });
  app.use(session.errorHandler());
  const server = createServer(app);
  // A process that has been stopped must not find its own idle connections too old when it wakes up.
  server.keepAliveTimeout = 300_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    session,
    events,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.close();
    },
  };
}
