import {
  FixtureApp,
  type FixtureExchange,
  type FixtureReply,
  type FixtureRoute,
  type HarnessOptions,
} from "@acme/session-conformance";
import {
  createSession,
  type FetchHandler,
  type FetchSession,
  type SessionContainer,
} from "@acme/session-fetch";
import { cors } from "./cors.ts";

/** What a host brings of its own to a fixture route. */
export interface HostParts {
  readonly body: unknown;
  readonly guarded: SessionContainer | undefined;
  setCookie(name: string, value: string): void;
  setHeader(name: string, value: string): void;
}

/** One application of the suite, with the session instance that a user's file would export. */
export class Fixture {
  readonly app: FixtureApp;
  readonly session: FetchSession;

  constructor(options: HarnessOptions) {
    this.app = new FixtureApp(options);
    try {
      this.session = createSession(this.app.sessionOptions);
    } catch (error) {
      this.app.close();
      throw error;
    }
  }

  /** What a user puts around everything: our `fetch`, and the CORS layer outside of it where one is asked for. */
  around(handle: FetchHandler): (request: Request) => Response | Promise<Response> {
    const ours = this.session.fetch(handle);
    const { corsOrigin } = this.app;
    return corsOrigin === undefined ? ours : cors(corsOrigin, this.session, ours);
  }

  /** For hosts whose files are their routes: one file takes every path and asks here. */
  routeOf(request: Request): FixtureRoute | undefined {
    const { pathname } = new URL(request.url);
    return this.app.routes.find(
      (route) => this.app.prefix + route.path === pathname && takes(route, request.method),
    );
  }

  run(route: FixtureRoute, request: Request, host: HostParts): Promise<FixtureReply> {
    const exchange: FixtureExchange = {
      ...host,
      query: new URL(request.url).searchParams,
      getSession: (options) => this.session.getSession(request, undefined, options),
      createNewSession: (userId, payload) =>
        this.session.createNewSession(request, undefined, userId, payload),
    };
    return route.handle(exchange);
  }

  async close(): Promise<void> {
    await this.session.close();
    this.app.close();
  }
}

function takes(route: FixtureRoute, method: string): boolean {
  return route.method === "ALL" || route.method === method || (route.method === "GET" && method === "HEAD");
}

/** Each piece is sent as soon as it is there. */
export function streamOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(new TextEncoder().encode(next.value));
    },
  });
}

/** Made once, and returned to everybody. */
export const SHARED = new Response(null, { status: 204 });

/** A reply in hosts whose handlers return a `Response`. */
export function responseOf(reply: FixtureReply, method: string): Response {
  switch (reply.kind) {
    case "json":
      if (method === "HEAD") return new Response(null, { headers: { "content-type": "application/json" } });
      return Response.json(reply.body);
    case "empty":
      return new Response(null, { status: 204 });
    case "shared":
      return SHARED;
    case "redirect":
      return new Response(null, { status: 302, headers: { location: reply.location } });
    case "stream":
      return new Response(streamOf(reply.pieces), { headers: { "content-type": "text/plain" } });
  }
}
