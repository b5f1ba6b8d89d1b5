import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import {
  type AdapterHarness,
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  runAdapterConformance,
} from "@acme/session-conformance";
import cors from "cors";
import express, { type ErrorRequestHandler, type RequestHandler, type Response, type Router } from "express";
import { describe, it } from "vitest";
import { createSession, type ExpressSession, type SessionRequest } from "../src/index.js";

const require = createRequire(import.meta.url);
const versions: readonly [id: string, make: typeof express][] = [
  ["express5", express],
  ["express5-lowest", require("express5-lowest")],
  ["express4", require("express4")],
  ["express4-lowest", require("express4-lowest")],
];

/** The fixture as an Express application is written; version 4 needs the catch, and takes it no worse than 5. */
function harness(id: string, make: typeof express): AdapterHarness {
  return {
    id,
    async start(options) {
      const fixture = new FixtureApp(options);
      let session: ExpressSession;
      try {
        session = createSession(fixture.sessionOptions);
      } catch (error) {
        fixture.close();
        throw error;
      }
      const app = make();
      if (fixture.corsOrigin !== undefined) {
        const allowedHeaders = ["content-type", ...session.getAllCORSHeaders()];
        app.use(cors({ origin: fixture.corsOrigin, credentials: true, allowedHeaders }));
      }
      app.use(session.middleware());
      const router = make.Router();
      for (const route of fixture.routes) mount(router, route, session, make.json());
      app.use(fixture.prefix === "" ? "/" : fixture.prefix, router);
      const ownAnswers: ErrorRequestHandler = (error, _req, res, next) => {
        const own = fixture.ownAnswer(error);
        if (own === undefined) next(error);
        else res.status(own.status).json(own.body);
      };
      const foreign: ErrorRequestHandler = (error, _req, _res, next) => {
        fixture.sawForeignError(error);
        next(error);
      };
      app.use(ownAnswers, session.errorHandler(), foreign);
      const server = createServer(app);
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

function mount(router: Router, route: FixtureRoute, session: ExpressSession, parser: RequestHandler): void {
  const handle: RequestHandler = (req, res, next) => {
    route
      .handle({
        body: req.body,
        query: new URLSearchParams(req.originalUrl.split("?")[1]),
        guarded: (req as unknown as SessionRequest).session,
        getSession: (options) => session.getSession(req, res, options),
        createNewSession: (userId, payload) => session.createNewSession(req, res, userId, payload),
        setCookie: (name, value) => void res.cookie(name, value),
        setHeader: (name, value) => void res.setHeader(name, value),
      })
      .then((reply) => send(res, reply))
      .catch(next);
  };
  const handlers = [
    ...(route.guard === undefined ? [] : [session.verifySession(route.guard) as RequestHandler]),
    ...(route.takesBody === undefined ? [] : [parser]),
    handle,
  ];
  router[route.method.toLowerCase() as "get" | "post" | "all"](route.path, ...handlers);
}

function send(res: Response, reply: FixtureReply): void {
  switch (reply.kind) {
    case "json":
      res.json(reply.body);
      return;
    case "empty":
    case "shared":
      res.status(204).end();
      return;
    case "redirect":
      res.redirect(reply.location);
      return;
    case "stream":
      Readable.from(reply.pieces).pipe(res.type("text/plain"));
  }
}

for (const [id, make] of versions) runAdapterConformance(harness(id, make), { describe, it });
