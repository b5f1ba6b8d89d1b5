import { Readable } from "node:stream";
import {
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  type HarnessOptions,
} from "@acme/session-conformance";
import cookie from "@fastify/cookie";
import cors from "@fastify/cors";
import type Fastify from "fastify";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from "fastify";
import { createSession, type FastifySession, SessionError, type SessionRequest } from "../../src/index.js";

export interface MountedFixture {
  app: FastifyInstance;
  fixture: FixtureApp;
  close(): Promise<void>;
}

/**
 * The fixture as a Fastify application is written.
 *
 * @param ownHandler whether the application's error handler calls ours, or throws on what is not its own
 */
export async function mountFixture(
  make: typeof Fastify,
  options: HarnessOptions,
  ownHandler: "calls ours" | "throws on",
): Promise<MountedFixture> {
  const fixture = new FixtureApp(options);
  let session: FastifySession;
  try {
    session = createSession(fixture.sessionOptions);
  } catch (error) {
    fixture.close();
    throw error;
  }
  const log = { write: (line: string) => fixture.sawFrameworkWarning(line) };
  const app = make({ logger: { level: "warn", stream: log } }) as FastifyInstance;
  if (fixture.corsOrigin !== undefined) {
    const allowedHeaders = ["content-type", ...session.getAllCORSHeaders()];
    await app.register(cors, { origin: fixture.corsOrigin, credentials: true, allowedHeaders });
  }
  await app.register(cookie);
  await app.register(session.plugin);
  // An async hook widens the window in which Fastify does not know that it has been answered.
  app.addHook("onSend", async () => new Promise((resolve) => setImmediate(resolve)));
  const ours = session.errorHandler();
  app.setErrorHandler((error, request, reply) => {
    const own = fixture.ownAnswer(error);
    if (own !== undefined) return reply.code(own.status).send(own.body);
    if (SessionError.is(error) && ownHandler === "calls ours") return ours(error, request, reply);
    if (!SessionError.is(error)) fixture.sawForeignError(error);
    throw error;
  });
  const routes: FastifyPluginAsync = async (child) => {
    for (const route of fixture.routes) mount(child, route, session);
  };
  await app.register(routes, { prefix: fixture.prefix });
  return {
    app,
    fixture,
    async close() {
      app.server.closeAllConnections();
      await app.close();
      await session.close();
      fixture.close();
    },
  };
}

function mount(app: FastifyInstance, route: FixtureRoute, session: FastifySession): void {
  const hooks = route.guard === undefined ? {} : { onRequest: session.verifySession(route.guard) };
  const method = route.method.toLowerCase() as "get" | "post" | "all";
  app[method](route.path, hooks, async (request, reply) => {
    const answer = await route.handle({
      body: request.body ?? {},
      query: new URLSearchParams(request.url.split("?")[1]),
      guarded: (request as SessionRequest).session,
      getSession: (options) => session.getSession(request, reply, options),
      createNewSession: (userId, payload) => session.createNewSession(request, reply, userId, payload),
      setCookie: (name, value) => void reply.setCookie(name, value),
      setHeader: (name, value) => void reply.header(name, value),
    });
    return send(reply, answer);
  });
}

/** Made once, and sent to everybody; Fastify takes it apart. */
const SHARED = new Response(null, { status: 204 });

function send(reply: FastifyReply, answer: FixtureReply): unknown {
  switch (answer.kind) {
    case "json":
      return reply.type("application/json").send(JSON.stringify(answer.body));
    case "empty":
      return reply.code(204).send();
    case "shared":
      return reply.send(SHARED);
    case "redirect":
      return reply.redirect(answer.location);
    case "stream":
      return reply.type("text/plain").send(Readable.from(answer.pieces));
  }
}
