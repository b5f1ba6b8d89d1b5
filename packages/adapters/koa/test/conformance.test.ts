import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import {
  type AdapterHarness,
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  runAdapterConformance,
} from "@acme/session-conformance";
import cors from "@koa/cors";
import Router, { type RouterMiddleware } from "@koa/router";
import type Koa from "koa";
import bodyParser from "koa-bodyparser";
import { describe, it } from "vitest";
import { createSession, type KoaSession, type SessionContext } from "../src/index.js";
import { koaVersions } from "./support/koa-versions.js";

/** The fixture as a Koa application is written. */
function harness(id: string, Application: typeof Koa): AdapterHarness {
  return {
    id,
    async start(options) {
      const fixture = new FixtureApp(options);
      let session: KoaSession;
      try {
        session = createSession(fixture.sessionOptions);
      } catch (error) {
        fixture.close();
        throw error;
      }
      const app = new Application();
      app.on("error", (error) => fixture.sawForeignError(error));
      if (fixture.corsOrigin !== undefined) {
        const allowHeaders = ["content-type", ...session.getAllCORSHeaders()];
        app.use(cors({ origin: fixture.corsOrigin, credentials: true, allowHeaders }));
      }
      app.use(session.middleware());
      app.use(async (ctx, next) => {
        try {
          await next();
        } catch (error) {
          const own = fixture.ownAnswer(error);
          if (own === undefined) throw error;
          ctx.status = own.status;
          ctx.body = own.body;
        }
      });
      const router = new Router({ prefix: fixture.prefix });
      for (const route of fixture.routes) mount(router, route, session);
      app.use(router.routes());
      const server = createServer(app.callback());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return {
        origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        probe: fixture.probe,
        async close() {
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
          await session.close();
          fixture.close();
        },
      };
    },
  };
}

function mount(router: Router, route: FixtureRoute, session: KoaSession): void {
  const handlers: RouterMiddleware[] = [];
  if (route.guard !== undefined) handlers.push(session.verifySession(route.guard));
  if (route.takesBody) handlers.push(bodyParser() as RouterMiddleware);
  handlers.push(async (ctx) => {
    const reply = await route.handle({
      body: (ctx.request as { body?: unknown }).body,
      query: new URLSearchParams(ctx.querystring),
      guarded: (ctx as SessionContext).session,
      getSession: (options) => session.getSession(ctx, ctx, options),
      createNewSession: (userId, payload) => session.createNewSession(ctx, ctx, userId, payload),
      setCookie: (name, value) => void ctx.cookies.set(name, value),
      setHeader: (name, value) => ctx.set(name, value),
    });
    send(ctx, reply);
  });
  router[route.method.toLowerCase() as "get" | "post" | "all"](route.path, ...handlers);
}

/** Made once, and returned to everybody; Koa 3 takes it apart. */
const SHARED = new Response(null, { status: 204 });

function send(ctx: Koa.Context, reply: FixtureReply): void {
  switch (reply.kind) {
    case "json":
      ctx.body = JSON.stringify(reply.body);
      ctx.type = "json";
      return;
    case "empty":
      ctx.status = 204;
      return;
    case "shared":
      // Koa 2 knows no Fetch responses.
      ctx.status = SHARED.status;
      ctx.body = SHARED;
      return;
    case "redirect":
      ctx.redirect(reply.location);
      return;
    case "stream":
      ctx.type = "text/plain";
      ctx.body = Readable.from(reply.pieces);
  }
}

for (const [name, make] of koaVersions) runAdapterConformance(harness(name, make), { describe, it });
