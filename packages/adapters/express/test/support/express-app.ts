import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import express, { type Application, type NextFunction, type Request, type Response } from "express";
import {
  createSession,
  type ExpressSession,
  type ExpressSessionOptions,
  MemoryStore,
} from "../../src/index.js";
import { Browser } from "./wire.js";

/** Express 5 and 4, under Express 5's types: what differs between them is what the tests are about. */
export const versions: [name: string, make: typeof express][] = [
  ["express 5", express],
  ["express 4", createRequire(import.meta.url)("express4")],
];

/** A clock that stands still until it is moved. */
export class TestClock {
  nowMs = 1_800_000_000_000;
  wallMs = (): number => this.nowMs;
  monoMs = (): number => this.nowMs;
}

export interface TestApp {
  origin: string;
  session: ExpressSession;
  clock: TestClock;
  store: MemoryStore;
  /** What the engine warned of. */
  warnings: string[];
  /** What reached the application's own error handler. */
  errors: unknown[];
  browser(): Browser;
  /** A browser that is signed in as `user-1`. */
  signedIn(payload?: object): Promise<Browser>;
  close(): Promise<void>;
}

/**
 * A real server with routes of the test's own between our middleware and our error handler, and the application's error
 * handler after it: 500 with the error's status, or the default one when the head is out.
 */
export async function startApp(
  make: typeof express,
  routes: (app: Application, session: ExpressSession, express: typeof import("express")) => void,
  options: ExpressSessionOptions & { before?: (app: Application, session: ExpressSession) => void } = {},
): Promise<TestApp> {
  const { before, ...sessionOptions } = options;
  const clock = new TestClock();
  const store = new MemoryStore();
  const warnings: string[] = [];
  const errors: unknown[] = [];
  const session = createSession({
    store,
    clock,
    logger: { debug() {}, info() {}, warn: (message) => warnings.push(message) },
    ...sessionOptions,
  });
  const app = make();
  app.disable("x-powered-by");
  app.set("env", "test");
  before?.(app, session);
  app.use(session.middleware());
  app.post("/login", make.json(), async (req, res, next) => {
    try {
      await session.createNewSession(
        req,
        res,
        "user-1",
        (req.body ?? {}) as object as Record<string, string>,
      );
      res.json({ ok: true });
    } catch (error) {
      next(error);
    }
  });
  routes(app, session, make as typeof import("express"));
  app.use(session.errorHandler());
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    errors.push(error);
    if (res.headersSent) return next(error);
    res.status(500).send("the application's error page");
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    session,
    clock,
    store,
    warnings,
    errors,
    browser: () => new Browser(origin),
    async signedIn(payload = {}) {
      const browser = new Browser(origin);
      const answer = await browser.post("/login", payload);
      if (answer.status !== 200) throw new Error(`sign-in answered ${answer.status}: ${answer.body}`);
      return browser;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.close();
    },
  };
}
