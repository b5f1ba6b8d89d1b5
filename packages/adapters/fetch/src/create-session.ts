import { SessionError, type SessionOptions, type VerifySessionOptions } from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  findExchange,
  invalidArgument,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { FetchResponse } from "./fetch-response.js";
import { wrap } from "./wrap.js";

/** A fetch handler; what follows the request (bindings, contexts) is the host's and passed on. */
export type FetchHandler<Rest extends unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * A session instance for hosts that speak `Request` and `Response`. Where a function takes `(request, headers, …)`,
 * `headers` are those of the response to come; leave them undefined inside `fetch` or `withSession`, which put our
 * headers on whatever response comes out.
 */
export interface FetchSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<Request, Headers | undefined, T> {
  /** Serves refresh, sign-out, JWKS and discovery. @returns null when the request is for none of them */
  handler(request: Request): Promise<Response | null>;
  /**
   * Wraps a whole application: our endpoints first, then the handler, then our headers on its response. Errors of ours
   * that it throws are answered; others go on unchanged.
   */
  fetch<Rest extends unknown[]>(
    handler: FetchHandler<Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response>;
  /** Runs a handler with the session of the request, and answers our errors. */
  withSession<R extends boolean | undefined = true>(
    request: Request,
    handle: (
      session: [R] extends [true | undefined] ? SessionOf<T> : SessionOf<T> | undefined,
    ) => Response | Promise<Response>,
    options?: VerifySessionOptions & { sessionRequired?: R },
  ): Promise<Response>;
  /**
   * Answers with our headers on a response: with a new one around its body where there is something to write, else with
   * the one given, which is never changed.
   */
  apply(request: Request, response: Response): Response;
  /**
   * For the error hook of a host that makes a response of every error before it comes to us: `fetch` then answers an
   * error of ours instead of sending that response.
   *
   * @returns whether the error is ours
   */
  caught(request: Request, error: unknown): boolean;
  /** The answer to an error of ours; undefined for any other. */
  errorResponse(request: Request, error: unknown): Promise<Response | undefined>;
  /** The session established for this request. */
  of(request: Request): SessionOf<T> | undefined;
}

/**
 * For runtimes whose configuration comes with the request, as bindings of Workers do: an instance for each environment,
 * made when it is first asked for and kept as long as the environment is.
 */
export function createSession<T extends SessionTypes = SessionTypes, Env extends object = object>(
  options: (env: Env) => SessionOptions,
): (env: Env) => FetchSession<T>;
/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options?: SessionOptions,
): FetchSession<T>;
export function createSession(
  options: SessionOptions | ((env: object) => SessionOptions) = {},
): FetchSession | ((env: object) => FetchSession) {
  if (typeof options !== "function") return makeSession(options);
  const sessions = new WeakMap<object, FetchSession>();
  return (env) => {
    let session = sessions.get(env);
    if (session === undefined) {
      session = makeSession(options(env));
      sessions.set(env, session);
    }
    return session;
  };
}

function makeSession<T extends SessionTypes>(options: SessionOptions): FetchSession<T> {
  if (typeof Headers.prototype.getSetCookie !== "function") {
    throw invalidArgument(
      "the global Headers has no getSetCookie(), so cookies would be lost: take the polyfill away, or update it",
    );
  }
  const { session, adapter } = bindSession<Request, Headers | undefined, T>(options, wrap);

  async function errorResponse(request: Request, error: unknown): Promise<Response | undefined> {
    return (await adapter.answerError(wrap(request), error))?.native as Response | undefined;
  }

  function apply(request: Request, response: Response): Response {
    const exchange = findExchange(request);
    // Bun's handlers return nothing for a request that has become a WebSocket.
    if (exchange === undefined || response === undefined) return response;
    return (exchange.res as FetchResponse).onto(response);
  }

  /** Errors that a host has caught and told us of. */
  const caught = new WeakMap<Request, SessionError>();

  /** Runs a step once; its response gets our headers, its error our answer if it is ours. */
  async function answered(request: Request, step: () => Response | Promise<Response>): Promise<Response> {
    let response: Response;
    try {
      response = await step();
    } catch (error) {
      const answer = await errorResponse(request, error);
      if (answer === undefined) throw error;
      return answer;
    }
    const error = caught.get(request);
    const answer = error === undefined ? undefined : await errorResponse(request, error);
    return answer === undefined ? apply(request, response) : insteadOf(response, answer);
  }

  async function handler(request: Request): Promise<Response | null> {
    const exchange = wrap(request);
    if (!adapter.isEndpoint(exchange)) return null;
    try {
      const handled = await adapter.handleEndpoint(exchange);
      return handled === undefined ? null : (handled.native as Response);
    } catch (error) {
      const answer = await errorResponse(request, error);
      if (answer === undefined) throw error;
      return answer;
    }
  }

  return {
    ...session,
    handler,
    errorResponse,
    caught(request, error) {
      if (!SessionError.is(error)) return false;
      caught.set(request, error);
      return true;
    },
    apply,
    fetch:
      (handle) =>
      async (request, ...rest) => {
        const exchange = findExchange(request);
        if (exchange?.res.committed) (exchange.res as FetchResponse).reopen();
        return (await handler(request)) ?? answered(request, () => handle(request, ...rest));
      },
    withSession: (request, handle, verifyOptions) =>
      answered(request, async () =>
        handle(
          (await adapter.verifySession(
            wrap(request),
            adapter.callOptions(verifyOptions),
          )) as unknown as SessionOf<T>,
        ),
      ),
    of(request) {
      const exchange = findExchange(request);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}

/** Our answer in place of the host's: what stood on that one stays, but for what speaks of its body. */
function insteadOf(response: Response, given: Response): Response {
  // The application's own error handler may have made it, and answer with the same object again.
  const answer = new Response(given.body, given);
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") answer.headers.append(name, value);
    else if (!/^(content-|etag$|last-modified$|transfer-encoding$)/.test(name) && !answer.headers.has(name))
      answer.headers.set(name, value);
  }
  return answer;
}
