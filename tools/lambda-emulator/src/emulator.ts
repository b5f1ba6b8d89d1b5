import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type AuthorizerSettings, authorize, withContext } from "./authorize.ts";
import { asFrozenJson } from "./deep-freeze.ts";
import { type Invoker, makeEvent, type Placement } from "./make-event.ts";
import { type Answer, readResult } from "./read-result.ts";
import { openResponseStream } from "./response-stream.ts";

type Handler = (event: never, context: never) => unknown;
type StreamingHandler = (event: never, stream: never, context: never) => unknown;

export interface EmulatorOptions extends Placement {
  /** Hears of results that the service refuses, and of handlers that throw. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
  /** The handler is one for `awslambda.streamifyResponse`. Default false. */
  readonly streams?: boolean | undefined;
  /** A Lambda authorizer in front of the function. */
  readonly authorizer?: AuthorizerSettings | undefined;
  /** The CORS settings of the API or function URL: the service answers preflights, and adds headers to everything. */
  readonly cors?: readonly [origin: string, allowedHeaders: readonly string[]] | undefined;
}

export interface Emulator {
  readonly origin: string;
  close(): Promise<void>;
}

/** The service answers these itself. */
const REFUSALS = {
  401: '{"message":"Unauthorized"}',
  403: '{"message":"Forbidden"}',
  500: '{"message":"Internal Server Error"}',
};

/**
 * The service in front of a function, as an HTTP server: makes the documented event of each request, invokes the handler
 * as the runtime does, and reads the result as strictly as the service.
 */
export function createEmulator(
  invoker: Invoker,
  handler: Handler | StreamingHandler,
  options: EmulatorOptions = {},
): Server {
  if (handler.length > (options.streams ? 3 : 2)) throw new Error("Runtime.CallbackHandlerDeprecated");
  const context = {
    awsRequestId: "request-1",
    functionName: "function-1",
    getRemainingTimeInMillis: () => 30_000,
  };

  async function invoke(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (options.cors !== undefined) {
      const [origin, allowed] = options.cors;
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("access-control-allow-headers", ["content-type", ...allowed].join(","));
      if (request.method === "OPTIONS") {
        response.writeHead(204).end();
        return;
      }
    }
    let made = makeEvent(invoker, request, Buffer.concat(chunks), options);
    const { authorizer } = options;
    if (authorizer?.guards((request.url ?? "/").split("?", 1)[0] ?? "/")) {
      const authorization = await authorize(authorizer, made, options.onFailure);
      if ("status" in authorization) {
        response.writeHead(authorization.status, { "content-type": "application/json" });
        response.end(REFUSALS[authorization.status]);
        return;
      }
      made = withContext(authorizer.format, made, authorization.context);
    }
    const event = asFrozenJson(made);
    try {
      if (options.streams) {
        const stream = openResponseStream(
          (metadata) => writeHead(response, readResult(invoker, metadata)),
          response,
        );
        await handler(event as never, stream as never, context as never);
        return;
      }
      const result: unknown = await (handler as Handler)(event as never, context as never);
      const answer = readResult(invoker, JSON.parse(JSON.stringify(result ?? null)));
      writeHead(response, answer);
      response.end(request.method === "HEAD" || answer.status === 204 ? undefined : answer.body);
    } catch (error) {
      options.onFailure?.(error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.writeHead(invoker === "http-2.0" || invoker === "http-1.0" ? 500 : 502);
      response.end('{"message":"Internal Server Error"}');
    }
  }

  return createServer((request, response) => {
    invoke(request, response).catch(() => response.destroy());
  });
}

/** The same, listening on a free port of this machine. */
export async function startEmulator(...args: Parameters<typeof createEmulator>): Promise<Emulator> {
  const server = createEmulator(...args);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function writeHead(response: ServerResponse, { status, headers }: Answer): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  response.writeHead(status);
  response.flushHeaders();
}
