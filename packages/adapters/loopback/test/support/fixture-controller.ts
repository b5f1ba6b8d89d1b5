import { Readable } from "node:stream";
import type { FixtureApp, FixtureReply, FixtureRoute } from "@acme/session-conformance";
import type { Constructor } from "@loopback/core";
import type { MiddlewareContext } from "@loopback/rest";
import type { LoopbackSession, SessionContext } from "../../src/index.js";
import type { Loopback } from "./loopback-versions.js";

/** LoopBack does not take HEAD for GET by itself. */
const VERBS = {
  GET: ["get", "head"],
  POST: ["post"],
  ALL: ["get", "post", "put", "patch", "delete", "options", "head"],
};

/** The fixture's routes as methods of a controller, decorated as an application's are. */
export function fixtureController(
  { core, rest }: Loopback,
  fixture: FixtureApp,
  session: LoopbackSession,
): Constructor<object> {
  class FixtureController {
    constructor(readonly ctx: MiddlewareContext) {}
  }
  core.inject(rest.RestBindings.Http.CONTEXT)(FixtureController, undefined as never, 0);
  const prototype = FixtureController.prototype as unknown as Record<string, unknown>;
  for (const [index, route] of fixture.routes.entries()) {
    for (const verb of VERBS[route.method]) {
      const key = `${verb}${index}`;
      prototype[key] = handler(route, session);
      const descriptor = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
      rest.operation(verb, route.path, { responses: {} })(prototype, key, descriptor);
      if (route.takesBody) {
        const schema = { type: "object", additionalProperties: true } as const;
        rest.requestBody({ content: { "application/json": { schema } } })(prototype, key, 0);
      }
      if (route.guard !== undefined) {
        core.intercept(session.verifySession(route.guard))(prototype, key, descriptor);
      }
    }
  }
  return FixtureController as unknown as Constructor<object>;
}

function handler(route: FixtureRoute, session: LoopbackSession) {
  // LoopBack wants a decorator for every parameter that a method declares.
  return async function (this: { ctx: MiddlewareContext }, ...[body]: unknown[]): Promise<unknown> {
    const { ctx } = this;
    const reply = await route.handle({
      body: body ?? {},
      query: new URLSearchParams(ctx.request.originalUrl.split("?")[1]),
      guarded: (ctx as SessionContext).session,
      getSession: (options) => session.getSession(ctx, ctx, options),
      createNewSession: (userId, payload) => session.createNewSession(ctx, ctx, userId, payload),
      setCookie: (name, value) => void ctx.response.cookie(name, value),
      setHeader: (name, value) => void ctx.response.setHeader(name, value),
    });
    return send(ctx, reply);
  };
}

function send({ response }: MiddlewareContext, reply: FixtureReply): unknown {
  switch (reply.kind) {
    case "json":
      return reply.body;
    case "empty":
    case "shared":
      return undefined;
    case "redirect":
      response.redirect(reply.location);
      return response;
    case "stream":
      response.type("text/plain");
      Readable.from(reply.pieces, { objectMode: false }).pipe(response);
      return response;
  }
}
