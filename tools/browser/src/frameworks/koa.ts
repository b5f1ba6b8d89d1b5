import type { JsonObject } from "@acme/session-core";
import { createSession } from "@acme/session-koa";
import Router from "@koa/router";
import Koa from "koa";
import bodyParser from "koa-bodyparser";
import type { Framework } from "./framework.ts";

export const koaFramework: Framework = {
  name: "Koa",
  mount(options, routesOf) {
    const session = createSession(options);
    const router = new Router();
    for (const { method, path, guard, handle } of routesOf(session)) {
      const guards = guard === undefined ? [] : [session.verifySession(guard)];
      router[method](path, ...guards, async (ctx) => {
        const { status = 200, body = null } = await handle({
          body: (ctx.request.body ?? {}) as JsonObject,
          headers: ctx.headers,
          guarded: session.of(ctx),
          getSession: () => session.getSession(ctx, ctx),
          createNewSession: (userId, payload) => session.createNewSession(ctx, ctx, userId, payload),
        });
        ctx.body = body;
        ctx.status = status;
      });
    }
    const app = new Koa();
    app.use(session.middleware());
    app.use(bodyParser());
    app.use(router.routes());
    return { session, listener: app.callback() };
  },
};
