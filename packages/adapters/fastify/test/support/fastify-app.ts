import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import {
  createSession,
  type FastifySession,
  type FastifySessionOptions,
  MemoryStore,
  silentLogger,
} from "../../src/index.js";

export interface TestApp {
  session: FastifySession;
  /** Lines that Fastify logged at `warn` or above. */
  warnings: string[];
  client(): WireClient;
  /** A client that is signed in as `user-1`. */
  signedIn(payload?: object): Promise<WireClient>;
  close(): Promise<void>;
}

/** A real server: first what the test mounts, then a login route, then our plugin, unless the test has registered it. */
export async function startApp(
  mount: (app: FastifyInstance, session: FastifySession) => unknown,
  options: FastifySessionOptions & { server?: FastifyServerOptions; registersPlugin?: false } = {},
): Promise<TestApp> {
  const { server, registersPlugin, ...sessionOptions } = options;
  const session = createSession({ store: new MemoryStore(), logger: silentLogger, ...sessionOptions });
  const warnings: string[] = [];
  const log = { write: (line: string) => warnings.push(line) };
  const app = Fastify({ logger: { level: "warn", stream: log }, ...server });
  await mount(app, session);
  app.post("/login", async (request, reply) => {
    await session.createNewSession(request, reply, "user-1", (request.body ?? {}) as Record<string, never>);
    return {};
  });
  if (registersPlugin !== false) await app.register(session.plugin);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const client = () => new WireClient(base);
  return {
    session,
    warnings,
    client,
    async signedIn(payload = {}) {
      const user = client();
      await user.post("/login", payload);
      return user;
    },
    async close() {
      app.server.closeAllConnections();
      await app.close();
      await session.close();
    },
  };
}
