import type { AddressInfo } from "node:net";
import { createSession, silentLogger } from "@acme/session-fastify";
import fastifyCookie from "@fastify/cookie";
import fastifyJwt from "@fastify/jwt";
import fastifySession from "@fastify/session";
import { type FastifyInstance, fastify } from "fastify";
import { fastifySessionCookie, storeFastifySession } from "../peers/fastify-session.ts";
import { publicPem } from "../peers/public-pem.ts";
import { bearerHeaders, browserHeaders } from "../request.ts";
import type { HttpApp } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "Fastify, unguarded";

async function started(app: FastifyInstance): Promise<number> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  return (app.server.address() as AddressInfo).port;
}

export const fastifyApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = fastify();
      app.get("/me", async () => ({ id: USER }));
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    // What the framework takes for any guard at all.
    name: "Fastify, an empty hook",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = fastify();
      app.get("/me", { onRequest: (_request, _reply, done) => done() }, async () => ({ id: USER }));
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Fastify, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const app = fastify();
      await app.register(Session.plugin);
      app.get("/me", { onRequest: Session.verifySession() }, async (request) => ({
        id: Session.of(request)?.getUserId(),
      }));
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Fastify, @fastify/jwt, cache",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const app = fastify();
      await app.register(fastifyJwt, {
        secret: { private: "", public: publicPem(signed.jwk) },
        verify: { algorithms: ["ES256"], cache: true },
      });
      app.get("/me", { onRequest: (request) => request.jwtVerify() }, async (request) => ({
        id: (request.user as { sub: string }).sub,
      }));
      return { port: await started(app), headers: bearerHeaders(signed.token) };
    },
  },
  {
    name: "Fastify, @fastify/session",
    unguarded: UNGUARDED,
    async start() {
      const store = new fastifySession.MemoryStore();
      await storeFastifySession(store);
      const app = fastify();
      await app.register(fastifyCookie);
      await app.register(fastifySession, {
        secret: fastifySessionCookie.secret,
        store,
        cookie: { secure: false },
        saveUninitialized: false,
      });
      app.get("/me", async (request) => ({ id: request.session.userId }));
      return { port: await started(app), headers: browserHeaders(fastifySessionCookie.cookie) };
    },
  },
];
