import { type AdapterCore, invalidOption } from "@acme/session-core/adapter";
import type { Lifecycle, Server, ServerRoute } from "@hapi/hapi";

/**
 * No limit of hapi's: for a body above it, hapi answers after the last byte, however slowly it comes. Our endpoints
 * answer without the body, and those that read one stop at 16 KiB.
 */
const MAX_BODY_BYTES = Number.MAX_SAFE_INTEGER;

/** Whatever the content type says, however broken it is. */
const PAYLOAD = {
  parse: false,
  output: "stream",
  maxBytes: MAX_BODY_BYTES,
  override: "application/octet-stream",
} as const;

/**
 * Our endpoints as routes, below the prefix the plugin is registered with. Neither the cookies, which hapi refuses a
 * request for when a third party's are malformed, nor the payload are parsed.
 *
 * @throws SessionError `INVALID_OPTION` when the prefix is not where the endpoints are to be: cookies would not be sent there
 */
export function endpointRoutes(
  server: Server,
  adapter: AdapterCore,
  handler: Lifecycle.Method,
): ServerRoute[] {
  const { prefix } = server.realm.modifiers.route;
  return adapter.endpointRoutes().flatMap(({ method, basePath, path }) => {
    const base = belowPrefix(prefix, basePath);
    return [`${base}${path}`, `${base}/{tenantId}${path}`].flatMap(withSlash).map((one) => ({
      method,
      path: one,
      handler,
      options: {
        auth: false,
        state: { parse: false },
        ...(method === "GET" ? {} : { payload: PAYLOAD }),
      },
    }));
  });

  function withSlash(path: string): string[] {
    // hapi itself then takes the slash away, and refuses such a route.
    return server.settings.router?.stripTrailingSlash ? [path] : [path, `${path}/`];
  }
}

function belowPrefix(prefix: string | undefined, basePath: string): string {
  if (prefix === undefined) return basePath;
  if (basePath === prefix || basePath.startsWith(`${prefix}/`)) return basePath.slice(prefix.length);
  throw invalidOption(
    "appInfo.apiBasePath",
    `is ${basePath}, but Session.plugin is registered below ${prefix}: set apiBasePath to ${prefix}${basePath}, or register the plugin at the root`,
  );
}
