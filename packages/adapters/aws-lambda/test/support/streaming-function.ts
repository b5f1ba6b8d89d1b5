import { startEmulator } from "@acme/lambda-emulator";
import { type AdapterHarness, FixtureApp, type FixtureReply } from "@acme/session-conformance";
import {
  createSession,
  type LambdaEvent,
  type LambdaResult,
  type LambdaSession,
  type Respond,
  SessionError,
} from "../../src/index.js";
import { bodyOf, routed } from "./routed-request.js";

/** The fixture as one function behind a function URL that streams, as such functions are written. */
export function streamingHarness(rest: Pick<AdapterHarness, "without" | "exceptions">): AdapterHarness {
  return {
    id: "lambda-stream",
    ...rest,
    async start(options) {
      const fixture = new FixtureApp(options);
      let session: LambdaSession;
      try {
        session = createSession(fixture.sessionOptions);
      } catch (error) {
        fixture.close();
        throw error;
      }
      const route = async (event: LambdaEvent, respond: Respond): Promise<void> => {
        const { method, path, query } = routed(event);
        const wanted = method === "HEAD" ? "GET" : method;
        const found = fixture.routes.find(
          (candidate) =>
            fixture.prefix + candidate.path === path &&
            (candidate.method === wanted || candidate.method === "ALL"),
        );
        if (found === undefined) return void respond({ statusCode: 404 }).end("not found");
        const guarded = found.guard && (await session.getSession(event, event, found.guard));
        const head: { cookies: string[]; headers: Record<string, string> } = { cookies: [], headers: {} };
        const reply = await found.handle({
          body: found.takesBody ? JSON.parse(bodyOf(event) || "{}") : {},
          query,
          guarded,
          getSession: (getOptions) => session.getSession(event, event, getOptions),
          createNewSession: (userId, payload) => session.createNewSession(event, event, userId, payload),
          setCookie: (name, value) => head.cookies.push(`${name}=${encodeURIComponent(value)}`),
          setHeader: (name, value) => {
            head.headers[name] = value;
          },
        });
        await send(reply, head, respond);
      };
      const handler = session.streamHandler(async (event: LambdaEvent, respond) => {
        try {
          await route(event, respond);
        } catch (error) {
          const own = fixture.ownAnswer(error);
          if (own !== undefined) respond({ statusCode: own.status }).end(JSON.stringify(own.body));
          else if (SessionError.is(error)) throw error;
          else {
            fixture.sawForeignError(error);
            respond({ statusCode: 500 }).end("internal server error");
          }
        }
      });
      const emulator = await startEmulator("function-url", handler, {
        streams: true,
        cors:
          fixture.corsOrigin === undefined ? undefined : [fixture.corsOrigin, session.getAllCORSHeaders()],
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

/** Made once, and sent to everybody. */
const SHARED = { statusCode: 204, headers: Object.freeze({}), cookies: [] };

async function send(
  reply: FixtureReply,
  head: Pick<LambdaResult, "headers" | "cookies">,
  respond: Respond,
): Promise<void> {
  switch (reply.kind) {
    case "json":
      respond(head).end(JSON.stringify(reply.body));
      return;
    case "empty":
      respond({ ...head, statusCode: 204 }).end();
      return;
    case "shared":
      respond(SHARED).end();
      return;
    case "redirect":
      respond({ ...head, statusCode: 302, headers: { ...head.headers, location: reply.location } }).end();
      return;
    case "stream": {
      const body = respond({ ...head, headers: { ...head.headers, "content-type": "text/plain" } });
      for await (const piece of reply.pieces) body.write(piece);
      body.end();
    }
  }
}
