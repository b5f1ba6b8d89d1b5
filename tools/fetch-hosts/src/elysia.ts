import type { FixtureReply, FixtureRoute } from "@acme/session-conformance";
import type { SessionContainer } from "@acme/session-fetch";
import { type AnyElysia, type Context, Elysia } from "elysia";
import { type Fixture, SHARED, streamOf } from "./fixture.ts";

/** What `@elysiajs/node` hands to the callback beside Elysia's own properties: the port is not known before it is ready. */
export interface ListeningElysia {
  raw: NodeServer;
}
export interface NodeServer {
  readonly url: string;
  ready(): Promise<unknown>;
  close(closeConnections: boolean): Promise<void>;
}

/** The fixture as an Elysia application is written, for whatever adapter it runs on. */
export function elysiaApp(fixture: Fixture, adapter?: ConstructorParameters<typeof Elysia>[0]): AnyElysia {
  const { app: suite, session } = fixture;
  // What Elysia hands to `wrap` is its fetch, typed as a function of anything.
  const sessions = new Elysia({ name: "sessions" })
    .wrap((handle) => {
      const ours = fixture.around((request) => handle(request) as unknown as Promise<Response>);
      return async (request: Request) => {
        try {
          return await ours(request);
        } catch (error) {
          suite.sawForeignError(error);
          return session.apply(request, new Response("Internal Server Error", { status: 500 }));
        }
      };
    })
    .onError({ as: "global" }, ({ request, error }) => {
      session.caught(request, error);
    });
  const app = new Elysia(adapter)
    .onError(({ error }) => {
      const own = suite.ownAnswer(error);
      return own && Response.json(own.body, { status: own.status });
    })
    .use(sessions)
    .onError(({ error, code }) => {
      if (code === "UNKNOWN" && !session.Error.is(error)) suite.sawForeignError(error);
    });
  for (const route of suite.routes) mount(app, fixture, route);
  return app;
}

function mount(app: AnyElysia, fixture: Fixture, route: FixtureRoute): void {
  const path = fixture.app.prefix + route.path;
  const handle = async (context: Context & { session?: SessionContainer | undefined }): Promise<unknown> => {
    const reply = await fixture.run(route, context.request, {
      body: route.takesBody ? context.body : {},
      guarded: context.session,
      setCookie(name, value) {
        context.cookie[name]?.set({ value, path: "/" });
      },
      setHeader(name, value) {
        context.set.headers[name] = value;
      },
    });
    return send(context, reply);
  };
  const { guard } = route;
  const scope = new Elysia().resolve(async ({ request }) => ({
    session: guard && (await fixture.session.getSession(request, undefined, guard)),
  }));
  if (route.method === "ALL") app.use(scope.all(path, handle));
  else app.use(scope.route(route.method, path, handle));
}

function send(context: Context, reply: FixtureReply): unknown {
  switch (reply.kind) {
    case "json":
      // Elysia answers null with an empty body
      return reply.body ?? Response.json(null);
    case "empty":
      context.set.status = 204;
      return undefined;
    case "shared":
      return SHARED;
    case "redirect":
      // Node's Response.redirect, which Elysia calls, takes whole URLs only
      return context.redirect(new URL(reply.location, context.request.url).href);
    case "stream":
      return new Response(streamOf(reply.pieces), { headers: { "content-type": "text/plain" } });
  }
}
