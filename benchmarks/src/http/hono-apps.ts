import type { Server } from "node:http";
import { createSession, type SessionVariables, silentLogger } from "@acme/session-hono";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { jwk } from "hono/jwk";
import { type HttpApp, portOf } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "Hono, unguarded";

const started = (app: { fetch: (request: Request) => Response | Promise<Response> }): Promise<number> =>
  portOf(createAdaptorServer({ fetch: app.fetch }) as Server);

export const honoApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = new Hono().get("/me", (c) => c.json({ id: USER }));
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    // Hono answers a route without middleware in a shorter way: this is what any guard at all costs.
    name: "Hono, two empty middlewares",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = new Hono();
      app.use((_c, next) => next());
      app.get(
        "/me",
        async (_c, next) => {
          await next();
        },
        (c) => c.json({ id: USER }),
      );
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Hono, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const app = new Hono<{ Variables: SessionVariables }>();
      app.use(Session.middleware());
      app.get("/me", Session.verifySession(), (c) => c.json({ id: c.var.session.getUserId() }));
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Hono, hono/jwk",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = new Hono<{ Variables: { jwtPayload: { sub: string } } }>();
      const keys = [{ ...signed.jwk, alg: "ES256", use: "sig" }] as never;
      app.get("/me", jwk({ keys, cookie: "sAccessToken", alg: ["ES256"] }), (c) =>
        c.json({ id: c.var.jwtPayload.sub }),
      );
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
];
