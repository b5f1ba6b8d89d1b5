import type { Invoker } from "@acme/lambda-emulator";
import { startEmulator } from "@acme/lambda-emulator";
import {
  type AdapterHarness,
  FixtureApp,
  type FixtureReply,
  type FixtureRoute,
} from "@acme/session-conformance";
import {
  createSession,
  type LambdaEvent,
  type LambdaResult,
  type LambdaSession,
  SessionError,
} from "../../src/index.js";
import { bodyOf, routed } from "./routed-request.js";

/** The fixture as one function that serves every path, as such functions are written. */
export function functionHarness(
  invoker: Invoker,
  rest: Partial<Pick<AdapterHarness, "without" | "exceptions">> & {
    id?: string;
    ignoredWarning?: RegExp;
  } = {},
): AdapterHarness {
  const { ignoredWarning, ...named } = rest;
  return {
    id: `lambda-${invoker}`,
    ...named,
    async start(options) {
      const fixture = new FixtureApp(options);
      let session: LambdaSession;
      try {
        session = createSession({
          ...fixture.sessionOptions,
          logger: {
            debug: () => {},
            info: () => {},
            warn: (message) => {
              if (!ignoredWarning?.test(message)) fixture.sessionOptions.logger?.warn(message);
            },
          },
        });
      } catch (error) {
        fixture.close();
        throw error;
      }
      const routes = fixture.routes.map((route) => ({ ...route, run: handlerOf(route, session, invoker) }));
      const handler = session.middleware(async (event: LambdaEvent, context: unknown) => {
        try {
          const { method, path } = routed(event);
          const wanted = method === "HEAD" ? "GET" : method;
          const route = routes.find(
            (candidate) =>
              fixture.prefix + candidate.path === path &&
              (candidate.method === wanted || candidate.method === "ALL"),
          );
          return route === undefined
            ? { statusCode: 404, body: "not found" }
            : await route.run(event, context);
        } catch (error) {
          const own = fixture.ownAnswer(error);
          if (own !== undefined) return { statusCode: own.status, body: JSON.stringify(own.body) };
          if (SessionError.is(error)) throw error;
          fixture.sawForeignError(error);
          return { statusCode: 500, body: "internal server error" };
        }
      });
      const emulator = await startEmulator(invoker, withCors(fixture.corsOrigin, session, handler, invoker), {
        onFailure: (error) => fixture.sawFrameworkWarning(String(error)),
      });
      return {
        origin: emulator.origin,
        probe: fixture.probe,
        async close() {
          await emulator.close();
          await session.close();
          fixture.close();
        },
      };
    },
  };
}

function handlerOf(route: FixtureRoute, session: LambdaSession, invoker: Invoker) {
  const handle = async (event: LambdaEvent, guarded: unknown): Promise<unknown> => {
    const head: { cookies: string[]; headers: Record<string, string> } = { cookies: [], headers: {} };
    const reply = await route.handle({
      body: route.takesBody ? JSON.parse(bodyOf(event) || "{}") : {},
      query: routed(event).query,
      guarded: guarded as never,
      getSession: (options) => session.getSession(event, event, options),
      createNewSession: (userId, payload) => session.createNewSession(event, event, userId, payload),
      setCookie: (name, value) => head.cookies.push(`${name}=${encodeURIComponent(value)}`),
      setHeader: (name, value) => {
        head.headers[name] = value;
      },
    });
    return send(reply, head, invoker);
  };
  if (route.guard === undefined) return (event: LambdaEvent, _context: unknown) => handle(event, undefined);
  return session.verifySession((event) => handle(event, event.session), route.guard);
}

/** Made once, and returned to everybody, with the members that headers and cookies can stand in. */
const SHARED = Object.freeze({ statusCode: 204, headers: Object.freeze({}) });
const SHARED_BY_KIND = {
  ofTwo: Object.freeze({ ...SHARED, cookies: Object.freeze([]) }),
  others: Object.freeze({ ...SHARED, multiValueHeaders: Object.freeze({}) }),
};

/** A result as an application writes it for this kind of event. */
function send(
  reply: FixtureReply,
  { cookies, headers }: { cookies: string[]; headers: Record<string, string> },
  invoker: Invoker,
): unknown {
  const isTwo = invoker === "http-2.0" || invoker === "function-url";
  const set =
    cookies.length === 0 ? {} : isTwo ? { cookies } : { multiValueHeaders: { "Set-Cookie": cookies } };
  switch (reply.kind) {
    case "json":
      return { statusCode: 200, headers, ...set, body: JSON.stringify(reply.body) };
    case "empty":
      return { statusCode: 204, headers, ...set };
    case "shared":
      return isTwo ? SHARED_BY_KIND.ofTwo : SHARED_BY_KIND.others;
    case "redirect":
      return { statusCode: 302, headers: { ...headers, Location: reply.location }, ...set };
    case "stream":
      throw new Error("results are values");
  }
}

/** What `OPTIONS` mocks and CORS settings do in front of functions, as a wrapper of the application's. */
function withCors(
  origin: string | undefined,
  session: LambdaSession,
  handler: (event: LambdaEvent, context?: unknown) => Promise<LambdaResult>,
  invoker: Invoker,
) {
  if (origin === undefined) return handler;
  const headers = {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": ["content-type", ...session.getAllCORSHeaders()].join(","),
  };
  const onto = (result: LambdaResult): LambdaResult =>
    invoker === "alb-multi"
      ? {
          ...result,
          multiValueHeaders: {
            ...result.multiValueHeaders,
            ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
          },
        }
      : { ...result, headers: { ...result.headers, ...headers } };
  return async (event: LambdaEvent, context: unknown): Promise<LambdaResult> =>
    onto(routed(event).method === "OPTIONS" ? { statusCode: 204, body: "" } : await handler(event, context));
}
