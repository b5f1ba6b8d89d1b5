import type { AddressInfo } from "node:net";
import {
  type AdapterHarness,
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  runAdapterConformance,
} from "@acme/session-conformance";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { serve as lowestServe } from "hono-node-server1";
import { Hono as LowestHono } from "hono4-lowest";
import { setCookie as lowestSetCookie } from "hono4-lowest/cookie";
import { cors as lowestCors } from "hono4-lowest/cors";
import { describe, it } from "vitest";
import { createSession, type HonoSession, type SessionVariables } from "../src/index.js";

type Env = { Variables: SessionVariables };

interface HonoVersion {
  readonly Hono: typeof Hono;
  readonly cors: typeof cors;
  readonly setCookie: typeof setCookie;
  /** Of the same time: a later one takes Hono's responses apart in a way that this Hono does not expect. */
  readonly serve: typeof serve;
}

// Its types are those of another package, whose classes have members of their own.
const lowest = {
  Hono: LowestHono,
  cors: lowestCors,
  setCookie: lowestSetCookie,
  serve: lowestServe,
} as unknown as HonoVersion;

/** The fixture as a Hono application is written, on Node. */
const harness = (id: string, version: HonoVersion): AdapterHarness => ({
  id,
  async start(options) {
    const fixture = new FixtureApp(options);
    let session: HonoSession;
    try {
      session = createSession(fixture.sessionOptions);
    } catch (error) {
      fixture.close();
      throw error;
    }
    const app = new version.Hono<Env>();
    if (fixture.corsOrigin !== undefined) {
      const allowHeaders = ["content-type", ...session.getAllCORSHeaders()];
      app.use(version.cors({ origin: fixture.corsOrigin, credentials: true, allowHeaders }));
    }
    app.use(session.middleware());
    const ours = session.errorHandler((error, c) => {
      fixture.sawForeignError(error);
      return c.text("Internal Server Error", 500);
    });
    app.onError((error, c) => {
      const own = fixture.ownAnswer(error);
      return own === undefined ? ours(error, c) : c.json(own.body, own.status as 418);
    });
    for (const route of fixture.routes) mount(version, app, fixture.prefix, route, session);
    const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
      const started = version.serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
        resolve(started),
      );
    });
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      probe: fixture.probe,
      async close() {
        if ("closeAllConnections" in server) server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await session.close();
        fixture.close();
      },
    };
  },
});

function mount(
  { setCookie }: HonoVersion,
  app: Hono<Env>,
  prefix: string,
  route: FixtureRoute,
  session: HonoSession,
): void {
  const path = prefix + route.path;
  const methods = route.method === "ALL" ? ["ALL"] : [route.method];
  if (route.guard !== undefined) app.on(methods, path, session.verifySession(route.guard));
  const handle = async (c: Context<Env>): Promise<Response> => {
    const reply = await route.handle({
      body: route.takesBody ? await c.req.json() : {},
      query: new URL(c.req.url).searchParams,
      guarded: route.guard === undefined ? undefined : c.var.session,
      getSession: (options) => session.getSession(c, options),
      createNewSession: (userId, payload) => session.createNewSession(c, userId, payload),
      setCookie: (name, value) => setCookie(c, name, value),
      setHeader: (name, value) => c.header(name, value),
    });
    return send(c, reply);
  };
  if (route.method === "ALL") app.all(path, handle);
  else app.on(methods, path, handle);
}

/** Made once, and returned to everybody. */
const SHARED = new Response(null, { status: 204 });

function send(c: Context<Env>, reply: FixtureReply): Response {
  switch (reply.kind) {
    case "json":
      return c.json(reply.body as object);
    case "empty":
      return c.body(null, 204);
    case "shared":
      return SHARED;
    case "redirect":
      return c.redirect(reply.location);
    case "stream": {
      const body = streamOf(reply.pieces);
      return c.body(body, 200, { "content-type": "text/plain" });
    }
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

runAdapterConformance(harness("hono", { Hono, cors, setCookie, serve }), { describe, it });
runAdapterConformance(harness("hono-lowest", lowest), { describe, it });
