import {
  type AnySessionError,
  SessionError,
  type SessionOptions,
  type VerifySessionOptions,
} from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  checkGuardOptions,
  checkOptions,
  Exchange,
  invalidArgument,
  isFunction,
  isNonEmptyText,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { NextApiRequest, NextApiResponse } from "next";
import type { NextRequest } from "next/server.js";
import { controlFlowResponse } from "./control-flow.js";
import { nextServer, untilRequest } from "./next-modules.js";
import type { AnyRequest, PagesRequest, PagesResponse } from "./next-types.js";
import { isAt, proxyExchange } from "./proxy-request.js";
import type { RouteResponse } from "./route-response.js";
import { actionExchange, componentExchange, endActions } from "./server-context.js";
import { type ServerSession, serverSession } from "./server-session.js";
import { known, wrap } from "./wrap.js";

type Bound<T extends SessionTypes> = BoundSession<AnyRequest, PagesResponse | undefined, T>;
type CreateArguments<T extends SessionTypes> =
  Parameters<Bound<T>["createNewSession"]> extends [unknown, unknown, ...infer Rest] ? Rest : never;
/** `S`, or undefined too where `sessionRequired` is false, or may be false. */
type Found<Q extends boolean | undefined, S> = [Q] extends [true | undefined] ? S : S | undefined;
/** Options with what `sessionRequired` is known to be. */
type Where<Q extends boolean | undefined, O = VerifySessionOptions> = O & { sessionRequired?: Q };
type MaybePromise<V> = V | Promise<V>;

/** A route handler of the app router; `C` is its context, `{ params: Promise<…> }`. */
export type RouteHandler<C = unknown> = (request: NextRequest, context: C) => MaybePromise<Response>;

export interface WithSessionOptions extends VerifySessionOptions {
  /** Answers an error of ours itself; undefined leaves it to us. */
  onError?:
    | ((error: AnySessionError, request: NextRequest) => MaybePromise<Response | undefined>)
    | undefined;
}

export interface ProxyOptions extends VerifySessionOptions {
  /**
   * Where a visitor without a session is sent, relative to the request; that page itself is let through. Default, and for
   * every method but GET and HEAD: 401.
   */
  redirectTo?: string | undefined;
  /**
   * Where a visitor with an expired token is sent: a page on which the browser client refreshes and goes back to `?to=…`;
   * that page itself is let through. Default, and for every method but GET and HEAD: the request goes on, and the page
   * finds `expired`.
   */
  refreshAt?: string | undefined;
}

/** Serves `next(error?)` as Connect does. */
export type PagesNext = (error?: unknown) => void;

/** What guards take beside what `getSession` takes. */
const OWN = { onError: isFunction };
const PROXY = { redirectTo: isNonEmptyText, refreshAt: isNonEmptyText };

/** A session instance for Next.js. Every execution context has an entry of its own. */
export interface NextSession<T extends SessionTypes = SessionTypes> extends Bound<T> {
  // Pages router

  /**
   * For an API route: serves our endpoints; every other request goes to `handle`, and errors of ours that it throws are
   * answered. Without `handle` the answer is 404. Needs no body: `bodyParser: false` is fine.
   */
  apiHandler(
    handle?: (req: NextApiRequest, res: NextApiResponse) => unknown,
  ): (req: NextApiRequest, res: NextApiResponse) => Promise<void>;
  /**
   * Runs a step of an API route and answers errors of ours that it throws, or gives to `next`. It always settles: with what
   * the step returned, or, so that the route does not go on, with the error that has been answered.
   */
  nextWrapper<R>(
    step: (next: PagesNext) => MaybePromise<R>,
    req: PagesRequest,
    res: PagesResponse,
  ): Promise<R>;
  /** For `nextWrapper`, as `Session.verifySession()(req, res, next)`: puts the session on `req.session`. */
  verifySession(
    options?: VerifySessionOptions,
  ): (req: PagesRequest, res: PagesResponse, next: PagesNext) => Promise<void>;

  // App router: route handlers

  /** For `app/auth/[...path]/route.ts`: our endpoints. */
  readonly routeHandlers: Readonly<
    Record<"GET" | "POST" | "PUT", (request: NextRequest) => Promise<Response>>
  >;
  /** A route handler in which sessions can be made and changed: our headers go on its response, our errors are answered. */
  route<C = unknown>(
    handle: RouteHandler<C>,
    options?: Pick<WithSessionOptions, "onError">,
  ): (request: NextRequest, context: C) => Promise<Response>;
  /** The same behind a guard. Whoever names `C` and leaves a session optional says so too: `withSession<C, false>`. */
  withSession<C = unknown, Q extends boolean | undefined = true>(
    handle: (request: NextRequest, context: C, session: Found<Q, SessionOf<T>>) => MaybePromise<Response>,
    options?: Where<Q, WithSessionOptions>,
  ): (request: NextRequest, context: C) => Promise<Response>;

  // App router: server components and actions

