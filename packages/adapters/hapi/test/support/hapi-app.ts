import { WireClient } from "@acme/session-conformance";
import type Hapi from "@hapi/hapi";
import type { Server, ServerOptions } from "@hapi/hapi";
import {
  createSession,
  type HapiSession,
  type HapiSessionOptions,
  MemoryStore,
  silentLogger,
} from "../../src/index.js";

export interface TestApp {
  session: HapiSession;
  server: Server;
  client(): WireClient;
  /** A client that is signed in as `user-1`. */
  signedIn(payload?: object): Promise<WireClient>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  session?: HapiSessionOptions;
  server?: ServerOptions;
  /** What the application does before our plugin is registered. */
  before?: (server: Server, session: HapiSession) => unknown;
}

/** A real server with our plugin, a login route and routes of the test's own. */
export async function startApp(
  make: typeof Hapi.server,
  mount: (server: Server, session: HapiSession) => unknown,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger, ...options.session });
  const server = make({ port: 0, host: "127.0.0.1", debug: false, ...options.server });
  await options.before?.(server, session);
  await server.register(session.plugin);
  server.route({
    method: "POST",
    path: "/login",
    options: { auth: false },
    handler: async (request, h) => {
      await session.createNewSession(request, h, "user-1", request.payload as Record<string, never>);
      return {};
    },
  });
  await mount(server, session);
  await server.start();
  const client = () => new WireClient(`http://127.0.0.1:${server.info.port}`);
  return {
    session,
    server,
    client,
    async signedIn(payload = {}) {
      const user = client();
      await user.post("/login", payload);
      return user;
    },
    async close() {
      await server.stop({ timeout: 0 });
      await session.close();
    },
  };
}
