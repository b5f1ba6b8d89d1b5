import type { SessionOptions, VerifySessionOptions } from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  checkFactoryOptions,
  findExchange,
  isNonEmptyText,
  type SessionOf,
  type SessionTypes,
} from "@acme/session-core/adapter";
import type { NamedPlugin } from "@hapi/hapi";
import type { Verify } from "./auth-scheme.js";
import { withOutput, withOutputs } from "./boom.js";
import type { HapiRequestLike, ToolkitLike } from "./hapi-types.js";
import { makePlugin } from "./plugin.js";
import { wrap } from "./wrap.js";

export interface HapiSessionOptions extends SessionOptions {
  /** Name of the authentication strategy that the plugin brings. Default `session`. */
  strategy?: string | undefined;
}

/** A lifecycle method, for `pre` and extensions. */
export type GuardMethod<T extends SessionTypes = SessionTypes> = (
  request: HapiRequestLike,
  h: ToolkitLike,
) => Promise<SessionOf<T> | null>;

/** A session instance for hapi. Its functions need no `this`: take them out as you like. */
export interface HapiSession<T extends SessionTypes = SessionTypes>
  extends BoundSession<HapiRequestLike, ToolkitLike, T> {
  /**
   * `await server.register(Session.plugin)`, at the root: serves refresh, sign-out, JWKS and discovery, brings the
   * strategy for `auth: "session"`, and answers our errors. Nothing works without it.
   */
  readonly plugin: NamedPlugin<object>;
  /**
   * Lets only requests with a session through: `pre: [{ method: Session.verifySession(), assign: "session" }]`. On the
   * refresh endpoint's path it refreshes.
   *
   * @returns the session, or null where it is optional and there is none
   */
  verifySession(options?: VerifySessionOptions): GuardMethod<T>;
  /** The session that the strategy, `verifySession`, `getSession`, `createNewSession` or `refreshSession` established for this request. */
  of(request: HapiRequestLike): SessionOf<T> | undefined;
}

/**
 * Makes a session instance: its state is its own, and two of them never touch each other.
 *
 * @throws SessionError `INVALID_OPTION` naming the option
 */
export function createSession<T extends SessionTypes = SessionTypes>(
  options: HapiSessionOptions = {},
): HapiSession<T> {
  const { strategy = "session", ...coreOptions } = checkFactoryOptions(options, { strategy: isNonEmptyText });
  /** What the plugin notes on a server. */
  const instance = {};
  const view = (request: HapiRequestLike, h: ToolkitLike) => wrap(request, h, instance);
  const { session, adapter } = bindSession<HapiRequestLike, ToolkitLike, T>(coreOptions, view);

  const verify: Verify = (request, h, verifyOptions) => {
    try {
      const found = adapter.verifySession(view(request, h), verifyOptions);
      return found instanceof Promise ? withOutputs(() => found)() : found;
    } catch (error) {
      throw withOutput(error);
    }
  };

  return {
    ...session,
    getSession: withOutputs(session.getSession) as typeof session.getSession,
    refreshSession: withOutputs(session.refreshSession),

    plugin: makePlugin({ adapter, instance, strategy, wrap: view, verify }),

    verifySession: (verifyOptions) => {
      const getOptions = adapter.guardOptions(verifyOptions);
      return async (request, h) =>
        ((await verify(request, h, getOptions)) as SessionOf<T> | undefined) ?? null;
    },

    of(request) {
      const exchange = findExchange(request.raw.req);
      return exchange && (adapter.current(exchange) as SessionOf<T> | undefined);
    },
  };
}