  /** Reads the session in a server component, in `generateMetadata`, in a layout. Never writes, in the store neither. */
  getServerSession(
    options?: Omit<VerifySessionOptions, "sessionRequired">,
  ): Promise<ServerSession<SessionOf<T>>>;
  /** The session in a server action; its changes are told to the client. */
  getActionSession<Q extends boolean | undefined = true>(options?: Where<Q>): Promise<Found<Q, SessionOf<T>>>;
  /** Signs in from a server action. */
  createActionSession(...user: CreateArguments<T>): Promise<SessionOf<T>>;
  /** A server action behind a guard. What the guard throws goes to Next unless `onError` makes a result of it. */
  withAction<A extends unknown[], R, Q extends boolean | undefined = true, E = never>(
    run: (session: Found<Q, SessionOf<T>>, ...given: A) => MaybePromise<R>,
    options?: Where<Q> & { onError?: (error: AnySessionError) => MaybePromise<E> },
  ): (...given: A) => Promise<R | E>;

  // Proxy

  /**
   * For `proxy.ts`, or `middleware.ts`: a first look at the session, without I/O. Our endpoints are let through;
   * handlers and actions check again.
   */
  proxy(request: NextRequest, options?: ProxyOptions): Promise<Response>;

  /** The session established for this request. */
  of(request: AnyRequest): SessionOf<T> | undefined;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: SessionOptions = {},
): NextSession<T> {
  const { session, adapter } = bindSession<AnyRequest | Exchange, PagesResponse | undefined, T>(
    options,
    (req, res) => (req instanceof Exchange ? req : wrap(req, res)),
  );
  type Ours = SessionOf<T>;
  /** The error that `nextWrapper` has answered, by exchange: several requests may share one error. */
  const answeredErrors = new WeakMap<Exchange, unknown>();
  /** What the guards of an API route's request are at: a step may have forgotten to wait for one. */
  const decisions = new WeakMap<object, Promise<void>[]>();

  /** Runs a step of a route handler once; its response gets our headers, its error our answer if it is ours. */
  async function answered(
    request: NextRequest,
    step: () => MaybePromise<Response>,
    onError?: WithSessionOptions["onError"],
  ): Promise<Response> {
    const isForEverybody = await untilRequest();
    const exchange = wrap(request, undefined);
    const collected = exchange.res as RouteResponse;
    collected.hold(isForEverybody);
    try {
      return collected.onto(await step());
    } catch (error) {
      const own = SessionError.is(error) ? await onError?.(error, request) : undefined;
      const answer = (await adapter.answerError(exchange, error))?.native as Response | undefined;
      if (own !== undefined) return answer === undefined ? collected.onto(own) : withHeadersOf(answer, own);
      if (answer !== undefined) return answer;
      const meant = collected.isEmpty ? undefined : controlFlowResponse(error);
      if (meant === undefined) throw error;
      return collected.onto(meant);
    } finally {
      await endActions();
    }
  }

  const endpoint = (request: NextRequest): Promise<Response> =>
    answered(request, async () => {
      const handled = await adapter.handleEndpoint(wrap(request, undefined));
      return handled === undefined
        ? new Response("not found", { status: 404 })
        : (handled.native as Response);
    });

  const verifySession: NextSession<T>["verifySession"] = (verifyOptions) => {
    const getOptions = adapter.guardOptions(verifyOptions);
    const guard: ReturnType<typeof verifySession> = async (req, res, next) => {
      let found: unknown;
      try {
        found = await adapter.verifySession(wrap(req, res), getOptions);
      } catch (error) {
        next(error);
        return;
      }
      if (!putSession(req, found)) {
        next(
          invalidArgument(
            "req.session belongs to another library (express-session, Passport's?), which verifySession() leaves alone: ask for ours with Session.getSession(req, res)",
          ),
        );
        return;
      }
      next();
    };
    return (req, res, next) => {
      const decision = guard(req, res, next);
      if (typeof req === "object" && req !== null)
        decisions.set(req, [...(decisions.get(req) ?? []), decision]);
      return decision;
    };
  };

  return {
    ...session,
    verifySession,

    apiHandler: (handle) => {
      if (handle !== undefined) assertHandler("apiHandler", handle);
      return async (req, res) => {
        const exchange = wrap(req, res);
        try {
          if ((await adapter.handleEndpoint(exchange)) !== undefined) return;
          if (handle !== undefined) await handle(req, res);
          else res.status(404).end("not found");
        } catch (error) {
          const wasAnswered = SessionError.is(error) && answeredErrors.get(exchange) === error;
          if (!wasAnswered && (await adapter.answerError(exchange, error)) === undefined) throw error;
        }
      };
    },

    async nextWrapper(step, req, res) {
      const passed: unknown[] = [];
      try {
        const result = await step((error) => {
          if (error !== undefined && error !== null) passed.push(error);
        });
        await Promise.all(decisions.get(req) ?? []);
        if (passed.length > 0) throw passed[0];
        return result;
      } catch (error) {
        const exchange = wrap(req, res);
        if ((await adapter.answerError(exchange, error)) !== undefined) answeredErrors.set(exchange, error);
        throw error;
      }
    },

    routeHandlers: { GET: endpoint, POST: endpoint, PUT: endpoint },
    route: (handle, given) => {
      assertHandler("route", handle);
      const onError = given && checkOptions("route", OWN, given).onError;
      return (request, context) => answered(request, () => handle(request, context), onError);
    },
    withSession: (handle, given) => {
      assertHandler("withSession", handle);
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions(verifyOptions, OWN);
      const onError = verifyOptions?.onError;
      return (request, context) =>
        answered(
          request,
          async () => {
            const found = await adapter.verifySession(wrap(request, undefined), getOptions);
            return handle(request, context, found as Ours);
          },
          onError,
        );
    },

    getServerSession: async (verifyOptions) => {
      const checked = checkGuardOptions(verifyOptions, {}, "getServerSession");
      const optional = adapter.callOptions({ ...checked, sessionRequired: false });
      const exchange = await componentExchange();
      return serverSession(async () => (await adapter.verifySession(exchange, optional)) as Ours | undefined);
    },

    getActionSession: (async (verifyOptions?: VerifySessionOptions) => {
      const getOptions = adapter.callOptions(verifyOptions);
      return adapter.verifySession(await actionExchange(), getOptions);
    }) as NextSession<T>["getActionSession"],

    async createActionSession(...user) {
      return session.createNewSession(await actionExchange(), undefined, ...user);
    },

    withAction: (run, given) => {
      assertHandler("withAction", run);
      const verifyOptions = checkGuardOptions(given, OWN);
      const getOptions = adapter.guardOptions(verifyOptions, OWN);
      const onError = verifyOptions?.onError;
      return async (...args) => {
        let found: unknown;
        try {
          found = await adapter.verifySession(await actionExchange(), getOptions);
        } catch (error) {
          if (!SessionError.is(error) || onError === undefined) throw error;
          return await onError(error);
        }
        return run(found as Ours, ...args);
      };
    },

    async proxy(request, proxyOptions = {}) {
      const { redirectTo, refreshAt, ...verifyOptions } = checkGuardOptions(proxyOptions, PROXY, "proxy");
      const getOptions = adapter.callOptions({ antiCsrfCheck: false, ...verifyOptions });
      const { NextResponse } = await nextServer();
      const goOn = (): Response => NextResponse.next();
      const targets = [redirectTo, refreshAt].map((to) => to && new URL(to, request.url));
      const exchange = proxyExchange(request);
      // Our endpoints decide for themselves, and who is sent somewhere has to arrive there.
      if (adapter.isEndpoint(exchange) || targets.some((target) => target && isAt(request, target)))
        return goOn();
      const [login, refresh] = targets;
      // What is sent along, a password say, is not for another page.
      const canMove = request.method === "GET" || request.method === "HEAD";
      const goTo = (target: URL): Response => {
        target.searchParams.set("to", request.nextUrl.pathname + request.nextUrl.search);
        return NextResponse.redirect(target, 307);
      };
      try {
        await adapter.verifySession(exchange, getOptions);
      } catch (error) {
        if (!SessionError.is(error)) throw error;
        if (error.type === "TRY_REFRESH_TOKEN") return refresh && canMove ? goTo(refresh) : goOn();
        if (error.type === "UNAUTHORISED" && login && canMove) return goTo(login);
        const answer = await adapter.answerError(exchange, error);
        if (answer === undefined) throw error;
        return answer.native as Response;
      }
      return goOn();
    },

    of(request) {
      const exchange = known(request);
      return exchange && (adapter.current(exchange) as Ours | undefined);
    },
  };
}

