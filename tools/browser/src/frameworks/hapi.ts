import { createServer } from "node:http";
import { createSession, type JsonObject } from "@acme/session-hapi";
import { server as createHapi } from "@hapi/hapi";
import type { Framework } from "./framework.ts";

export const hapiFramework: Framework = {
  name: "hapi",
  async mount(options, routesOf) {
    const session = createSession(options);
    const own = createServer();
    const server = createHapi({
      listener: own,
      autoListen: false,
      routes: { state: { failAction: "ignore" } },
    });
    await server.register(session.plugin);
    for (const { method, path, guard, handle } of routesOf(session)) {
      server.route({
        method,
        path,
        options: guard === undefined ? {} : { pre: [session.verifySession(guard)] },
        async handler(request, h) {
          const { status = 200, body } = await handle({
            body: (request.payload ?? {}) as JsonObject,
            headers: request.headers,
            guarded: session.of(request),
            getSession: () => session.getSession(request, h),
            createNewSession: (userId, payload) => session.createNewSession(request, h, userId, payload),
          });
          return h.response(body).code(status);
        },
      });
    }
    await server.initialize();
    return { session, listener: (req, res) => void own.emit("request", req, res) };
  },
};
