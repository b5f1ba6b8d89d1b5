import { createServer, type RequestListener } from "node:http";
import { createSession, type JsonObject } from "@acme/session-fastify";
import Fastify from "fastify";
import type { Framework } from "./framework.ts";

export const fastifyFramework: Framework = {
  name: "Fastify",
  async mount(options, routesOf) {
    const session = createSession(options);
    let listener: RequestListener = () => {};
    const app = Fastify({
      serverFactory(handler) {
        listener = handler;
        return createServer();
      },
    });
    await app.register(session.plugin);
    for (const { method, path, guard, handle } of routesOf(session)) {
      const hooks = guard === undefined ? {} : { onRequest: session.verifySession(guard) };
      app[method](path, hooks, async (request, reply) => {
        const { status = 200, body } = await handle({
          body: (request.body ?? {}) as JsonObject,
          headers: request.headers,
          guarded: session.of(request),
          getSession: () => session.getSession(request, reply),
          createNewSession: (userId, payload) => session.createNewSession(request, reply, userId, payload),
        });
        return reply.code(status).send(body);
      });
    }
    await app.ready();
    return { session, listener };
  },
};
