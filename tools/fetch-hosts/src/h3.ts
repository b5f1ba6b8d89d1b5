import type { FixtureReply, FixtureRoute } from "@acme/session-conformance";
import { H3, type H3Config, type H3Event, handleCors, noContent, redirect, setCookie, toResponse } from "h3";
import { type Fixture, SHARED, streamOf } from "./fixture.ts";

/** The fixture as an h3 2 application is written. */
export function h3App(fixture: Fixture): H3 {
  const { app: suite, session } = fixture;
  const config: H3Config = {
    silent: true,
    onError(error) {
      if (error.unhandled) suite.sawForeignError(error.cause);
    },
  };
  const app = new H3(config);
  const { corsOrigin } = suite;
  if (corsOrigin !== undefined) {
    const allowHeaders = ["content-type", ...session.getAllCORSHeaders()];
    app.use((event) => {
      const preflight = handleCors(event, {
        origin: [corsOrigin],
        credentials: true,
        allowHeaders,
        exposeHeaders: session.getAllExposedHeaders(),
      });
      return preflight === false ? undefined : preflight;
    });
  }
  app.use((event, next) =>
    session.fetch(async () => {
      try {
        return await toResponse(await next(), event);
      } catch (error) {
        if (session.Error.is(error)) throw error;
        return toResponse(Promise.reject(error), event, config);
      }
    })(event.req),
  );
  app.use(async (_event, next) => {
    try {
      return await next();
    } catch (error) {
      const own = suite.ownAnswer(error);
      if (own === undefined) throw error;
      return Response.json(own.body, { status: own.status });
    }
  });
  for (const route of suite.routes) mount(app, fixture, route);
  return app;
}

function mount(app: H3, fixture: Fixture, route: FixtureRoute): void {
  const { session } = fixture;
  const path = fixture.app.prefix + route.path;
  app.on(route.method === "ALL" ? "" : route.method, path, async (event) => {
    const guarded =
      route.guard === undefined ? undefined : await session.getSession(event.req, undefined, route.guard);
    const reply = await fixture.run(route, event.req, {
      body: route.takesBody ? await event.req.json() : {},
      guarded,
      setCookie: (name, value) => setCookie(event, name, value),
      setHeader: (name, value) => event.res.headers.set(name, value),
    });
    return send(event, reply);
  });
}

function send(event: H3Event, reply: FixtureReply): unknown {
  switch (reply.kind) {
    case "json":
      // h3 answers null with an empty body
      return reply.body ?? Response.json(null);
    case "empty":
      return noContent();
    case "shared":
      return SHARED;
    case "redirect":
      return redirect(reply.location);
    case "stream":
      event.res.headers.set("content-type", "text/plain");
      return streamOf(reply.pieces);
  }
}
