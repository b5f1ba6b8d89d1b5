import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { SessionContainer, VerifySessionOptions } from "@acme/session-core";
import {
  type AdapterCore,
  type BoundSession,
  bindSession,
  Exchange,
  exchangeOn,
  NodeRequest,
  NodeResponse,
} from "@acme/session-core/adapter";
import {
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
  type HarnessOptions,
  type RunningApp,
} from "../../src/index.js";

export type BareSession = BoundSession<IncomingMessage, ServerResponse>;

/** The joints of an adapter over `node:http`: what a broken one does differently. */
export class BareAdapter {
  wrap(req: IncomingMessage, res: ServerResponse): Exchange {
    return exchangeOn(req, () => new Exchange(this.request(req), this.response(res)));
  }

  request(req: IncomingMessage): NodeRequest {
    return new NodeRequest(req);
  }

  response(res: ServerResponse): NodeResponse {
    return new NodeResponse(res);
  }

  /** Whether a request was for one of our endpoints, and has been answered. */
  async endpoint(adapter: AdapterCore, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    return (await adapter.handleEndpoint(this.wrap(req, res))) !== undefined;
  }

  async guard(
    adapter: AdapterCore,
    req: IncomingMessage,
    res: ServerResponse,
    options: VerifySessionOptions,
  ): Promise<SessionContainer | undefined> {
    return adapter.verifySession(this.wrap(req, res), adapter.guardOptions(options));
  }

  run(route: FixtureRoute, exchange: Parameters<FixtureRoute["handle"]>[0]): Promise<FixtureReply> {
    return route.handle(exchange);
  }

  /** Whether an error was ours, and has been answered. */
  async answer(
    adapter: AdapterCore,
    req: IncomingMessage,
    res: ServerResponse,
    error: unknown,
  ): Promise<boolean> {
    return (await adapter.answerError(this.wrap(req, res), error)) !== undefined;
  }

  /** What the host does with an error nobody answered. */
  fail(res: ServerResponse): void {
    if (res.headersSent) {
      res.destroy();
      return;
    }
    res.statusCode = 500;
    res.end("internal server error");
  }
}

/** A server over `node:http` and the core alone: endpoints first, then the routes, then the error handlers. */
export async function startBareApp(options: HarnessOptions, parts = new BareAdapter()): Promise<RunningApp> {
  const app = new FixtureApp(options);
  let bound: { session: BareSession; adapter: AdapterCore };
  try {
    bound = bindSession<IncomingMessage, ServerResponse>(app.sessionOptions, (req, res) =>
      parts.wrap(req, res),
    );
  } catch (error) {
    app.close();
    throw error;
  }
  const { session, adapter } = bound;
  const server = createServer((req, res) => {
    serve(app, parts, session, adapter, req, res)
      .catch((error: unknown) => onError(req, res, error))
      // An error handler of the application has thrown.
      .catch(() => parts.fail(res));
  });

  async function onError(req: IncomingMessage, res: ServerResponse, error: unknown): Promise<void> {
    const own = app.ownAnswer(error);
    if (own !== undefined) {
      res.statusCode = own.status;
      sendJson(res, own.body);
      return;
    }
    if (await parts.answer(adapter, req, res, error)) return;
    app.sawForeignError(error);
    parts.fail(res);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    probe: app.probe,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.close();
      app.close();
    },
  };
}

async function serve(
  app: FixtureApp,
  parts: BareAdapter,
  session: BareSession,
  adapter: AdapterCore,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (app.corsOrigin !== undefined && answerCors(app.corsOrigin, session, req, res)) return;
  if (await parts.endpoint(adapter, req, res)) return;
  const url = new URL(req.url ?? "/", "http://localhost");
  const method = req.method === "HEAD" ? "GET" : req.method;
  const route = app.routes.find(
    (one) => app.prefix + one.path === url.pathname && (one.method === "ALL" || one.method === method),
  );
  if (route === undefined) {
    res.statusCode = 404;
    res.end("not found");
    return;
  }
  const guarded = route.guard && (await parts.guard(adapter, req, res, route.guard));
  const body: unknown = route.takesBody ? JSON.parse((await read(req)) || "{}") : {};
  const reply = await parts.run(route, {
    body,
    guarded,
    query: url.searchParams,
    getSession: (getOptions) => session.getSession(req, res, getOptions),
    createNewSession: (userId, payload) => session.createNewSession(req, res, userId, payload),
    setCookie: (name, value) => void res.appendHeader("set-cookie", `${name}=${value}; Path=/`),
    setHeader: (name, value) => void res.setHeader(name, value),
  });
  send(res, reply);
}

function send(res: ServerResponse, reply: FixtureReply): void {
  switch (reply.kind) {
    case "json":
      sendJson(res, reply.body);
      return;
    case "empty":
    case "shared":
      res.statusCode = 204;
      res.end();
      return;
    case "redirect":
      res.statusCode = 302;
      res.setHeader("location", reply.location);
      res.end();
      return;
    case "stream":
      res.setHeader("content-type", "text/plain");
      Readable.from(reply.pieces).pipe(res);
  }
}

function sendJson(res: ServerResponse, body: unknown): void {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify(body));
}

async function read(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req.setEncoding("utf8")) text += String(chunk);
  return text;
}

/** @returns whether the request was a preflight, and is answered */
function answerCors(
  origin: string,
  session: BareSession,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  res.setHeader("Access-Control-Allow-Origin", origin);
  res.setHeader("Access-Control-Allow-Credentials", "true");
  res.setHeader("Vary", "Origin");
  if (req.method !== "OPTIONS") return false;
  res.setHeader("Access-Control-Allow-Methods", "GET,POST,PUT,DELETE");
  res.setHeader("Access-Control-Allow-Headers", ["content-type", ...session.getAllCORSHeaders()].join(","));
  res.statusCode = 204;
  res.end();
  return true;
}
