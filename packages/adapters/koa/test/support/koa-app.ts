import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import type Koa from "koa";
import {
  createSession,
  type KoaSession,
  type KoaSessionOptions,
  MemoryStore,
  silentLogger,
} from "../../src/index.js";

export interface TestApp {
  session: KoaSession;
  /** What reached `app.on("error")`. */
  errors: unknown[];
  client(): WireClient;
  /** A client that is signed in as `user-1`. */
  signedIn(): Promise<WireClient>;
  close(): Promise<void>;
}

/** A real server with a login route and middleware of the test's own. */
export async function startApp(
  Application: typeof Koa,
  mount: (app: Koa, session: KoaSession) => void,
  options: KoaSessionOptions = {},
): Promise<TestApp> {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger, ...options });
  const errors: unknown[] = [];
  const app = new Application();
  app.on("error", (error) => errors.push(error));
  app.use(async (ctx, next) => {
    if (ctx.path !== "/login") return next();
    await session.createNewSession(ctx, ctx, "user-1");
    ctx.body = {};
  });
  mount(app, session);
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = () => new WireClient(base);
  return {
    session,
    errors,
    client,
    async signedIn() {
      const user = client();
      await user.post("/login", {});
      return user;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.close();
    },
  };
}