/** Without the call, `export const GET = Session.withSession`, it would be Next's request. */
function assertHandler(name: string, handle: unknown): void {
  if (typeof handle === "function") return;
  throw invalidArgument(`${name} takes your handler, as in \`Session.${name}(handler)\`, and returns Next's`);
}

/** Where a request remembers what was put there: ours may be replaced, anybody else's may not. */
const MARK = Symbol("acme.session.slot");

/** @returns whether `req.session` was free, or ours already */
function putSession(req: object, session: unknown): boolean {
  const slots = req as Partial<Record<PropertyKey, unknown>>;
  if ("session" in slots) {
    const owned = Object.getOwnPropertyDescriptor(slots, "session");
    // An accessor's owner answers for it when it is read.
    const isFree = owned !== undefined && "value" in owned;
    if (!isFree || (owned.value !== undefined && owned.value !== slots[MARK])) return false;
  }
  slots[MARK] = session;
  slots.session = session;
  return true;
}

/** The application's response to an error of ours, with what ours would have told the client: cleared tokens, say. */
function withHeadersOf(answer: Response, own: Response): Response {
  const response = new Response(own.body, own);
  for (const [name, value] of answer.headers) {
    if (!name.startsWith("content-")) response.headers.append(name, value);
  }
  return response;
}
