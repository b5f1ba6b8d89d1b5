import type { SessionContainer, VerifySessionOptions } from "@acme/session-core";
import { type AdapterCore, type CheckedOptions, checkGuardOptions } from "@acme/session-core/adapter";
import type { Request, ServerAuthScheme } from "@hapi/hapi";
import { asBoom } from "./boom.js";
import { credentialsOf } from "./credentials.js";
import type { HapiRequestLike, ToolkitLike } from "./hapi-types.js";

/** Checks a request for a session; no promise where there is nothing to wait for, and then it throws at once too. */
export type Verify = (
  request: HapiRequestLike,
  h: ToolkitLike,
  options?: CheckedOptions,
) => ReturnType<AdapterCore["verifySession"]>;

/**
 * The scheme behind `auth: "session"`. Without a session the next strategy is asked, or the route's mode decides; a
 * session that does not hold is an error of ours, which the plugin answers unless the mode is `try`.
 */
export function authScheme(
  name: string,
  verify: Verify,
  guardOptions: AdapterCore["guardOptions"],
): ServerAuthScheme {
  return (_server, given) => {
    const options = checkGuardOptions(given as VerifySessionOptions | undefined);
    const whereSole = guardOptions({ ...options, sessionRequired: true });
    const whereNotSole = guardOptions({ ...options, sessionRequired: false });
    return {
      authenticate(request, h) {
        const decide = (session: SessionContainer | undefined) =>
          session === undefined ? h.unauthenticated(missing(name)) : h.authenticated(credentialsOf(session));
        const found = verify(request, h, isSoleGate(request) ? whereSole : whereNotSole);
        return found instanceof Promise ? found.then(decide) : decide(found);
      },
    };
  };
}

/** Documented, and missing from hapi's types: the route's settings with the server's default in place. */
interface AuthLookup {
  lookup(
    route: unknown,
  ): { readonly mode?: string; readonly strategies?: readonly string[] } | false | null | undefined;
}

/**
 * Whether nobody but us decides: then the answer is ours, and not hapi's list of schemes. On a route without
 * authentication it is `server.auth.test` that asks, and nobody else is asked.
 */
function isSoleGate({ server, route }: Request): boolean {
  const settings = (server.auth as typeof server.auth & AuthLookup).lookup(route);
  return !settings || (settings.mode === "required" && settings.strategies?.length === 1);
}

/** What `Boom.unauthorized(null, scheme)` is to hapi: no credentials, rather than wrong ones. */
function missing(scheme: string): Error {
  const error = Object.assign(new Error("Unauthorized"), { isMissing: true });
  return asBoom(error, 401, "Unauthorized", { "WWW-Authenticate": scheme });
}
