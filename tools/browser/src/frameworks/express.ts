import { createSession } from "@acme/session-express";
import express from "express";
import type { Framework } from "./framework.ts";

export const expressFramework: Framework = {
  name: "Express",
  mount(options, routesOf) {
    const session = createSession(options);
    const app = express();
    app.use(express.json());
    app.use(session.middleware());
    for (const { method, path, guard, handle } of routesOf(session)) {
      const guards = guard === undefined ? [] : [session.verifySession(guard)];
      app[method](path, ...guards, async (req, res) => {
        const { status = 200, body } = await handle({
          body: req.body ?? {},
          headers: req.headers,
          guarded: session.of(req),
          getSession: () => session.getSession(req, res),
          createNewSession: (userId, payload) => session.createNewSession(req, res, userId, payload),
        });
        res.status(status);
        if (body === undefined) res.end();
        else res.send(body);
      });
    }
    app.use(session.errorHandler());
    return { session, listener: app };
  },
};
