import { Readable } from "node:stream";
import {
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  type HarnessOptions,
} from "@acme/session-conformance";
import type Hapi from "@hapi/hapi";
import type { Lifecycle, Request, ResponseToolkit, RouteOptions, Server } from "@hapi/hapi";
import { createSession, type HapiSession, SessionError } from "../../src/index.js";

export interface MountedFixture {
  server: Server;
  fixture: FixtureApp;
  close(): Promise<void>;
}

/**
 * The fixture as a hapi application is written.
 *
 * @param guardedBy how routes are guarded: by the strategy where its mode says all, or by `pre`
 */
export async function mountFixture(
  make: typeof Hapi.server,
  options: HarnessOptions,
  guardedBy: "strategy" | "pre",
): Promise<MountedFixture> {
  const fixture = new FixtureApp(options);
  let session: HapiSession;
  try {
    session = createSession(fixture.sessionOptions);
  } catch (error) {
    fixture.close();
    throw error;
  }
  const server = make({
    port: 0,
    host: "127.0.0.1",
    // hapi writes errors of the application to the console otherwise.
    debug: false,
    routes: {
      state: { failAction: "ignore" },
      ...(fixture.corsOrigin === undefined
        ? {}
        : {
            cors: {
              origin: [fixture.corsOrigin],
              credentials: true,
              additionalHeaders: session.getAllCORSHeaders(),
            },
          }),
    },
  });
  server.ext("onPreResponse", ({ response }, h) => {
    const own = fixture.ownAnswer(response);
    if (own !== undefined) return h.response(own.body as object).code(own.status);
    if (response instanceof Error && !SessionError.is(response) && response.output.statusCode === 500) {
      fixture.sawForeignError(response);
    }
    return h.continue;
  });
  await server.register(session.plugin);
  for (const route of fixture.routes) mount(server, fixture.prefix, route, session, guardedBy);
  return {
    server,
    fixture,
    async close() {
      await server.stop({ timeout: 0 });
      await session.close();
      fixture.close();
    },
  };
}

function mount(
  server: Server,
  prefix: string,
  route: FixtureRoute,
  session: HapiSession,
  guardedBy: "strategy" | "pre",
): void {
  const handler: Lifecycle.Method = async (request, h) => {
    const reply = await route.handle({
      body: request.payload ?? {},
      query: request.url.searchParams,
      guarded: session.of(request),
      getSession: (options) => session.getSession(request, h, options),
      createNewSession: (userId, payload) => session.createNewSession(request, h, userId, payload),
      // A space in a value is nothing that hapi's strict cookies take.
      setCookie: (name, value) => void h.state(name, value, { encoding: "none", strictHeader: false }),
      setHeader: (name, value) => headersOf(request).push([name, value]),
    });
    const response = send(h, reply);
    for (const [name, value] of headersOf(request)) response.header(name, value);
    return response;
  };
  server.route({
    method: route.method === "ALL" ? "*" : route.method,
    path: prefix + route.path,
    handler,
    options: guard(server, route, session, guardedBy),
  });
}

function guard(
  server: Server,
  { guard: options, path }: FixtureRoute,
  session: HapiSession,
  guardedBy: "strategy" | "pre",
): RouteOptions {
  if (options === undefined) return {};
  if (guardedBy === "pre") return { pre: [{ method: session.verifySession(options), assign: "session" }] };
  // One strategy serves all routes, but for those with options of their own.
  if (options.roles !== undefined || options.permissions !== undefined) {
    server.auth.strategy(path, "acme-session", options);
    return { auth: path };
  }
  return { auth: { strategy: "session", mode: options.sessionRequired === false ? "optional" : "required" } };
}

/** Headers go on a response, which the fixture has only at the end. */
const headers = new WeakMap<Request, [string, string][]>();
function headersOf(request: Request): [string, string][] {
  const present = headers.get(request) ?? [];
  headers.set(request, present);
  return present;
}

function send(h: ResponseToolkit, reply: FixtureReply) {
  switch (reply.kind) {
    case "json":
      return h.response(JSON.stringify(reply.body)).type("application/json");
    case "empty":
    case "shared":
      return h.response().code(204);
    case "redirect":
      return h.redirect(reply.location);
    case "stream":
      return h.response(Readable.from(reply.pieces, { objectMode: false })).type("text/plain");
  }
}
