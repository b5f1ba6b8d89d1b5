import { createSession } from "@acme/session-hono";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import type { Framework } from "./framework.ts";

export const honoFramework: Framework = {
  name: "Hono",
  mount(options, routesOf) {
    const session = createSession(options);
    const app = new Hono();
    app.use(session.middleware());
    for (const { method, path, guard, handle } of routesOf(session)) {
      if (guard !== undefined) app.on(method.toUpperCase(), path, session.verifySession(guard));
      app[method](path, async (c) => {
        const isJson = c.req.header("content-type") === "application/json";
        const { status = 200, body } = await handle({
          body: isJson ? await c.req.json() : {},
          headers: c.req.header(),
          guarded: session.of(c),
          getSession: () => session.getSession(c),
          createNewSession: (userId, payload) => session.createNewSession(c, userId, payload),
        });
        if (body === undefined) return c.body(null, status);
        return typeof body === "string" ? c.text(body, status) : c.json(body, status);
      });
    }
    app.onError(session.errorHandler((_error, c) => c.text("Internal Server Error", 500)));
    return { session, listener: getRequestListener(app.fetch) };
  },
};
