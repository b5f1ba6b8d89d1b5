import {
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  type HarnessOptions,
} from "@acme/session-conformance";
import { createSession, type FetchSession } from "../../src/index.js";
import { cors } from "./cors.js";

export interface FixtureHandler {
  fixture: FixtureApp;
  fetch(request: Request): Response | Promise<Response>;
  close(): Promise<void>;
}

/** The fixture as a bare fetch handler is written: a table of routes, and everything returned as a Response. */
export function fixtureHandler(options: HarnessOptions): FixtureHandler {
  const fixture = new FixtureApp(options);
  let session: FetchSession;
  try {
    session = createSession(fixture.sessionOptions);
  } catch (error) {
    fixture.close();
    throw error;
  }
  const fetch = session.fetch(async (request) => {
    const { pathname } = new URL(request.url);
    const route = fixture.routes.find(
      (one) => fixture.prefix + one.path === pathname && takes(one, request.method),
    );
    if (route === undefined) return new Response("not found", { status: 404 });
    try {
      if (route.guard === undefined) return await run(route, request, session, undefined);
      return await session.withSession(request, (found) => run(route, request, session, found), route.guard);
    } catch (error) {
      const own = fixture.ownAnswer(error);
      if (own !== undefined) return Response.json(own.body, { status: own.status });
      const ours = await session.errorResponse(request, error);
      if (ours !== undefined) return ours;
      fixture.sawForeignError(error);
      return new Response("Internal Server Error", { status: 500 });
    }
  });
  return {
    fixture,
    fetch: fixture.corsOrigin === undefined ? fetch : cors(fixture.corsOrigin, session, fetch),
    async close() {
      await session.close();
      fixture.close();
    },
  };
}

function takes(route: FixtureRoute, method: string): boolean {
  return route.method === "ALL" || route.method === method || (route.method === "GET" && method === "HEAD");
}

async function run(
  route: FixtureRoute,
  request: Request,
  session: FetchSession,
  guarded: Parameters<Parameters<FetchSession["withSession"]>[1]>[0] | undefined,
): Promise<Response> {
  const headers = new Headers();
  const reply = await route.handle({
    body: route.takesBody ? await request.json() : {},
    query: new URL(request.url).searchParams,
    guarded,
    getSession: (options) => session.getSession(request, undefined, options),
    createNewSession: (userId, payload) => session.createNewSession(request, undefined, userId, payload),
    setCookie: (name, value) => headers.append("set-cookie", `${name}=${value}; Path=/`),
    setHeader: (name, value) => headers.set(name, value),
  });
  return send(reply, headers, request.method);
}

/** Made once, and returned to everybody. */
const SHARED = new Response(null, { status: 204 });

function send(reply: FixtureReply, headers: Headers, method: string): Response {
  switch (reply.kind) {
    case "json":
      headers.set("content-type", "application/json");
      return new Response(method === "HEAD" ? null : JSON.stringify(reply.body), { headers });
    case "empty":
      return new Response(null, { status: 204, headers });
    case "shared":
      return SHARED;
    case "redirect":
      headers.set("location", reply.location);
      return new Response(null, { status: 302, headers });
    case "stream":
      headers.set("content-type", "text/plain");
      return new Response(streamOf(reply.pieces), { headers });
  }
}

/** Each piece is sent as soon as it is there. */
function streamOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(new TextEncoder().encode(next.value));
    },
  });
}
