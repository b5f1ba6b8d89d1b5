import { type AdapterHarness, FixtureApp, runAdapterConformance } from "@acme/session-conformance";
import type { MiddlewareContext, RestServerConfig } from "@loopback/rest";
import { describe, it } from "vitest";
import { createSession, type LoopbackSession } from "../src/index.js";
import { fixtureController } from "./support/fixture-controller.js";
import { type Loopback, loopbackVersions } from "./support/loopback-versions.js";

/** The fixture as a LoopBack application is written. */
function harness(id: string, loopback: Loopback): AdapterHarness {
  return {
    id,
    async start(options) {
      const { RestApplication, RestBindings } = loopback.rest;
      const fixture = new FixtureApp(options);
      let session: LoopbackSession;
      try {
        session = createSession(fixture.sessionOptions);
      } catch (error) {
        fixture.close();
        throw error;
      }
      const app = new RestApplication({
        shutdown: { signals: [] },
        rest: {
          port: 0,
          host: "127.0.0.1",
          gracePeriodForClose: 0,
          cors: corsOf(fixture, session),
          ...(fixture.prefix === "" ? {} : { basePath: fixture.prefix }),
        },
      });
      app.middleware(session.middleware());
      app.middleware(
        async (ctx: MiddlewareContext, next) => {
          try {
            return await next();
          } catch (error) {
            const own = fixture.ownAnswer(error);
            if (own === undefined) throw error;
            ctx.response.status(own.status).json(own.body);
            return ctx.response;
          }
        },
        { group: "own", upstreamGroups: ["middleware"], downstreamGroups: ["findRoute"] },
      );
      app.bind(RestBindings.SequenceActions.LOG_ERROR).to((error, statusCode) => {
        if (statusCode >= 500) fixture.sawForeignError(error);
      });
      app.controller(fixtureController(loopback, fixture, session));
      await app.start();
      return {
        origin: new URL(app.restServer.url ?? "").origin,
        probe: fixture.probe,
        async close() {
          app.restServer.httpServer?.server.closeAllConnections();
          await app.stop();
          await session.close();
          fixture.close();
        },
      };
    },
  };
}

/** LoopBack's own layer allows every origin unless it is told otherwise. */
function corsOf({ corsOrigin }: FixtureApp, session: LoopbackSession): RestServerConfig["cors"] {
  if (corsOrigin === undefined) return { origin: false };
  return {
    origin: corsOrigin,
    credentials: true,
    allowedHeaders: ["content-type", ...session.getAllCORSHeaders()],
  };
}

for (const [name, loopback] of loopbackVersions)
  runAdapterConformance(harness(name, loopback), { describe, it });
