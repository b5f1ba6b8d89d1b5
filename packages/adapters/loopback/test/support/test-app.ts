import { WireClient } from "@acme/session-conformance";
import type { Constructor } from "@loopback/core";
import type { MiddlewareContext, RestApplication, RestServerConfig } from "@loopback/rest";
import {
  createSession,
  type LoopbackSession,
  MemoryStore,
  type SessionOptions,
  silentLogger,
} from "../../src/index.js";
import type { Loopback } from "./loopback-versions.js";

export interface TestApp {
  app: RestApplication;
  client(): WireClient;
  /** A client that is signed in as `user-1`. */
  signedIn(): Promise<WireClient>;
  close(): Promise<void>;
}

export const testSession = (options: SessionOptions = {}): LoopbackSession =>
  createSession({ store: new MemoryStore(), logger: silentLogger, ...options });

/** A real server with a login, controllers of the test's own, and our middleware unless the test mounts something else. */
export async function startApp(
  { core, rest }: Loopback,
  session: LoopbackSession,
  controllers: Constructor<object>[],
  prepare: (app: RestApplication) => void = (app) => void app.middleware(session.middleware()),
  cors: RestServerConfig["cors"] | "default" = { origin: false },
): Promise<TestApp> {
  class LoginController {
    constructor(@core.inject(rest.RestBindings.Http.CONTEXT) private readonly ctx: MiddlewareContext) {}

    @rest.post("/login")
    async login() {
      await session.createNewSession(this.ctx, this.ctx, "user-1");
      return {};
    }
  }

  const app = new rest.RestApplication({
    shutdown: { signals: [] },
    rest: { port: 0, host: "127.0.0.1", gracePeriodForClose: 0, ...(cors === "default" ? {} : { cors }) },
  });
  app.bind(rest.RestBindings.SequenceActions.LOG_ERROR).to(() => {});
  for (const controller of [LoginController, ...controllers]) app.controller(controller);
  prepare(app);
  await app.start();
  const { origin } = new URL(app.restServer.url ?? "");
  const client = () => new WireClient(origin);
  return {
    app,
    client,
    async signedIn() {
      const user = client();
      await user.post("/login", {});
      return user;
    },
    async close() {
      app.restServer.httpServer?.server.closeAllConnections();
      await app.stop();
      await session.close();
    },
  };
}
