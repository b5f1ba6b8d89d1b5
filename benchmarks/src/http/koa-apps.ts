import { createServer } from "node:http";
import { createSession, silentLogger } from "@acme/session-koa";
import Koa from "koa";
import { type HttpApp, portOf } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "Koa, unguarded";

const started = (app: Koa): Promise<number> => portOf(createServer(app.callback()));

export const koaApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = new Koa();
      app.use((ctx) => {
        ctx.body = { id: USER };
      });
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    // What the framework takes for any guard at all.
    name: "Koa, two empty middlewares",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = new Koa();
      for (let n = 0; n < 2; n++) {
        app.use(async (_ctx, next) => {
          await next();
        });
      }
      app.use((ctx) => {
        ctx.body = { id: USER };
      });
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Koa, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const app = new Koa();
      app.use(Session.middleware());
      app.use(Session.verifySession());
      app.use((ctx) => {
        ctx.body = { id: Session.of(ctx)?.getUserId() };
      });
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
];
