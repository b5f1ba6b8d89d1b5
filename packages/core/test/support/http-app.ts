import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type AdapterCore, type BoundSession, bindSession } from "../../src/adapter/bind-session.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import { Exchange, exchangeOn } from "../../src/http/exchange.js";
import { NodeRequest, NodeResponse } from "../../src/http/node-http.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { silentLogger } from "../../src/runtime/logger.js";
import type { SessionEvent } from "../../src/session/session-event.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { SpyStore } from "./spy-store.js";
import { TestClock } from "./test-clock.js";
import { WireClient } from "./wire-client.js";

export type Session = BoundSession<IncomingMessage, ServerResponse>;
export type Handler = (
  req: IncomingMessage,
  res: ServerResponse,
  session: Session,
  adapter: AdapterCore,
) => Promise<unknown>;

export const APP_INFO = {
  appName: "test",
  apiDomain: "https://api.example.com",
  websiteDomain: "https://example.com",
};

export interface TestApp {
  origin: string;
  session: Session;
  adapter: AdapterCore;
  clock: TestClock;
  store: SpyStore;
  events: SessionEvent[];
  /** Errors that were not ours to answer, as the framework would see them. */
  foreignErrors: unknown[];
  client(mode?: "cookie" | "header"): WireClient;
  /** Another instance on the same store and clock: a second process behind the load balancer. */
  sibling(options?: SessionOptions): Promise<TestApp>;
  close(): Promise<void>;
}

/** The routes every test app has; each may be replaced. What a handler returns is sent as JSON. */
const ROUTES: Record<string, Handler> = {
  "POST /login": async (req, res, session) => {
    const input = JSON.parse((await readBody(req)) || "{}") as {
      userId?: string;
      payload?: JsonObject;
      data?: JsonObject;
    };
    const created = await session.createNewSession(
      req,
      res,
      input.userId ?? "user-1",
      input.payload,
      input.data,
    );
    return { handle: created.getHandle() };
  },
  "GET /me": async (req, res, session) => describe(await session.getSession(req, res)),
  "POST /me": async (req, res, session) => describe(await session.getSession(req, res)),
  "GET /optional": async (req, res, session) =>
    describe(await session.getSession(req, res, { sessionRequired: false })),
  "POST /optional": async (req, res, session) =>
    describe(await session.getSession(req, res, { sessionRequired: false })),
  "GET /checked": async (req, res, session) =>
    describe(await session.getSession(req, res, { checkDatabase: true })),
  "POST /merge": async (req, res, session) => {
    const found = await session.getSession(req, res);
    await found.mergeIntoAccessTokenPayload(JSON.parse(await readBody(req)));
    return describe(found);
  },
  "POST /logout": async (req, res, session) => {
    await (await session.getSession(req, res)).revokeSession();
    return {};
  },
};

/**
 * A real server on a real socket, over `node:http` and the core alone: endpoints first, then the routes, then the error
 * handler, as every adapter puts them.
 */
export async function startApp(
  options: SessionOptions = {},
  routes: Record<string, Handler> = {},
  shared: { clock?: TestClock; store?: SpyStore } = {},
): Promise<TestApp> {
  const clock = shared.clock ?? new TestClock();
  const store = shared.store ?? new SpyStore();
  const events: SessionEvent[] = [];
  const foreignErrors: unknown[] = [];
  const { session, adapter } = bindSession<IncomingMessage, ServerResponse>(
    {
      appInfo: APP_INFO,
      store,
      clock,
      logger: silentLogger,
      onEvent: (event) => events.push(event),
      ...options,
    },
    wrap,
  );
  const table: Record<string, Handler> = { ...ROUTES, ...routes };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, async (req, res) => {
    try {
      if (await adapter.handleEndpoint(wrap(req, res))) return;
      const path = (req.url ?? "/").split("?", 1)[0];
      const handler = table[`${req.method} ${path}`];
      if (handler === undefined) {
        res.statusCode = 404;
        res.end("not found");
        return;
      }
      const result = await handler(req, res, session, adapter);
      if (!res.writableEnded) {
        res.setHeader("content-type", "application/json");
        res.end(JSON.stringify(result ?? null));
      }
    } catch (error) {
      let foreign = error;
      try {
        if (await adapter.answerError(wrap(req, res), error)) return;
      } catch (thrownByHandler) {
        foreign = thrownByHandler;
      }
      foreignErrors.push(foreign);
      if (!res.headersSent) res.statusCode = 500;
      if (!res.writableEnded) res.end("framework error");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    session,
    adapter,
    clock,
    store,
    events,
    foreignErrors,
    client: (mode) => new WireClient(origin, mode),
    sibling: (other) =>
      startApp(
        {
          ...options,
          ...other,
          allowTestValues: true,
          store: asAnotherProcess(other?.store ?? options.store ?? store),
        },
        routes,
        { clock, store },
      ),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await session.close();
    },
  };
}

/** The same data by an object of its own, which tells instances on it nothing of those on the other. */
function asAnotherProcess(store: SessionStore): SessionStore {
  return new Proxy({} as SessionStore, {
    get(_, name) {
      if (name === "place") return undefined;
      const member: unknown = Reflect.get(store, name, store);
      return typeof member === "function" ? member.bind(store) : member;
    },
  });
}

export function wrap(req: IncomingMessage, res: ServerResponse): Exchange {
  return exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res)));
}

export async function readBody(req: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of req) text += String(chunk);
  return text;
}

type Found = Awaited<ReturnType<Session["getSession"]>> | undefined;

function describe(found: Found): object | null {
  if (found === undefined) return null;
  return { userId: found.getUserId(), handle: found.getHandle(), payload: found.getAccessTokenPayload() };
}
