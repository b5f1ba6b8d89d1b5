import { createServer } from "node:http";
import { createSession, silentLogger } from "@acme/session-aws-lambda";
import { type HttpApp, portOf } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "Lambda, unguarded";

type LambdaFunction = (event: HttpEvent, context: object) => Promise<unknown>;
type HttpEvent = ReturnType<typeof eventOf>;

/** The part of API Gateway: an event of payload format 2.0 for each request, and the result as the response. */
function started(handler: LambdaFunction): Promise<number> {
  const server = createServer((req, res) => {
    handler(eventOf(req.method ?? "GET", req.url ?? "/", req.headers as Record<string, string>), {}).then(
      (result) => {
        const { statusCode = 200, headers = {}, body = "" } = result as Result;
        res.writeHead(statusCode, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
      },
      () => res.writeHead(500, { "content-length": 0 }).end(),
    );
  });
  return portOf(server);
}

interface Result {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: string;
}

function eventOf(method: string, path: string, { cookie, ...headers }: Record<string, string>) {
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: "",
    headers,
    ...(cookie === undefined ? {} : { cookies: cookie.split("; ") }),
    isBase64Encoded: false,
    requestContext: { http: { method, path }, stage: "$default" },
  };
}

const answer = (id: unknown): Result => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ id }),
});

export const lambdaApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      return { port: await started(async () => answer(USER)), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Lambda, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const guarded = Session.verifySession(async (event) => answer(event.session.getUserId()));
      return { port: await started(guarded as LambdaFunction), headers: tokenHeaders(signed) };
    },
  },
];
